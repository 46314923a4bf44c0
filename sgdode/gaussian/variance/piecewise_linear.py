"""The variance term of piecewise linear units (relu, leaky-relu, linear), by averages of signs.

V_ij = E[s_i' s_j' E²] with s = g (c₀ λ + c₁ |λ|), c₀ = (1 + α)/2, c₁ = (1 − α)/2 for a gain g and a slope α below 0, so
that s' = g (c₀ + c₁ sgn λ). With fields of unit variance u, R their correlations, A = asin R and W = √(1 − R²),
  E[u_b u_c sgn u_x sgn u_y] = (2/π)(R_bc A_xy + w_xy(b, c)/W_xy),   w_xy(b, c) = R_bx R_cy + R_by R_cx − R_xy (…),
of which sums over b and c are matrix products; four signs of four distinct units are those of
``sgdode.gaussian.variance.four_signs``. An unsigned factor of E is Σ_b u0_b u_b, a signed one Σ_b u1_b u_b sgn u_b.

A unit whose field has no variance has s' = g α, the slope that the activations have at 0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sgdode.gaussian.variance.correlations import FIELDS, ROUND_OFF, Fields, unit_fields
from sgdode.gaussian.variance.four_cofactors import BLOCK, new_room
from sgdode.gaussian.variance.four_signs import add_sets, pair_bend
from sgdode.gaussian.variance.tetrahedra import RULES, Rules
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.model.overlaps import Array

_TWO_PI = 2.0 / math.pi
_ARITHMETIC = 2e-14  # relative to the terms of V


class Ramps(NamedTuple):
    """Units as sums over unit-variance fields: s' = s0 + s1 sgn u, and the displacement E = Σ u (u0 + u1 sgn u)."""

    s0: Array
    s1: Array
    u0: Array
    u1: Array


RAMPS = types.NamedUniTuple(VECTOR, 4, Ramps)


@compiled(RAMPS(VECTOR, VECTOR, VECTOR, VECTOR, VECTOR), error_model="numpy")
def _ramps(size: Array, turned: Array, v: Array, gain: Array, alpha: Array) -> Ramps:
    """Fields of standard deviations ``size`` (n,), without their gains."""
    n = v.size
    s0, s1, u0, u1 = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for x in range(n):
        c0, c1 = 0.5 * gain[x] * (1.0 + alpha[x]), 0.5 * gain[x] * (1.0 - alpha[x])
        if not size[x] > 0.0:
            c0, c1 = gain[x] * alpha[x], 0.0
        s0[x], s1[x] = c0, c1 * turned[x]
        u0[x], u1[x] = v[x] * size[x] * c0 * turned[x], v[x] * size[x] * c1
    return Ramps(s0, s1, u0, u1)


class SignedSums(NamedTuple):
    """Sums over b and c. With X = Σ u0 u and Y = Σ u1 u sgn u: ``Ru`` (n,) = R u0, ``straight`` E[X²], ``bent`` E[Y²],
    ``mixed`` (p,) E[sgn u_i X Y]."""

    Ru: Array
    straight: float
    bent: float
    mixed: Array


SUMS = types.NamedTuple((VECTOR, types.float64, types.float64, VECTOR), SignedSums)


@compiled(SUMS(FIELDS, RAMPS, types.intp), error_model="numpy")
def _sums(fields: Fields, ramps: Ramps, p: int) -> SignedSums:
    R, W, A, u1 = fields.R, fields.W, fields.A, ramps.u1
    Ru, mixed, bent = np.dot(R, ramps.u0), np.zeros(p), 0.0
    for b in range(u1.size):
        bent += u1[b] * u1[b]
        for c in range(b):
            bent += 2.0 * u1[b] * u1[c] * _TWO_PI * (R[b, c] * A[b, c] + W[b, c])
    for i in range(p):
        for b in range(u1.size):
            pair = Ru[b] if b == i else _TWO_PI * (Ru[b] * A[i, b] + Ru[i] * W[i, b])
            mixed[i] += u1[b] * pair
    return SignedSums(Ru, np.dot(ramps.u0, Ru), bent, mixed)


@compiled(types.float64(FIELDS, RAMPS, *[types.intp] * 2), error_model="numpy")
def _repeated(fields: Fields, ramps: Ramps, i: int, j: int) -> float:
    """E[sgn u_i sgn u_j (Σ u1 u sgn u)²] less the terms of four distinct units, i ≠ j."""
    R, W, A, E, u = fields.R, fields.W, fields.A, fields.E, ramps.u1
    total = 2.0 * u[i] * u[j] * R[i, j]
    for x in range(u.size):
        bend = pair_bend(R[x, i], R[x, j], R[x, i], R[x, j], E[i, j]) * fields.J[i, j]
        total += u[x] * u[x] * _TWO_PI * (A[i, j] + bend)
        if x not in (i, j):
            total += 2.0 * u[i] * u[x] * _TWO_PI * (R[i, x] * A[j, x] + R[i, j] * W[j, x])
            total += 2.0 * u[j] * u[x] * _TWO_PI * (R[j, x] * A[i, x] + R[i, j] * W[i, x])
    return total


