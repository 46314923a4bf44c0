"""Averages over wedges: E[Π_x z_x^{m_x} Π_{x ∈ Θ} θ(u_x)] of four fields, for the closed forms of V.

λ_x are the fields of (i, j, b, c); u_x = λ_x + √τ_x ξ_x, each copy with noise of its own, and z_x = λ_x or u_x. By
Stein's lemma a factor z meets another z or a step, which sets u_x = 0:
  E[z f g] = Σ_z' Cov(z, z') E[∂f/∂z' g] + Σ_x Cov(z, u_x) E[δ(u_x) …],
so that all is a recursion over the sets X of fields that are 0 and over the powers; at its end stand orthants of at
most four fields (arcsines, and G of :mod:`orthants`). δ(u_i) λ_i of a gelu's slope is a start at X = {i}.

Fields are vectors (their covariances the scalar products), and conditioning is projection: residual correlations of
nearly dependent fields lose half the digits that determinants of covariances would.
"""

from __future__ import annotations

import math

import numpy as np

from sgdode.gaussian.variance.elementary import angle
from sgdode.gaussian.variance.orthants import four_signs
from sgdode.gaussian.variance.sparse_product import Whole
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.model.overlaps import Array

_CUBE = types.float64[:, :, ::1]
_SQRT_TWO_PI = math.sqrt(2.0 * math.pi)
_HALF_PI = 0.5 * math.pi
#: Fields whose noise is 0 get this much of their standard deviation, so that every set of them is regular.
_APART = 3e-8
_PAIRS = np.array([[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]])


@compiled(types.void(MATRIX, VECTOR, types.int64[::1], VECTOR, _CUBE))
def place(rows: Array, tau: Array, noisy: Whole, scale: Array, W: Array) -> None:
    """Fill W[0] (8,8) with the vectors u_x, then z_x; λ_x = scale_x ``rows``[x] (4,4)."""
    for x in range(4):
        for d in range(4):
            W[0, x, d] = scale[x] * rows[x, d]
            W[0, 4 + x, d] = W[0, x, d]
            W[0, x, 4 + d] = 0.0
            W[0, 4 + x, 4 + d] = 0.0
        own = math.sqrt(tau[x])
        W[0, 4 + x, 4 + x] = own if noisy[x] else 0.0
        W[0, x, 4 + x] = max(own, _APART * scale[x], 1e-150)


@compiled(types.void(_CUBE, VECTOR, types.intp, types.intp), error_model="numpy")
def _set_to_zero(W: Array, h: Array, X: int, x: int) -> None:
    """The vectors and the density of u_X = 0 for X ∪ {x} from those for X."""
    into = X | (1 << x)
    square = 0.0
    for d in range(8):
        square += W[X, x, d] * W[X, x, d]
    for row in range(8):
        dot = 0.0
        for d in range(8):
            dot += W[X, row, d] * W[X, x, d]
        dot /= square
        for d in range(8):
            W[into, row, d] = W[X, row, d] - dot * W[X, x, d]
    h[into] = h[X] / (_SQRT_TWO_PI * math.sqrt(square))


@compiled(types.UniTuple(types.float64, 2)(MATRIX, types.intp, types.intp), error_model="numpy")
def _gap(U: Array, x: int, y: int) -> tuple[float, float]:
    """(1 − ρ)/2 and (1 + ρ)/2 of two vectors, both without loss of digits."""
    one, other = 0.0, 0.0
    for d in range(8):
        one += U[x, d] * U[x, d]
        other += U[y, d] * U[y, d]
    one, other = 1.0 / math.sqrt(one), 1.0 / math.sqrt(other)
    below, above = 0.0, 0.0
    for d in range(8):
        a, b = one * U[x, d], other * U[y, d]
        below += (a - b) * (a - b)
        above += (a + b) * (a + b)
    return 0.25 * below, 0.25 * above


@compiled(types.float64(MATRIX, types.intp, types.intp), error_model="numpy")
def _asin(U: Array, x: int, y: int) -> float:
    below, above = _gap(U, x, y)
    return 2.0 * angle(math.sqrt(above), math.sqrt(below)) - _HALF_PI


@compiled(types.float64(VECTOR, types.intp), error_model="numpy")
def _share(h: Array, X: int) -> float:
    """The determinant of the correlations of the fields X: densities at 0 are Π 1/√(2π) / √det."""
    share = 1.0 / h[X]
    for x in range(4):
        if (X >> x) & 1:
            share *= h[1 << x]
    return share * share


