"""V as a sum of averages over wedges: students that are sums of ramps (relu, leaky-relu, softplus, gelu)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sgdode.gaussian.variance.expansions import Whole
from sgdode.gaussian.variance.four_ramps import four_ramps, minors
from sgdode.gaussian.variance.wedge import place, wedge
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.model.overlaps import Array

_FLAGS = types.int64[::1]
_TABLE = types.int64[:, ::1]
_CUBE = types.float64[:, :, ::1]
_POWERS = types.float64[:, :, :, :, ::1]
#: Of a variance: what tells the sides of a plane apart, and the least there is.
_APART, _LEAST = 9e-16, 1e-40


class Terms(NamedTuple):
    """The terms of students (row 0), teachers (row 1) and of 1 (row 2), padded to T terms of D + 1 powers.

    ``step``, ``noisy``, ``top`` (3,T): as in Expansion, and the highest power. ``tau`` (3,T), ``powers`` (3,T,D+1).
    """

    step: Whole
    noisy: Whole
    top: Whole
    tau: Array
    powers: Array


class WedgeRoom(NamedTuple):
    """Arrays that one V is worked out in; see :mod:`wedge` and :mod:`four_ramps`."""

    W: Array
    h: Array
    v: Array
    cov: Array
    spare: Array
    G: Array
    D: Array
    fast: Array


_TERMS = types.NamedTuple((_TABLE, _TABLE, _TABLE, MATRIX, _CUBE), Terms)
_ROOM = types.NamedTuple((_CUBE, VECTOR, _POWERS, MATRIX, VECTOR, _CUBE, VECTOR, MATRIX), WedgeRoom)


@compiled(_ROOM(types.intp))
def _make_room(powers: int) -> WedgeRoom:
    v = np.empty((16, 2, 2, powers, powers))
    W, h, cov, spare = np.empty((16, 8, 8)), np.empty(16), np.empty((4, 8)), np.empty(36)
    return WedgeRoom(W, h, v, cov, spare, np.empty((16, 4, 4)), np.empty(16), np.empty((9, 40)))


@compiled(MATRIX(MATRIX), error_model="numpy")
def directions(Omega: Array) -> Array:
    """Unit vectors (n,n) with the correlations of the fields; 0 for a field without variance."""
    n = Omega.shape[0]
    R, U = np.empty((n, n)), np.zeros((n, n))
    for x in range(n):
        for y in range(n):
            size = math.sqrt(max(Omega[x, x], 0.0) * max(Omega[y, y], 0.0))
            R[x, y] = (1.0 if x == y else min(max(Omega[x, y] / size, -1.0), 1.0)) if size > 0.0 else 0.0
    values, vectors = np.linalg.eigh(R)
    for x in range(n):
        for m in range(n):
            U[x, m] = vectors[x, m] * math.sqrt(values[m]) if values[m] > 4e-16 * n else 0.0
        size = math.sqrt(np.sum(U[x] * U[x]))
        for m in range(n):
            U[x, m] = U[x, m] / size if size > 0.0 else 0.0
        for y in range(x):
            if R[x, x] > 0.0 and 1.0 - abs(R[x, y]) < 1e-15:
                for m in range(n):
                    U[x, m] = math.copysign(1.0, R[x, y]) * U[y, m]
    return U


@compiled(types.void(MATRIX, _FLAGS, MATRIX), error_model="numpy")
def _triangle(U: Array, unit: Whole, rows: Array) -> None:
    """Four rows of U in coordinates of their own, (4,4): Gram–Schmidt, twice."""
    basis = np.zeros((4, U.shape[1]))
    for x in range(4):
        left = U[unit[x]].copy()
        for y in range(4):
            rows[x, y] = 0.0
        for _ in range(2):
            for y in range(x):
                dot = np.dot(left, basis[y])
                rows[x, y] += dot
                left -= dot * basis[y]
        size = math.sqrt(np.dot(left, left))
        if size > 1e-15:
            rows[x, x] = size
            basis[x] = left / size


@compiled(types.float64(MATRIX, types.intp, types.intp))
def _side(rows: Array, x: int, y: int) -> float:
    """±1 for two fields that are equal or opposite but for their size, where θθ' is θ or 0; else 0."""
    dot = 0.0
    for d in range(4):
        dot += rows[x, d] * rows[y, d]
    return math.copysign(1.0, dot) if abs(dot) > 1.0 - 1e-14 else 0.0