@compiled(types.float64(FIELDS, RAMPS, SUMS, types.float64, *[types.intp] * 2), error_model="numpy")
def _two(fields: Fields, ramps: Ramps, sums: SignedSums, noise: float, i: int, j: int) -> float:
    """V_ij less the terms of four distinct units."""
    s0, s1, Ru, all_even = ramps.s0, ramps.s1, sums.Ru, sums.straight + sums.bent + noise
    if i == j:
        return (s0[i] * s0[i] + s1[i] * s1[i]) * all_even + 4.0 * s0[i] * s1[i] * sums.mixed[i]
    total = s0[i] * s0[j] * all_even + 2.0 * (s1[i] * s0[j] * sums.mixed[i] + s1[j] * s0[i] * sums.mixed[j])
    if s1[i] * s1[j] != 0.0:
        bend = pair_bend(Ru[i], Ru[j], Ru[i], Ru[j], fields.E[i, j]) * fields.J[i, j]
        signs = _TWO_PI * ((sums.straight + noise) * fields.A[i, j] + bend)
        total += s1[i] * s1[j] * (signs + _repeated(fields, ramps, i, j))
    return total


@compiled(types.void(FIELDS, RAMPS, RULES, MATRIX), error_model="numpy")
def _four(fields: Fields, ramps: Ramps, rules: Rules, out: Array) -> None:
    """Add the terms of four distinct units, two of them students at least, to the upper triangle of V."""
    p, bent = out.shape[0], np.flatnonzero(ramps.s1)
    room, count = new_room(), 0
    for first in range(bent.size):
        for second in range(first + 1, bent.size):
            if bent[second] >= p:
                break
            for third in range(second + 1, bent.size):
                for fourth in range(third + 1, bent.size):
                    units = room.units[count]
                    units[0], units[1], units[2], units[3] = bent[first], bent[second], bent[third], bent[fourth]
                    count += 1
                    if count == BLOCK:
                        add_sets(room, fields, rules, count, ramps.s1, ramps.u1, out)
                        count = 0
    add_sets(room, fields, rules, count, ramps.s1, ramps.u1, out)


@compiled(
    types.void(MATRIX, VECTOR, types.float64, VECTOR, VECTOR, RULES, MATRIX),
    nogil=True, error_model="numpy",
)  # fmt: skip
def ramp_variance(Omega: Array, v: Array, noise: float, gain: Array, alpha: Array, rules: Rules, out: Array) -> None:
    """Fill ``out`` (p,p); ``gain`` (n,) and ``alpha`` (n,) are each unit's gain and slope below 0."""
    p = out.shape[0]
    size = np.sqrt(np.maximum(np.diag(Omega), 0.0))
    fields = unit_fields(Omega, size)
    ramps = _ramps(size, fields.turned, v, gain, alpha)
    sums = _sums(fields, ramps, p)
    for i in range(p):
        for j in range(i, p):
            out[i, j] = _two(fields, ramps, sums, noise, i, j)
    _four(fields, ramps, rules, out)
    for i in range(p):
        for j in range(i):
            out[i, j] = out[j, i]


@compiled(types.void(MATRIX, VECTOR, types.float64, VECTOR, VECTOR, MATRIX), nogil=True, error_model="numpy")
def ramp_error(Omega: Array, v: Array, noise: float, gain: Array, alpha: Array, out: Array) -> None:
    """Fill ``out`` (p,p) with what the error of ``ramp_variance`` does not exceed, the rounding of Ω itself included:
    g_i g_j ((Σ_b |v_b| g_b √q_b)² + Δ) (2e-14 + ε/√(1 − ρ_ij² + ε)), ε = 1e-15 (n + 2), for slopes α between −1 and 1.

    It is relative to the terms of V, not to V. The second part is for two students next to each other: an angle
    between them, √(2 − 2ρ), has half the digits of ρ. It is absent where one of them is linear.
    """
    p, terms, least = out.shape[0], 0.0, ROUND_OFF * (v.size + 2)
    for b in range(v.size):
        terms += abs(v[b]) * gain[b] * math.sqrt(max(Omega[b, b], 0.0))
    for i in range(p):
        for j in range(p):
            product = Omega[i, i] * Omega[j, j]
            h = max(1.0 - Omega[i, j] * Omega[i, j] / product, 0.0) if product > 0.0 else 1.0
            near = least / math.sqrt(h + least) if i != j and alpha[i] != 1.0 and alpha[j] != 1.0 else 0.0
            out[i, j] = gain[i] * gain[j] * (terms * terms + noise) * (_ARITHMETIC + near)
