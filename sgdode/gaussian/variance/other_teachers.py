"""E² of the tilted fields of sigmoidal students, as far as a teacher of another kind is in it; all in closed form.

*Ramps*: f(x) = αx + (1 − α) Σ_m w_m r_m(x) − κφ(x), r_m(x) = E relu(x + √τ_m ξ) a smoothed ramp, φ the normal density:
relu, leaky-relu, linear (one, τ = 0), gelu (τ = 1, κ = 1: xΦ(x) = r(x) − φ(x)), softplus (τ_m = 4/β_m², with the sum of
erfs of tanh, since its slope is ½ + ½ tanh(x/2)). Their odd part is (1 + α)x/2, and
  E[erf(βu/√2) w] = c β √(2/π)/√(1 + β²q),   E[r(u) r'(w)] = (s + c(π/2 + asin ρ))/(2π) at variances q + τ, q' + τ'.
*Polynomials*: f = Σ_n c_n h_n, a finite Mehler sum Σ_n cⁿ/n! E[f⁽ⁿ⁾] E[s⁽ⁿ⁾], and the derivatives of an erf at 0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sgdode.gaussian.polynomials import hermite_means
from sgdode.gaussian.tanh_as_erfs import ONE, TWELVE, Levels
from sgdode.gaussian.variance.sparse_product import PRODUCTS, WHOLE, Products, Whole, products, weights
from sgdode.jit.asin import asin
from sgdode.jit.compiling import MATRIX, VECTOR, compiled, named
from sgdode.jit.deferred import types
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array

NONE, RAMP, POLYNOMIAL = 0, 1, 2
_SQRT_TWO_OVER_PI = math.sqrt(2.0 / math.pi)
_TWO_PI = 2.0 * math.pi


class ClosedTeacher(NamedTuple):
    """A teacher that is no sum of erfs: the symbols of this module's docstring, its gain, and sparse products.

    ``weights`` and ``noises`` (m,): w and τ of the last level; ``hermite`` (N,N): Σ_r H_nr (q − 1)^r = E[f⁽ⁿ⁾]/√n!;
    ``cross`` (A,A,M): weights of two slopes and one student; ``pairs``: those of two slopes and two smoothed ramps.
    """

    kind: int
    gain: float
    slope: float
    bump: float
    weights: Array
    noises: Array
    hermite: Array
    cross: Array
    pairs: Products


TEACHER = named(
    ClosedTeacher, [types.int64, *[types.float64] * 3, VECTOR, VECTOR, MATRIX, types.float64[:, :, ::1], PRODUCTS]
)


class Tilted(NamedTuple):
    """The tilted fields of the units ``act`` (m,), ``students`` of them first: T = R + g gᵀ + h hᵀ, and v (n,)."""

    R: Array
    g: Array
    h: Array
    v: Array
    act: Whole
    students: int


TILTED = named(Tilted, [MATRIX, VECTOR, VECTOR, VECTOR, WHOLE, types.int64])


def teacher_of(unit: Activation, student: Levels, tolerance: float) -> ClosedTeacher | None:
    """A teacher as this module knows it; None for an activation that is not named here."""
    slope, bump, levels, hermite = 0.0, 0.0, ONE, np.zeros((0, 0))
    kind, noises = RAMP, np.zeros(1)
    if unit.ramp is not None:
        slope = unit.ramp
    elif unit.name == "gelu":
        bump, noises = 1.0, np.ones(1)
    elif unit.name == "softplus":
        levels, noises = TWELVE, 4.0 / TWELVE.scales**2  # at 0 it is off by ten times the error of its slope
    elif unit.name in ("hermite", "square"):
        kind, hermite = POLYNOMIAL, hermite_means(unit.hermite or (1.0, 0.0, math.sqrt(2.0)))
    else:
        return None
    cross = weights(student, (student,), tolerance)
    pairs = products([weights(student, (levels, levels), tolerance)])
    final = np.ascontiguousarray(levels.weights[-1])
    return ClosedTeacher(kind, unit.gain, slope, bump, final, noises, hermite, cross, pairs)


def no_teacher() -> ClosedTeacher:
    """The teacher's erfs are among those of the student."""
    empty = products([np.zeros((1, 1, 1, 1))])
    return ClosedTeacher(NONE, 1.0, 0.0, 0.0, np.zeros(0), np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0, 0)), empty)


