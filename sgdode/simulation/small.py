"""The weights in an orthonormal basis that grows with them, and SGD on them: exact in law at a cost free of d.

``W`` (r + capacity, p): column i is w_i/√d. Its first r rows are the coordinates A along the teachers, the next m rows
the coordinates B along further directions; the rest is free. The inputs of a block of n steps are ``G`` (n, r + m)
inside the basis and ``T`` (n, c) outside it, the lower-triangular Bartlett factor of n Gaussian vectors of R^(D−m):
d enters through its chi variables alone. A block is
  Λ0 = G W,   the Gram matrix G Gᵀ + T Tᵀ,   the recursion of ``sgd.descend``,   W += Gᵀ C,   new rows Tᵀ C,
and where the rows come to exceed the capacity, the m rows of Bᵀ become the p rows of the R of their QR factorisation.
Where D ≤ capacity all D rows are kept, there is no T, and this is plain SGD in d dimensions. Samples that come one by
one need no new row where m = p and the p rows have an inverse ``N``: see ``sgdode.simulation.rank_one``.

Here it is in loops, for small p; ``sgdode.simulation.large`` has the same block in matrix products.
"""

from __future__ import annotations

import math
from typing import Any

from numba import float64, int64, types

from sgdode.jit.compiling import CALLED, MATRIX, RNG, STEPS, VECTOR, compiled, per_precision
from sgdode.jit.units import ADDRESS
from sgdode.simulation.normals import BITS, draw_normals
from sgdode.simulation.rank_one import absorb, invert
from sgdode.simulation.small_linalg import add_outer, combine, fold
from sgdode.simulation.step import (
    KEEP,
    NORM,
    RULE,
    Rule,
    Y,
    chi,
    descend,
    draw_bartlett,
    draw_labels,
)


@compiled(**CALLED)
def _gram(G: Any, rows: int, T: Any, columns: int, gram: Any, n: int) -> None:
    """gram = G Gᵀ + T Tᵀ on and below the diagonal."""
    for s in range(n):
        for t in range(s + 1):
            total = 0.0
            for i in range(rows):
                total += G[s, i] * G[t, i]
            for i in range(min(t + 1, columns)):
                total += T[s, i] * T[t, i]
            gram[s, t] = total


@compiled(**CALLED)
def _append(
    rng: Any, drawn: bool, outside: float, T: Any, n: int, C: Any, W: Any, r: int, m: int, R: Any, room: Any
) -> int:
    """The new rows TᵀC, after a fold where there is no room for them. Returns the new m.

    ``outside``: the dimension that T is in. Where T is not drawn yet, for more samples than neurons, it is for the R of
    their C alone: C = QR, and QᵀT has the law of T.
    """
    if not drawn:
        n = fold(C, 0, n, R, room) if n > W.shape[1] else n
        draw_bartlett(rng, T, n, int(min(n, outside)), outside)
    columns = int(min(n, outside))
    if r + m + columns > W.shape[0]:
        m = fold(W, r, m, R, room)
    for j in range(columns):  # T is lower triangular
        for i in range(W.shape[1]):
            W[r + m + j, i] = T[j, j] * C[j, i]
        for s in range(j + 1, n):
            for i in range(W.shape[1]):
                W[r + m + j, i] += T[s, j] * C[s, i]
    return m + columns


@compiled(**STEPS)
def within(rule: Rule, steps: int) -> Rule:
    """The rule inside a block: where it is of one step, the sphere is left to its end, and needs no Gram matrix.
    For the same reason T is drawn after that step.
    """
    spherical = rule.spherical and steps > 1
    return Rule(
        rule.student_gain, rule.teacher_gain, rule.noise, rule.train, rule.decay, rule.batch, spherical, rule.limit
    )


@compiled(**CALLED)
def _compress(n: int, W: Any, N: Any, r: int, m: int, R: Any, room: Any) -> int:
    """A fold of samples that come one by one, so that the next can stay within the p directions that are left.

    It waits for the last row where that failed before. Returns the new m.
    """
    waits = math.isnan(N[0, 0]) and r + m < W.shape[0]
    if n > 1 or m <= W.shape[1] or waits:
        return m
    m = fold(W, r, m, R, room)
    invert(W, N, r)
    return m