@compiled(types.float64(MATRIX, VECTOR, VECTOR), error_model="numpy")
def _orthant(U: Array, h: Array, room: Array) -> float:
    """P(u₀, u₁, u₂, u₃ > 0), whose densities at 0 are ``h`` (16,); ``room`` (36,) is worked in."""
    gaps, angles, triples, flip, rest = room[:6], room[6:12], room[12:16], room[16:20], room[20:36]
    total, flips = 0.0, 1.0
    for x in range(4):  # densities are 1/√(2π det)
        triples[x] = _share(h, 15 ^ (1 << x))
    for x in range(4):
        below, above = _gap(U, 0, x)
        flip[x] = 1.0 if above >= below else -1.0
        flips *= flip[x]
    for n in range(6):
        x, y = _PAIRS[n]
        below, above = _gap(U, x, y)
        sine = 2.0 * angle(math.sqrt(above), math.sqrt(below)) - _HALF_PI
        total += sine
        same = flip[x] * flip[y] > 0.0
        gaps[n], angles[n] = (2.0 * below, sine) if same else (2.0 * above, -sine)
    return (1.0 + total / _HALF_PI + flips * four_signs(gaps, angles, triples, _share(h, 15), rest)) / 16.0


@compiled(types.float64(MATRIX, types.intp, VECTOR, VECTOR))
def _all_positive(U: Array, steps: int, h: Array, room: Array) -> float:
    """P(u_x > 0 for every x of the set ``steps``)."""
    count, total = 0, 0.0
    for x in range(4):
        count += (steps >> x) & 1
    if count == 4:
        return _orthant(U, h, room)
    if count >= 2:
        for x in range(4):
            for y in range(x + 1, 4):
                if (steps >> x) & 1 and (steps >> y) & 1:
                    total += _asin(U, x, y)
    if count == 3:
        return 0.125 + total / (4.0 * math.pi)
    return 0.25 + total / (2.0 * math.pi) if count == 2 else 0.5 if count == 1 else 1.0


_POWERS = types.float64[:, :, :, :, ::1]


@compiled(types.void(MATRIX, types.intp, types.intp, types.intp, types.int64[::1], types.intp, _POWERS, MATRIX))
def _fill_powers(U: Array, X: int, steps: int, size: int, most: Whole, limit: int, v: Array, cov: Array) -> None:
    """v[X] for all powers up to ``most`` (4,) whose sum is at most ``limit`` − ``size``, from v[X, 0, 0, 0, 0]."""
    for a in range(4):
        if most[a] > 0:
            for b in range(8):
                cov[a, b] = 0.0
                for d in range(8):
                    cov[a, b] += U[4 + a, d] * U[b, d]
    for m0 in range(most[0] + 1):
        for m1 in range(most[1] + 1):
            for m2 in range(most[2] + 1):
                for m3 in range(most[3] + 1):
                    total = m0 + m1 + m2 + m3
                    if total == 0 or total + size > limit:
                        continue
                    a = 0 if m0 else 1 if m1 else 2 if m2 else 3
                    n0, n1, n2, n3 = m0 - (a == 0), m1 - (a == 1), m2 - (a == 2), m3 - (a == 3)
                    value = 0.0
                    if n0:
                        value += n0 * cov[a, 4] * v[X, n0 - 1, n1, n2, n3]
                    if n1:
                        value += n1 * cov[a, 5] * v[X, n0, n1 - 1, n2, n3]
                    if n2:
                        value += n2 * cov[a, 6] * v[X, n0, n1, n2 - 1, n3]
                    if n3:
                        value += n3 * cov[a, 7] * v[X, n0, n1, n2, n3 - 1]
                    for x in range(4):
                        if (steps >> x) & 1:
                            value += cov[a, x] * v[X | (1 << x), n0, n1, n2, n3]
                    v[X, m0, m1, m2, m3] = value


@compiled(
    types.void(_CUBE, VECTOR, types.intp, types.int64[::1], types.intp, _POWERS, MATRIX, VECTOR)
)  # fmt: skip
def wedge(W: Array, h: Array, steps: int, most: Whole, parity: int, v: Array, cov: Array, room: Array) -> None:
    """Fill v[X, m_0, m_1, m_2, m_3] = E[δ(u_X) Π z_x^{m_x} Π_{x ∈ Θ∖X} θ(u_x)] for W[0] as :func:`place` leaves it.

    ``steps``: Θ as bits; ``most`` (4,): the highest powers, of which those of 0 and 1 come with a δ each.
    ``parity``: that of m_2 + m_3, which the averages that are asked for have in common; 2 where they have none.
    """
    limit = most[2] + most[3] + 2 * (most[0] + most[1])
    h[0] = 1.0
    for X in range(1, 16):
        if X & steps == X:
            last = 3 if X & 8 else 2 if X & 4 else 1 if X & 2 else 0
            _set_to_zero(W, h, X ^ (1 << last), last)
    for X in range(15, -1, -1):
        size = (X & 1) + ((X >> 1) & 1) + ((X >> 2) & 1) + (X >> 3)
        if X & steps != X or size > limit:
            continue
        v[X, 0, 0, 0, 0] = 0.0
        if parity == 2 or (size & 1) == parity:
            v[X, 0, 0, 0, 0] = h[X] * _all_positive(W[X], steps ^ X, h, room)
        _fill_powers(W[X], X, steps ^ X, size, most, limit, v, cov)
