"""SGD by any learning rule, exact in law at a cost free of d: the block of ``sgdode.simulation.small`` with all rows
V = (W, ...) that the rule keeps in place of W, one step at a time.

``W`` (r + capacity, q p) holds the q groups of p rows side by side: column a p + i is row i of group a. Fields are
those of the first p columns; the others follow V ← 𝓛V + g c xᵀ (``sgdode.model.extra_rows``), at the cost of a few
products and of no activation. Bases, folds, and steps within the rows that are there are those of W with q p columns;
the inverse that the latter need goes over to 𝓛⁻ᵀN.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sgdode.jit.compiling import BLOCKS, CALLED, MATRIX, RNG, STEPS, VECTOR, compiled, named, per_precision
from sgdode.jit.deferred import int64, types
from sgdode.jit.simd import WIDTH, add, add_product, load, put, spread, store, take
from sgdode.jit.units import ADDRESS
from sgdode.model.overlaps import Array
from sgdode.simulation.columns import UPDATES, Updates, begin_columns, column, end_columns
from sgdode.simulation.rank_one import absorb, invert
from sgdode.simulation.rule import RULE, Real, Rule, X, constrain
from sgdode.simulation.small_linalg import add_outer, append_rows, fill_gram, fold
from sgdode.simulation.step import (
    SIZES,
    Sizes,
    Target,
    Weights,
    Workspace,
    Y,
    draw_bartlett,
    draw_chi,
    draw_labels,
    draw_normals,
    target_type,
    weights_type,
    workspace_type,
)


class Moves(NamedTuple):
    """Of the steps of a call: ``maps`` 𝓛 (n,q,q) and ``forcing`` g (n,q); of one of them ``inverse`` 𝓛⁻¹ (q,q),
    ``fields`` (B,p) at its start, and ``sums`` (B,p), its columns; ``old`` (q,) to work in."""

    maps: Array
    forcing: Array
    inverse: Array
    fields: Array
    sums: Array
    old: Array


MOVES = named(Moves, (BLOCKS, *[MATRIX] * 4, VECTOR))


@compiled(**STEPS)
def _fields(G: Real, row: int, W: Real, rows: int, out: Array) -> None:
    """out[row] = G[row, :rows] W[:rows, :p], of the first p columns alone."""
    p, stride, at = out.shape[1], W.shape[1], row * G.shape[1]
    for i in range(0, p - WIDTH + 1, WIDTH):
        one, other = spread(0.0), spread(0.0)
        for t in range(0, rows - 1, 2):
            one = add_product(one, spread(take(G, at + t)), load(W, t * stride + i))
            other = add_product(other, spread(take(G, at + t + 1)), load(W, (t + 1) * stride + i))
        if rows % 2:
            one = add_product(one, spread(take(G, at + rows - 1)), load(W, (rows - 1) * stride + i))
        store(out, row * p + i, add(one, other))
    for i in range(p - p % WIDTH, p):
        total = 0.0
        for t in range(rows):
            total += take(G, at + t) * W[t, i]
        out[row, i] = total


@compiled(**STEPS)
def _find_columns(
    student: int, rule: Rule, columns: Updates, rng: np.random.Generator, dt: float, moves: Moves, gram: Real, a: Array,
    room: Array, y: Array,
) -> bool:  # fmt: skip
    """sums = the columns of one step from ``fields``, in ``repeat`` updates. Whether all is finite."""
    n, p, C, x = len(moves.sums), a.size, moves.sums, room[X]
    for update in range(columns.repeat):
        begin_columns(rule, a, room)
        for row in range(n):
            for i in range(p):
                x[i] = moves.fields[row, i]
            if update > 0:
                for other in range(n):
                    product = gram[max(row, other), min(row, other)]
                    for i in range(p):
                        x[i] += product * C[other, i]
            if not column(student, rule, columns, rng, dt, row, a, room, y[row]):
                return False
        end_columns(rule, columns, update == 0, C, a, room)
    return True


@compiled(**STEPS)
def _mix(
    W: Real, at: int, to: int, count: int, a: float, b: float, c: float, d: float, both: bool
) -> None:  # fmt: skip
    """(x, y) ← (a x + b y, c x + d y) of x = W[at : at + count] and y = W[to : to + count], flat; x stays where not
    ``both`` move."""
    none, va, vb, vc, vd = spread(0.0), spread(a), spread(b), spread(c), spread(d)
    for i in range(0, count - WIDTH + 1, WIDTH):
        x, y = load(W, at + i), load(W, to + i)
        if both:
            store(W, at + i, add_product(add_product(none, va, x), vb, y))
        store(W, to + i, add_product(add_product(none, vc, x), vd, y))
    for i in range(count - count % WIDTH, count):
        one, other = take(W, at + i), take(W, to + i)
        if both:
            put(W, at + i, a * one + b * other)
        put(W, to + i, c * one + d * other)


@compiled(**STEPS)
def _map_columns(L: Array, W: Real, rows: int, p: int, old: Array) -> None:
    """Group a of the columns of W[:rows] becomes Σ_b L[a,b] (group b)."""
    q = len(L)
    if q == 1 and L[0, 0] == 1.0:
        return
    if q == 2:
        first = L[0, 0] != 1.0 or L[0, 1] != 0.0
        for row in range(rows):
            at = row * 2 * p
            _mix(W, at, at + p, p, L[0, 0], L[0, 1], L[1, 0], L[1, 1], first)
        return
    for row in range(rows):
        for i in range(p):
            for b in range(q):
                old[b] = W[row, b * p + i]
            for a in range(q):
                total = 0.0
                for b in range(q):
                    total += L[a, b] * old[b]
                W[row, a * p + i] = total


@compiled(**STEPS)
def _invert_map(L: Array, out: Array) -> bool:
    """out (q,q) = 𝓛⁻¹ by elimination without pivots: 𝓛 is nearly triangular, with 1 − (small) on its diagonal. False
    where a pivot vanishes, as in the first step of an average."""
    q = len(L)
    for a in range(q):
        for b in range(q):
            out[a, b] = L[a, b]
    for t in range(q):
        pivot = out[t, t]
        if not abs(pivot) > 1e-12:
            return False
        out[t, t] = 1.0
        for b in range(q):
            out[t, b] /= pivot
        for a in range(q):
            if a != t:
                factor = out[a, t]
                out[a, t] = 0.0
                for b in range(q):
                    out[a, b] -= factor * out[t, b]
    return True


@compiled(**STEPS)
def _map_inverse(L: Array, inverse: Array, N: Real, p: int, old: Array) -> None:
    """N ← 𝓛⁻ᵀ N: group a of its rows becomes Σ_b 𝓛⁻¹[b,a] (group b); NaN where 𝓛 has no inverse."""
    q = len(L)
    if math.isnan(N[0, 0]) or (q == 1 and L[0, 0] == 1.0):
        return
    if not _invert_map(L, inverse):
        N[0, 0] = math.nan
        return
    if q == 2:
        block = p * N.shape[1]
        _mix(N, 0, block, block, inverse[0, 0], inverse[1, 0], inverse[0, 1], inverse[1, 1], True)
        return
    for i in range(p):
        for j in range(N.shape[1]):
            for b in range(q):
                old[b] = N[b * p + i, j]
            for a in range(q):
                total = 0.0
                for b in range(q):
                    total += inverse[b, a] * old[b]
                N[a * p + i, j] = total


@compiled(**STEPS)
def _spread(forcing: Array, sums: Array, C: Real) -> None:
    """C (B, q p): of the columns ``sums`` (B,p) what every group takes."""
    n, p = sums.shape
    for row in range(n):
        for a in range(forcing.size):
            for i in range(p):
                C[row, a * p + i] = forcing[a] * sums[row, i]


@compiled(**CALLED)
def _append(
    rng: np.random.Generator, drawn: bool, outside: float, T: Real, n: int, C: Real, W: Real, r: int, m: int, R: Array,
    room: Array,
) -> int:  # fmt: skip
    """The new rows TᵀC; see ``sgdode.simulation.small``. Returns the new m."""
    if not drawn:
        n = fold(C, 0, n, R, room) if n > W.shape[1] else n
        draw_bartlett(rng, T, n, int(min(n, outside)), outside)
    return append_rows(T, n, int(min(n, outside)), C, W, r, m, R, room)


@compiled(**CALLED)
def _compress(W: Real, N: Real, r: int, m: int, R: Array, room: Array) -> int:
    """A fold where there are more than q p rows, which waits for the last row where the one before was singular."""
    if m <= W.shape[1] or (math.isnan(N[0, 0]) and r + m < W.shape[0]):
        return m
    m = fold(W, r, m, R, room)
    invert(W, N, r)
    return m


@per_precision(
    lambda real: types.UniTuple(int64, 2)(
        *(ADDRESS, target_type(real), RULE, UPDATES, MOVES, RNG, VECTOR, SIZES, weights_type(real), int64),
        workspace_type(real),
    ),
    **STEPS,
)
def steps_of_rows(
    student: int,
    target: Target,
    rule: Rule,
    columns: Updates,
    moves: Moves,
    rng: np.random.Generator,
    dt: Array,
    sizes: Sizes,
    weights: Weights,
    m: int,
    workspace: Workspace,
) -> tuple[int, int]:
    """len(dt) steps on ``weights`` in place, with labels drawn ``sizes.ahead`` steps at once: arguments and results as
    ``small.steps_in_loops``, for blocks of one step; ``workspace.C`` is (B, q p), ``gram`` (B,B)."""
    W, N, a = weights
    inputs, T, C, gram, R, room, labels = workspace
    r, p, n = target.L.shape[1], a.size, rule.batch
    for done in range(dt.size):
        start = done % sizes.ahead
        if start == 0:
            draw_normals(rng, inputs, sizes.ahead * n, 0, r)
            draw_labels(target, rule, rng, inputs, sizes.ahead * n, labels)
        rows, outside = r + m, sizes.dimension - m
        G = inputs[start * n : start * n + n]
        draw_normals(rng, G, n, r, rows)
        drawn = n == 1 or columns.repeat > 1
        if n == 1 and outside > 0.0:
            T[0, 0] = draw_chi(rng, outside)
        elif drawn:
            draw_bartlett(rng, T, n, int(min(n, outside)), outside)
        if columns.repeat > 1:
            fill_gram(G, rows, T, int(min(n, outside)), gram, n)
        for row in range(n):
            _fields(G, row, W, rows, moves.fields)
        y = labels[Y, start * n : start * n + n]
        if not _find_columns(student, rule, columns, rng, dt[done], moves, gram, a, room, y):
            return m, done
        _map_columns(moves.maps[done], W, rows, p, moves.old)
        if m == W.shape[1]:
            _map_inverse(moves.maps[done], moves.inverse, N, p, moves.old)
        _spread(moves.forcing[done], moves.sums, C)
        within = n == 1 and m == W.shape[1] and outside > 0.0 and absorb(W, N, r, G, C, T[0, 0], room)
        add_outer(G, n, rows, C, W, 0)
        if not within:
            m = _append(rng, drawn, outside, T, n, C, W, r, m, R, room)
            if n == 1 and r + sizes.dimension > W.shape[0]:
                m = _compress(W, N, r, m, R, room)
        constrain(rule, W, N, r + m, room)
    return m, dt.size