@compiled(**STEPS)
def shrink(rule: Rule, W: Any, N: Any, rows: int, room: Any) -> None:
    """What decay and sphere leave of the old weights, and their inverse N (where there is one)."""
    if rule.decay != 0.0 or rule.spherical:
        for row in range(rows):
            for i in range(W.shape[1]):
                W[row, i] *= room[KEEP, i]
        for i in range(len(N)):
            for j in range(len(N)):
                N[i, j] /= room[KEEP, i]


@compiled(**CALLED)
def normalise(W: Any, N: Any, rows: int, room: Any) -> None:
    """Every column of W[:rows] divided by its length: ‖w_i‖² = d. The inverse N follows, where there is one."""
    square = room[NORM]
    for i in range(W.shape[1]):
        square[i] = 0.0
    for row in range(rows):
        for i in range(W.shape[1]):
            square[i] += float(W[row, i]) ** 2
    for row in range(rows):
        for i in range(W.shape[1]):
            W[row, i] /= math.sqrt(square[i])
    for i in range(len(N)):
        for j in range(len(N)):
            N[i, j] *= math.sqrt(square[i])


@per_precision(
    lambda real: types.UniTuple(int64, 2)(
        *(ADDRESS, ADDRESS, RULE, RNG, BITS, real[:, ::1], VECTOR, VECTOR, real[:, ::1], int64, float64, VECTOR),
        *(int64, int64, real[:, ::1], real[:, ::1], real[:, ::1], real[:, ::1], real[:, ::1]),
        *(MATRIX, MATRIX, MATRIX),
    ),
    **STEPS,
)
def advance(
    student: Any, teacher: Any, rule: Rule, rng: Any, bits: Any, L: Any, a_star: Any, dt: Any, W: Any, m: int,
    dimension: float, a: Any, block: int, ahead: int, N: Any, inputs: Any, T: Any, C: Any, gram: Any, R: Any, room: Any,
    labels: Any,
) -> tuple[int, int]:  # fmt: skip
    """len(dt) steps of SGD in blocks of ``block``, on W and a in place. ``L`` (k,r), ``dimension`` D.

    The labels of ``ahead`` steps (a multiple of ``block``) are drawn at once: they depend on the teacher alone, and
    many in one call are faster. Returns the new m and the number of steps done: fewer than len(dt) where the next one
    diverged.
    """
    r = L.shape[1]
    for done in range(dt.size):
        start = done % ahead
        if start == 0:
            n = min(ahead, dt.size - done) * rule.batch
            draw_normals(rng, bits, inputs, n, 0, r)
            draw_labels(teacher, rule, rng, L, a_star, inputs, n, labels)
        if start % block != 0:
            continue
        steps = min(block, dt.size - done)
        n = steps * rule.batch
        rows, outside = r + m, dimension - m
        G = inputs[start * rule.batch : start * rule.batch + n]
        draw_normals(rng, bits, G, n, r, rows)
        drawn = steps > 1 or n == 1
        if n == 1 and outside > 0.0:
            T[0, 0] = chi(rng, outside)
        elif drawn:
            draw_bartlett(rng, T, n, int(min(n, outside)), outside)
        if steps > 1:
            _gram(G, rows, T, int(min(n, outside)), gram, n)
        combine(G, W, rows, C, n)
        inner = within(rule, steps)
        bad = descend(student, inner, dt, done, steps, gram, C, a, room, labels[Y, start * rule.batch :])
        if bad >= 0:
            return m, done + bad
        shrink(inner, W, N, rows, room)
        within_them = n == 1 and m == W.shape[1] and outside > 0.0 and absorb(W, N, r, G, C, T[0, 0], room)
        add_outer(G, n, rows, C, W, 0)
        if not within_them:
            m = _append(rng, drawn, outside, T, n, C, W, r, m, R, room)
            if r + dimension > W.shape[0]:  # else all rows are there, and stay
                m = _compress(n, W, N, r, m, R, room)
        if rule.spherical:
            normalise(W, N, r + m, room)
    return m, dt.size