@compiled(types.boolean(MATRIX, types.intp))
def _still(rows: Array, x: int) -> bool:
    """Whether a field has no variance: θ is 0 there, as the slopes of ramps at 0 are those below it."""
    size = 0.0
    for d in range(4):
        size += rows[x, d] * rows[x, d]
    return not size > 0.0


@compiled(types.float64(_TERMS, _FLAGS, _FLAGS, VECTOR, MATRIX, _FLAGS, types.boolean, _ROOM))
def _any_term(
    terms: Terms, kind: Whole, term: Whole, tau: Array, rows: Array, most: Whole, bump: bool, room: WedgeRoom
) -> float:
    """One term of E[σ'_i σ'_j s_b s_c] by the recursion; W[0] is in place."""
    steps = 0
    for x in range(4):
        if terms.step[kind[x], term[x]]:
            if tau[x] == 0.0 and _still(rows, x):
                return 0.0
            side = 0.0
            for y in range(x):
                if (steps >> y) & 1 and tau[x] == 0.0 and tau[y] == 0.0:
                    side = _side(rows, x, y) if side == 0.0 else side
            if side < 0.0:
                return 0.0
            steps |= 0 if side > 0.0 else 1 << x
    slopes = 1 if bump else 0
    most[0], most[1] = slopes, slopes
    most[2], most[3] = terms.top[kind[2], term[2]], terms.top[kind[3], term[3]]
    parity = (most[2] + most[3]) & 1 if max(most[2], most[3]) < 2 else 2
    for x in range(2, 4):
        for m in range(most[x]):
            if terms.powers[kind[x], term[x], m] != 0.0:  # a constant beside a linear part: of both parities
                parity = 2
    v = room.v
    wedge(room.W, room.h, steps, most, parity, v, room.cov, room.spare)
    total = 0.0
    for m in range(most[2] + 1):
        for n in range(most[3] + 1):
            factor = terms.powers[kind[2], term[2], m] * terms.powers[kind[3], term[3], n]
            if factor != 0.0:
                value = v[0, 0, 0, m, n]
                if bump:
                    value += v[1, 1, 0, m, n] + v[2, 0, 1, m, n] + v[3, 1, 1, m, n]
                total += factor * value
    return total


@compiled(
    types.float64(MATRIX, VECTOR, _FLAGS, _FLAGS, types.boolean, _TERMS, _TABLE, VECTOR, types.intp, types.intp, _ROOM),
)
def _four(
    U: Array, scale: Array, unit: Whole, kind: Whole, bump: bool, terms: Terms, table: Whole, weight: Array,
    start: int, stop: int, room: WedgeRoom,
) -> float:  # fmt: skip
    """E[σ'_i σ'_j s_b s_c] of four ``unit``s (4,): the products ``start`` to ``stop`` of ``table`` (N,4)."""
    rows, size, tau, floor = np.empty((4, 4)), np.empty(4), np.empty(4), np.empty(4)
    noisy, most, top = np.empty(4, np.int64), np.empty(4, np.int64), np.empty(2, np.int64)
    _triangle(U, unit, rows)
    for x in range(4):
        size[x] = scale[unit[x]]
        floor[x] = _APART * size[x] * size[x] + _LEAST
    minors(rows * size.reshape(4, 1), room.G, room.D)
    total = 0.0
    for at in range(start, stop):
        term = table[at]
        fast = not bump
        for x in range(4):
            tau[x], noisy[x] = terms.tau[kind[x], term[x]], terms.noisy[kind[x], term[x]]
            fast = fast and terms.step[kind[x], term[x]] == 1 and tau[x] > floor[x]
        if fast:
            top[0], top[1] = terms.top[kind[2], term[2]], terms.top[kind[3], term[3]]
            value = four_ramps(room.G, room.D, tau, top, noisy[2:], room.fast)
        else:
            place(rows, tau, noisy, size, room.W)
            value = _any_term(terms, kind, term, tau, rows, most, bump, room)
        total += weight[at] * value
    return total


