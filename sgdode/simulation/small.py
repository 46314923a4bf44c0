"""The weights in an orthonormal basis that grows with them, and SGD on them: exact in law at a cost free of d.

``W`` (r + capacity, p): column i is w_i/√d. Its first r rows are the coordinates A along the teachers, the next m rows
the coordinates B along further directions; the rest is free. The inputs of a block of n steps are ``G`` (n, r + m)
inside the basis and ``T`` (n, c) outside it, the lower-triangular Bartlett factor of n Gaussian vectors of R^(D−m):
d enters through its chi variables alone. A block is
  Λ0 = G W,   the Gram matrix G Gᵀ + T Tᵀ,   the recursion of ``step.descend``,   W += Gᵀ C,   new rows Tᵀ C,
and where the rows come to exceed the capacity, the m rows of Bᵀ become the p rows of the R of their QR factorisation.
Where D ≤ capacity all D rows are kept, there is no T, and this is plain SGD in d dimensions. Samples that come one by
one need no new row where m = p and the p rows have an inverse ``N``: see ``sgdode.simulation.rank_one``.

Here it is in loops, for small p; ``sgdode.simulation.large`` has the same block in matrix products.
"""

from __future__ import annotations

import math

import numpy as np

from sgdode.jit.compiling import CALLED, RNG, STEPS, VECTOR, compiled, per_precision
from sgdode.jit.deferred import int64, types
from sgdode.jit.units import ADDRESS
from sgdode.model.overlaps import Array
from sgdode.simulation.rank_one import absorb, invert
from sgdode.simulation.rule import RULE, Real, Rule, constrain, keep_old, within
from sgdode.simulation.small_linalg import add_outer, append_rows, combine, fill_gram, fold
from sgdode.simulation.step import (
    SIZES,
    Sizes,
    Target,
    Weights,
    Workspace,
    Y,
    descend,
    draw_bartlett,
    draw_chi,
    draw_labels,
    draw_normals,
    target_type,
    weights_type,
    workspace_type,
)


@compiled(**CALLED)
def _append_rows(
    rng: np.random.Generator,
    drawn: bool,
    outside: float,
    T: Real,
    n: int,
    C: Real,
    W: Real,
    r: int,
    m: int,
    R: Array,
    room: Array,
) -> int:
    """The new rows TᵀC, after a fold where there is no room for them. Returns the new m.

    ``outside``: the dimension that T is in. Where T is not drawn yet, for more samples than neurons, it is for the R of
    their C alone: C = QR, and QᵀT has the law of T.
    """
    if not drawn:
        n = fold(C, 0, n, R, room) if n > W.shape[1] else n
        draw_bartlett(rng, T, n, int(min(n, outside)), outside)
    return append_rows(T, n, int(min(n, outside)), C, W, r, m, R, room)


@compiled(**CALLED)
def _compress(n: int, W: Real, N: Real, r: int, m: int, R: Array, room: Array) -> int:
    """A fold of samples that come one by one, so that the next can stay within the p directions that are left.

    It waits for the last row where that failed before. Returns the new m.
    """
    waits = math.isnan(N[0, 0]) and r + m < W.shape[0]
    if n > 1 or m <= W.shape[1] or waits:
        return m
    m = fold(W, r, m, R, room)
    invert(W, N, r)
    return m


@per_precision(
    lambda real: types.UniTuple(int64, 2)(
        *(ADDRESS, target_type(real), RULE, RNG, VECTOR, SIZES, weights_type(real), int64, workspace_type(real))
    ),
    **STEPS,
)
def steps_in_loops(
    student: int,
    target: Target,
    rule: Rule,
    rng: np.random.Generator,
    dt: Array,
    sizes: Sizes,
    weights: Weights,
    m: int,
    workspace: Workspace,
) -> tuple[int, int]:
    """len(dt) steps of SGD in blocks, on ``weights`` in place; ``student``: the address of σ.

    The labels of ``sizes.ahead`` steps (a multiple of ``sizes.block``) are drawn at once: they depend on the teacher
    alone, and many in one call are faster. A last block that is not whole draws what a whole one does, so that the
    steps that it has are those of the whole one. Returns the new m and the number of steps done: fewer than len(dt)
    where the next one diverged.
    """
    W, N, a = weights
    inputs, T, C, gram, R, room, labels = workspace
    r = target.L.shape[1]
    for done in range(dt.size):
        start = done % sizes.ahead
        if start == 0:
            n = sizes.ahead * rule.batch
            draw_normals(rng, inputs, n, 0, r)
            draw_labels(target, rule, rng, inputs, n, labels)
        if start % sizes.block != 0:
            continue
        steps = min(sizes.block, dt.size - done)
        n, whole = steps * rule.batch, sizes.block * rule.batch
        rows, outside = r + m, sizes.dimension - m
        G = inputs[start * rule.batch : start * rule.batch + whole]
        draw_normals(rng, G, whole, r, rows)
        drawn = sizes.block > 1 or whole == 1
        if whole == 1 and outside > 0.0:
            T[0, 0] = draw_chi(rng, outside)
        elif drawn:
            draw_bartlett(rng, T, whole, int(min(whole, outside)), outside)
        if steps > 1:
            fill_gram(G, rows, T, int(min(n, outside)), gram, n)
        combine(G, W, rows, C, n)
        inner = within(rule, steps)
        bad = descend(student, inner, dt, done, steps, gram, C, a, room, labels[Y, start * rule.batch :])
        if bad >= 0:
            return m, done + bad
        keep_old(inner, W, N, rows, room)
        within_them = whole == 1 and m == W.shape[1] and outside > 0.0 and absorb(W, N, r, G, C, T[0, 0], room)
        add_outer(G, n, rows, C, W, 0)
        if not within_them:
            m = _append_rows(rng, drawn, outside, T, n, C, W, r, m, R, room)
            if r + sizes.dimension > W.shape[0]:  # else all rows are there, and stay
                m = _compress(whole, W, N, r, m, R, room)
        constrain(rule, W, N, r + m, room)
    return m, dt.size