@compiled(types.float64(TILTED, types.intp, types.intp))
def covariance(tilted: Tilted, b: int, c: int) -> float:
    """T_bc."""
    return tilted.R[b, c] + tilted.g[b] * tilted.g[c] + tilted.h[b] * tilted.h[c]


@compiled(types.float64(*[types.float64] * 3), error_model="numpy")
def ramps_together(q: float, r: float, c: float) -> float:
    """E[relu(u) relu(w)] for variances q, r and covariance c."""
    size = math.sqrt(q * r)
    if size <= 0.0:
        return 0.0
    rho = min(max(c / size, -1.0), 1.0)
    return size * (math.sqrt((1.0 - rho) * (1.0 + rho)) + rho * (0.5 * math.pi + asin(rho))) / _TWO_PI


@compiled(types.float64(*[types.float64] * 3), error_model="numpy")
def bumps(q: float, r: float, c: float) -> float:
    """E[φ(u) φ(w) − φ(u) r₁(w) − r₁(u) φ(w)], r₁ the ramp with τ = 1: φ tilts."""
    rest = math.sqrt(max((1.0 + q) * (1.0 + r) - c * c, 1.0 + q + r))
    return (1.0 / rest - rest * (1.0 / (1.0 + q) + 1.0 / (1.0 + r))) / _TWO_PI


@compiled(types.float64(TEACHER, types.float64), error_model="numpy")
def _mean(teacher: ClosedTeacher, q: float) -> float:
    """E[f(u)] at variance q, the gain included."""
    if teacher.kind == POLYNOMIAL:
        total = 0.0
        for r in range(teacher.hermite.shape[1] - 1, -1, -1):
            total = total * (q - 1.0) + teacher.hermite[0, r]
        return total
    total = 0.0
    for m in range(teacher.weights.size):
        total += (1.0 - teacher.slope) * teacher.weights[m] * math.sqrt(q + teacher.noises[m])
    return (total - teacher.bump / math.sqrt(1.0 + q)) / math.sqrt(_TWO_PI)


@compiled(types.float64(TEACHER, TILTED, types.intp, types.intp, types.float64), error_model="numpy")
def _ramp_form(teacher: ClosedTeacher, tilted: Tilted, a: int, b: int, share: float) -> float:
    """Σ v_t v_t' E[f_t f_t'] of ramps, for the outer nodes a and b, which have the weight ``share``."""
    total, alpha, square, pairs = 0.0, teacher.slope, teacher.gain**2, teacher.pairs
    for x in range(tilted.students, tilted.act.size):
        t = tilted.act[x]
        q = square * max(covariance(tilted, t, t), 0.0)
        for y in range(x, tilted.act.size):
            u = tilted.act[y]
            r, c = square * max(covariance(tilted, u, u), 0.0), square * covariance(tilted, t, u)
            value = share * alpha * c
            if alpha < 1.0:
                kinked = 0.0
                for m in range(pairs.start[0, a, b], pairs.start[0, a, b + 1]):
                    one, other = teacher.noises[pairs.left[m]], teacher.noises[pairs.right[m]]
                    kinked += pairs.weight[m] * ramps_together(q + one, r + other, c)
                value += (1.0 - alpha) ** 2 * kinked
            if teacher.bump > 0.0:
                value += share * bumps(q, r, c)
            total += (1.0 if x == y else 2.0) * tilted.v[t] * tilted.v[u] * value
    return total