@compiled(
    types.void(MATRIX, VECTOR, types.float64, VECTOR, types.boolean, _TERMS, _TABLE, VECTOR, _FLAGS, MATRIX),
    nogil=True,
)  # fmt: skip
def wedge_variance(
    Omega: Array,
    v: Array,
    noise: float,
    gain: Array,
    bump: bool,
    terms: Terms,
    table: Whole,
    weight: Array,
    starts: Whole,
    out: Array,
) -> None:
    """Fill ``out`` (p,p) with V_ij; ``gain`` (n,).

    ``starts`` (17,): where in ``table`` (N,4) and ``weight`` (N,) the products begin of: two students in b and c, a
    student and a teacher, two teachers, none (the label noise); of each in general, i = j, b = c, and both.
    """
    p, n = out.shape[0], v.size
    U, scale = directions(Omega), np.empty(n)
    unit, kind = np.empty(4, np.int64), np.zeros(4, np.int64)
    room = _make_room(terms.powers.shape[2])
    for x in range(n):
        scale[x] = gain[x] * math.sqrt(max(Omega[x, x], 0.0))
    for i in range(p):
        for j in range(i, p):
            total = 0.0
            unit[0], unit[1] = i, j
            for b in range(n):
                for c in range(b, n):
                    unit[2], unit[3] = b, c
                    kind[2], kind[3] = b >= p, c >= p
                    which = 4 * (kind[2] + kind[3]) + (i == j) + 2 * (b == c)
                    both = v[b] * v[c] * (1.0 if b == c else 2.0)
                    first, last = starts[which], starts[which + 1]
                    if both != 0.0:
                        total += both * _four(U, scale, unit, kind, bump, terms, table, weight, first, last, room)
            if noise != 0.0:
                unit[2], unit[3], kind[2], kind[3] = i, j, 2, 2
                first, last = starts[12 + (i == j)], starts[13 + (i == j)]
                total += noise * _four(U, scale, unit, kind, bump, terms, table, weight, first, last, room)
            out[i, j] = gain[i] * gain[j] * total
            out[j, i] = out[i, j]


@compiled(types.void(MATRIX, VECTOR, types.intp, _TERMS, _TABLE, VECTOR, _FLAGS, MATRIX), nogil=True)
def second_moments(
    Omega: Array, gain: Array, p: int, terms: Terms, table: Whole, weight: Array, starts: Whole, K: Array
) -> None:  # fmt: skip
    """Fill ``K`` (n,n) with E[s_b s_c] of the same sums; ``starts`` (13,) as in :func:`wedge_variance`."""
    n = gain.size
    U, scale = directions(Omega), np.empty(n)
    unit, kind = np.zeros(4, np.int64), np.full(4, 2)
    room = _make_room(terms.powers.shape[2])
    for x in range(n):
        scale[x] = gain[x] * math.sqrt(max(Omega[x, x], 0.0))
    for b in range(n):
        for c in range(b, n):
            unit[2], unit[3] = b, c
            kind[2], kind[3] = b >= p, c >= p
            which = 4 * (kind[2] + kind[3]) + 2 * (b == c)
            first, last = starts[which], starts[which + 1]
            K[b, c] = _four(U, scale, unit, kind, False, terms, table, weight, first, last, room)
            K[c, b] = K[b, c]
