"""SGD where inputs have blocks, one step at a time: exact in law at a cost free of d, and linear in their number B.

Every block b has an orthonormal basis of its own, ``W[b]`` (rows, p) with the first r_b rows along the teachers, the
next m_b along further directions, as in ``sgdode.simulation.small``. An input is √c_b g_b in the basis of each block
and √c_b χ beyond it, χ² of D_b − m_b degrees of freedom; fields are sums over blocks,
  λ = Σ_b W[b]ᵀ √c_b g_b,   λ* = Σ_b L_b √c_b g_b,
and the columns c of the step, which follow from them, go to every block: W[b] += √c_b g_b cᵀ, and a new row √c_b χ cᵀ
(which stays within m_b = p rows that have an inverse: see ``sgdode.simulation.rank_one``). Draws come block by block,
along the teachers first; a block of eigenvalue 0 has none, and moves by the linear map of the rule alone.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgdode.jit.compiling import CALLED, MATRIX, RNG, STEPS, VECTOR, compiled, named, per_precision
from sgdode.jit.deferred import int64, types
from sgdode.jit.normals import standard_normal
from sgdode.jit.units import ADDRESS, evaluate_at
from sgdode.model.overlaps import Array
from sgdode.simulation.explicit import turn_fields
from sgdode.simulation.rank_one import absorb, invert
from sgdode.simulation.rule import NORM, RULE, Real, Rule, keep_old, moves, within
from sgdode.simulation.small_linalg import add_outer, append_rows, combination, fold
from sgdode.simulation.step import S_STAR, SLOPE_STAR, X_STAR, Y, descend, draw_bartlett, draw_chi, draw_normals

#: Whole numbers by block.
Counts = NDArray[np.int64]
_COUNTS = types.int64[::1]


class BlockTarget(NamedTuple):
    """The teacher: the address of σ*, its coordinates L (B,k,r) in its own span of each block, and a* (k,); and how it
    turns: cos and sin of the angle in every step, ``turn`` (steps, 2) or (0, 2), of rows ``first`` and ``second``."""

    evaluate: int
    L: Real
    a_star: Array
    turn: Array
    first: int
    second: int


class BlockSizes(NamedTuple):
    """By block, each (B,): √c_b, D_b = d_b − r_b, r_b, and the weight w_b on the sphere."""

    root: Array
    dimension: Array
    rank: Counts
    sphere: Array


class BlockWeights(NamedTuple):
    """The arrays of a state, which moves in place: ``W`` (B, rows, p), ``inverse`` (B,p,p) of some of its rows, ``m``
    (B,) rows in use beyond r_b, and ``a`` (p,)."""

    W: Real
    inverse: Real
    m: Counts
    a: Array


class BlockRoom(NamedTuple):
    """Arrays to work in, for steps of n samples: ``inputs`` (B, n, rows), ``T`` (n,n), ``C`` (n,p) fields and columns,
    ``kept`` (n,p), ``part`` (1,p), ``gram`` (1,n), ``R`` (p,p), ``room`` (9,·) and ``labels`` (4,·), as in
    ``sgdode.simulation.step``."""

    inputs: Real
    T: Real
    C: Real
    kept: Real
    part: Real
    gram: Real
    R: Array
    room: Array
    labels: Array


def _target_type(real: Any) -> Any:
    return named(BlockTarget, (ADDRESS, real[:, :, ::1], VECTOR, MATRIX, int64, int64))


_SIZES = named(BlockSizes, (VECTOR, VECTOR, _COUNTS, VECTOR))


def _weights_type(real: Any) -> Any:
    return named(BlockWeights, (real[:, :, ::1], real[:, :, ::1], _COUNTS, VECTOR))


def _room_type(real: Any) -> Any:
    return named(BlockRoom, (real[:, :, ::1], *[real[:, ::1]] * 5, *[MATRIX] * 3))


@compiled(**STEPS)
def _draw(rng: np.random.Generator, root: float, G: Real, n: int, rows: int) -> None:
    """G[:n, :rows] = √c N(0,1)."""
    draw_normals(rng, G, n, 0, rows)
    if root != 1.0:
        for s in range(n):
            row = G[s, :rows]
            for j in range(row.size):
                row[j] *= root


@compiled(**STEPS)
def _add_fields(G: Real, W: Real, rows: int, n: int, part: Real, C: Real) -> None:
    """C[:n] += G[:n, :rows] W[:rows]."""
    for s in range(n):
        combination(G, s * G.shape[1], W, 0, rows, part, 0)
        for i in range(C.shape[1]):
            C[s, i] += part[0, i]


@compiled(**STEPS)
def _add_labels(L: Real, G: Real, n: int, rank: int, fields: Array) -> None:
    """Teacher fields (n k) += those in one block, L (k,r)."""
    k = len(L)
    for s in range(n):
        for j in range(k):
            field = 0.0
            for i in range(rank):
                field += L[j, i] * G[s, i]
            fields[s * k + j] += field


@compiled(**STEPS)
def _label(target: BlockTarget, rule: Rule, rng: np.random.Generator, step: int, n: int, labels: Array) -> None:
    """labels[Y, :n] = (1/k) Σ_r a*_r σ*(λ*_r) + √Δ z of the teacher fields in labels[X_STAR]."""
    k = target.a_star.size
    x, s, y = labels[X_STAR, : n * k], labels[S_STAR, : n * k], labels[Y]
    if len(target.turn):
        for row in range(n):
            turn_fields(target.turn, step, x, row * k + target.first, row * k + target.second)
    for j in range(n * k):
        x[j] *= rule.teacher_gain
    evaluate_at(target.evaluate, x, s, labels[SLOPE_STAR, : n * k])
    for row in range(n):
        total = 0.0
        for j in range(k):
            total += target.a_star[j] * s[row * k + j]
        y[row] = total / k
        if rule.noise != 0.0:
            y[row] += rule.noise * standard_normal(rng)


@compiled(**CALLED)
def _outside(
    rng: np.random.Generator, root: float, outside: float, C: Real, W: Real, r: int, m: int, n: int, at: BlockRoom
) -> int:
    """What a step of n samples with columns C[:n] does outside the basis of a block. Returns the new m."""
    T, columns = at.T, int(min(n, outside))
    draw_bartlett(rng, T, n, columns, outside)
    for s in range(n):
        for t in range(columns):
            T[s, t] *= root
    return append_rows(T, n, columns, C, W, r, m, at.R, at.room)


@compiled(**CALLED)
def _fold_one(W: Real, N: Real, r: int, m: int, R: Array, room: Array) -> int:
    """A fold of samples that come one by one, so that the next can stay within the p directions that are left; it waits
    for the last row where that failed before. Returns the new m."""
    waits = math.isnan(N[0, 0]) and r + m < W.shape[0]
    if m <= W.shape[1] or waits:
        return m
    m = fold(W, r, m, R, room)
    invert(W, N, r)
    return m


@compiled(**STEPS)
def _one_outside(
    rng: np.random.Generator, root: float, outside: float, G: Real, W: Real, N: Real,
    r: int, m: int, at: BlockRoom,
) -> int:  # fmt: skip
    """The change of a block by one sample, in and outside of its basis. Returns the new m."""
    at.T[0, 0] = root * draw_chi(rng, outside)
    if m == W.shape[1] and absorb(W, N, r, G, at.C, at.T[0, 0], at.room):
        add_outer(G, 1, r + m, at.C, W, 0)
        return m
    add_outer(G, 1, r + m, at.C, W, 0)
    m = append_rows(at.T, 1, 1, at.C, W, r, m, at.R, at.room)
    return _fold_one(W, N, r, m, at.R, at.room)


@compiled(**CALLED)
def _hold(rule: Rule, sizes: BlockSizes, weights: BlockWeights, room: Array) -> None:
    """The sphere Σ_b w_b Q_b,ii = 1 of all blocks."""
    W, N, m, a = weights
    square = room[NORM]
    for i in range(a.size):
        square[i] = 0.0
    for b in range(len(W)):
        for row in range(sizes.rank[b] + m[b]):
            for i in range(a.size):
                square[i] += sizes.sphere[b] * float(W[b, row, i]) ** 2
    for b in range(len(W)):
        for row in range(sizes.rank[b] + m[b]):
            for i in range(a.size):
                W[b, row, i] /= math.sqrt(square[i])
        for i in range(N.shape[1]):
            for j in range(N.shape[1]):
                N[b, i, j] *= math.sqrt(square[i])


@compiled(**STEPS)
def _move(rng: np.random.Generator, n: int, sizes: BlockSizes, weights: BlockWeights, at: BlockRoom) -> None:
    """Every block by the columns C[:n] of a step."""
    W, N, m, _ = weights
    fresh, C = n, at.C
    if n > 1:
        for s in range(n):
            for i in range(at.C.shape[1]):
                at.kept[s, i] = at.C[s, i]
        C = at.kept  # C = QR, and QᵀT has the law of T
        fresh = fold(C, 0, n, at.R, at.room) if n > W.shape[2] else n
    for b in range(len(W)):
        root, r, outside = sizes.root[b], sizes.rank[b], sizes.dimension[b] - m[b]
        if root == 0.0:
            continue
        G = at.inputs[b]
        if n == 1 and outside > 0.0:
            m[b] = _one_outside(rng, root, outside, G, W[b], N[b], r, m[b], at)
            continue
        add_outer(G, n, r + m[b], at.C, W[b], 0)
        if outside > 0.0:
            m[b] = _outside(rng, root, outside, C, W[b], r, m[b], fresh, at)


@per_precision(
    lambda real: int64(
        *(ADDRESS, _target_type(real), RULE, RNG, VECTOR, _SIZES, _weights_type(real), _room_type(real))
    ),
    **STEPS,
)
def steps_by_block(
    student: int,
    target: BlockTarget,
    rule: Rule,
    rng: np.random.Generator,
    dt: Array,
    sizes: BlockSizes,
    weights: BlockWeights,
    at: BlockRoom,
) -> int:
    """len(dt) steps of SGD, on ``weights`` in place; ``student``: the address of σ. Returns the number of steps done:
    fewer where the next one diverged."""
    W, N, m, a = weights
    n, k, inner = rule.batch, target.a_star.size, within(rule, 1)
    for step in range(dt.size):
        for j in range(n * k):
            at.labels[X_STAR, j] = 0.0
        for s in range(n):
            for i in range(a.size):
                at.C[s, i] = 0.0
        for b in range(len(W)):
            if sizes.root[b] != 0.0:
                G, rows = at.inputs[b], sizes.rank[b] + m[b]
                _draw(rng, sizes.root[b], G, n, rows)
                _add_fields(G, W[b], rows, n, at.part, at.C)
                _add_labels(target.L[b], G, n, sizes.rank[b], at.labels[X_STAR])
        _label(target, rule, rng, step, n, at.labels)
        if descend(student, inner, dt, step, 1, at.gram, at.C, a, at.room, at.labels[Y]) >= 0:
            return step
        if moves(inner):
            for b in range(len(W)):
                keep_old(inner, W[b], N[b], sizes.rank[b] + m[b], at.room)
        _move(rng, n, sizes, weights, at)
        if rule.spherical:
            _hold(rule, sizes, weights, at.room)
    return dt.size