@compiled(types.void(TEACHER, TILTED, MATRIX))
def _derivatives(teacher: ClosedTeacher, tilted: Tilted, F: Array) -> None:
    """Fill F (k,N) with E[f⁽ⁿ⁾]/√n! of a polynomial."""
    H = teacher.hermite
    for x in range(F.shape[0]):
        t = tilted.act[tilted.students + x]
        excess = teacher.gain**2 * max(covariance(tilted, t, t), 0.0) - 1.0
        for n in range(F.shape[1]):
            value = 0.0
            for r in range((F.shape[1] - n + 1) // 2 - 1, -1, -1):
                value = value * excess + H[n, r]
            F[x, n] = value


@compiled(types.float64(TEACHER, TILTED, MATRIX))
def _polynomial_form(teacher: ClosedTeacher, tilted: Tilted, F: Array) -> float:
    """Σ v_t v_t' E[f_t f_t'] of polynomials."""
    total, square = 0.0, teacher.gain**2
    for x in range(F.shape[0]):
        t = tilted.act[tilted.students + x]
        for y in range(x, F.shape[0]):
            u = tilted.act[tilted.students + y]
            c, value = square * covariance(tilted, t, u), 0.0
            for n in range(F.shape[1] - 1, -1, -1):
                value = value * c + F[x, n] * F[y, n]
            total += (1.0 if x == y else 2.0) * tilted.v[t] * tilted.v[u] * value
    return total


@compiled(types.float64(TEACHER, TILTED, VECTOR, VECTOR, types.float64, types.intp, MATRIX), error_model="numpy")
def _one_student(
    teacher: ClosedTeacher, tilted: Tilted, scales: Array, cross: Array, q: float, b: int, F: Array
) -> float:
    """Σ_t v_t E[s_b f_t] with s_b the sum of erfs of the weights ``cross`` and ``scales`` (M,), at variance q."""
    total = 0.0
    for m in range(scales.size):
        if cross[m] == 0.0:
            continue
        reduced = scales[m] / math.sqrt(1.0 + scales[m] * scales[m] * q)
        for x in range(tilted.act.size - tilted.students):
            t = tilted.act[tilted.students + x]
            c = teacher.gain * covariance(tilted, b, t) * reduced
            if teacher.kind == RAMP:
                value = 0.5 * (1.0 + teacher.slope) * c
            else:
                value, power = 0.0, c  # the derivatives of erf(x/√2) at 0 over √n!, times √(π/2)
                for n in range(1, F.shape[1], 2):
                    value += power * F[x, n]
                    power *= -c * c * n / math.sqrt((n + 1.0) * (n + 2.0))
            total += cross[m] * tilted.v[t] * value
    return _SQRT_TWO_OVER_PI * total


@compiled(
    types.float64(TEACHER, TILTED, VECTOR, types.intp, types.intp, types.float64, types.float64),
    error_model="numpy",
)  # fmt: skip
def teacher_part(
    teacher: ClosedTeacher, tilted: Tilted, scales: Array, a: int, b: int, share: float, constant: float
) -> float:
    """E[E² − (students)²], with ``constant`` what the students add to E, for the outer nodes a and b."""
    k = tilted.act.size - tilted.students
    F = np.empty((k, teacher.hermite.shape[0]))
    if teacher.kind == POLYNOMIAL:
        _derivatives(teacher, tilted, F)
        total = share * _polynomial_form(teacher, tilted, F)
    else:
        total = _ramp_form(teacher, tilted, a, b, share)
    if constant != 0.0:
        for x in range(k):
            t = tilted.act[tilted.students + x]
            q = teacher.gain**2 * max(covariance(tilted, t, t), 0.0)
            total += 2.0 * constant * share * tilted.v[t] * _mean(teacher, q)
    for x in range(tilted.students):
        unit = tilted.act[x]
        q = max(covariance(tilted, unit, unit), 0.0)
        total += 2.0 * tilted.v[unit] * _one_student(teacher, tilted, scales, teacher.cross[a, b], q, unit, F)
    return total
