"""The variance term of erf students, in closed form: σ' is a Gaussian, so that averaging with it tilts the fields.

With S the list (i, j), i repeated when i = j, and g the student's gain,
  E[σ'(λ_i) σ'(λ_j) E²] = g² (2/π) det(I₂ + g²Ω[S,S])^(−1/2) (vᵀ K(T) v + Δ),
  T = Ω − g² Ω[:,S] (I₂ + g²Ω[S,S])⁻¹ Ω[S,:],
for any teacher, with K its dual kernels. I₂ + g²Ω[S,S] is never singular, whatever Ω is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sgdode.jit.asin import asin
from sgdode.jit.compiling import MATRIX, REORDER, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.jit.pairs import PAIR, Pair
from sgdode.jit.units import fill_at
from sgdode.model.overlaps import Array

_TWO_OVER_PI = 2.0 / math.pi


@compiled(types.float64(MATRIX, types.intp, types.intp, types.float64, VECTOR, VECTOR), error_model="numpy")
def _solve(Omega: Array, i: int, j: int, squared: float, x: Array, y: Array) -> Any:
    """x, y (n,) = the rows of g² (I₂ + g²Ω[S,S])⁻¹ Ω[S,:], with ``squared`` = g²; returns det(I₂ + g²Ω[S,S])."""
    one, other, mixed = 1.0 + squared * Omega[i, i], 1.0 + squared * Omega[j, j], squared * Omega[i, j]
    determinant = one * other - mixed * mixed
    one, other, mixed = squared * one / determinant, squared * other / determinant, squared * mixed / determinant
    for c in range(x.size):
        x[c] = other * Omega[i, c] - mixed * Omega[j, c]
        y[c] = one * Omega[j, c] - mixed * Omega[i, c]
    return determinant


@compiled(
    types.void(MATRIX, VECTOR, types.float64, types.float64, types.float64, MATRIX),
    error_model="numpy", fastmath=REORDER, nogil=True,
)  # fmt: skip
def erf_variance(Omega: Array, v: Array, noise: float, gain: float, teacher_gain: float, out: Array) -> None:
    """Fill ``out`` (p,p) for an erf student of an erf teacher: vᵀ K(T) v is a sum of arcsines."""
    p, n = out.shape[0], v.size
    x, y, scale = np.empty(n), np.empty(n), np.empty(n)
    sines, weights = np.empty(n * (n + 1) // 2), np.empty(n * (n + 1) // 2)
    at = 0
    for b in range(n):
        weights[at] = v[b] * v[b]
        for c in range(b + 1, n):
            weights[at + c - b] = 2.0 * v[b] * v[c]
        at += n - b
    for i in range(p):
        for j in range(i, p):
            determinant = _solve(Omega, i, j, gain * gain, x, y)
            for b in range(n):
                g = gain if b < p else teacher_gain
                variance = max(Omega[b, b] - x[b] * Omega[i, b] - y[b] * Omega[j, b], 0.0)
                scale[b] = g / math.sqrt(1.0 + g * g * variance)
            at = 0
            for b in range(n):
                r, left, right = scale[b], Omega[i, b], Omega[j, b]
                for c in range(b, n):
                    sines[at + c - b] = (Omega[b, c] - left * x[c] - right * y[c]) * r * scale[c]
                at += n - b
            total = 0.0
            for m in range(at):
                total += weights[m] * asin(sines[m])
            # 0 ≤ E[… E²]: at perfect learning the sum is a difference of equal numbers.
            total = max(_TWO_OVER_PI * total, 0.0) + noise
            out[i, j] = gain * gain * _TWO_OVER_PI / math.sqrt(determinant) * total
            out[j, i] = out[i, j]


@compiled(types.float64(PAIR, *[VECTOR] * 2, MATRIX, *[VECTOR] * 2), error_model="numpy")
def _form(pair: Pair, q1: Array, q2: Array, C: Array, v1: Array, v2: Array) -> Any:
    K, K11, K20 = np.empty(C.shape), np.empty(C.shape), np.empty(C.shape)
    fill_at(pair, q1, q2, C, K, K11, K20)
    total = 0.0
    for b in range(v1.size):
        for c in range(v2.size):
            total += v1[b] * v2[c] * K[b, c]
    return total


@compiled(types.float64(MATRIX, VECTOR, types.intp, PAIR, PAIR, PAIR), error_model="numpy")
def quadratic(T: Array, v: Array, p: int, ss: Pair, st: Pair, tt: Pair) -> Any:
    """vᵀ K(T) v for fields of covariance T (n,n), p students first."""
    q = np.diag(T).copy()
    student, cross, teacher = T[:p, :p].copy(), T[:p, p:].copy(), T[p:, p:].copy()
    q1, q2, v1, v2 = q[:p], q[p:], v[:p], v[p:]
    return (
        _form(ss, q1, q1, student, v1, v1) + 2.0 * _form(st, q1, q2, cross, v1, v2) + _form(tt, q2, q2, teacher, v2, v2)
    )


@compiled(
    types.void(MATRIX, VECTOR, types.float64, types.float64, PAIR, PAIR, PAIR, MATRIX),
    error_model="numpy", nogil=True,
)  # fmt: skip
def erf_student_variance(
    Omega: Array, v: Array, noise: float, gain: float, ss: Pair, st: Pair, tt: Pair, out: Array
) -> None:  # fmt: skip
    """Fill ``out`` (p,p) for an erf student of any teacher, from the dual kernels at the tilted covariance T."""
    p, n = out.shape[0], v.size
    x, y = np.empty(n), np.empty(n)
    T = np.empty((n, n))
    for i in range(p):
        for j in range(i, p):
            determinant = _solve(Omega, i, j, gain * gain, x, y)
            for b in range(n):
                for c in range(n):
                    T[b, c] = Omega[b, c] - Omega[i, b] * x[c] - Omega[j, b] * y[c]
                T[b, b] = max(T[b, b], 0.0)
            total = max(quadratic(T, v, p, ss, st, tt), 0.0) + noise
            out[i, j] = gain * gain * _TWO_OVER_PI / math.sqrt(determinant) * total
            out[j, i] = out[i, j]
