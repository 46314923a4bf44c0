"""Fields after averaging with two Gaussians of λ_i and λ_j, without loss of digits however steep these are.

exp(−(f λ_i² + f' λ_j²)/2) turns the covariance Ω of the fields into one T ≤ Ω. With z₁ along the one of λ_i and λ_j
that has the larger variance, and z₂ along what is left of the other, λ_c = A_c z₁ + B_c z₂ + (a rest of covariance R),
  T = R + g gᵀ + h hᵀ,   g = A/√p₁₁,   h = √(p₁₁/det) (B − (p₁₂/p₁₁) A),   p = 1 + f u uᵀ + f' w wᵀ,
u and w the coordinates of λ_i and λ_j. Nothing is subtracted: f Ω may be 1e14, and Ω singular.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from sgdode.jit.compiling import MATRIX, VECTOR, compiled, named
from sgdode.jit.deferred import types
from sgdode.model.overlaps import Array

#: A rest of this share of the variances is round-off.
NOTHING = 4e-15


class Plane(NamedTuple):
    """The variance of z₁'s field, the other field's part along z₁, and its variance beyond."""

    lead: float
    along: float
    beyond: float


PLANE = named(Plane, [types.float64] * 3)


@compiled(PLANE(MATRIX, types.intp, types.intp, VECTOR, VECTOR, MATRIX), error_model="numpy")
def split_fields(Omega: Array, i: int, j: int, A: Array, B: Array, R: Array) -> Plane:
    """Fill A, B (n,) and R (n,n) for the fields i and j of Ω (n,n); i = j is a plane without a z₂."""
    n = A.size
    if Omega[j, j] > Omega[i, i]:
        i, j = j, i
    lead = max(Omega[i, i], 0.0)
    for c in range(n):
        A[c] = Omega[c, i] / math.sqrt(lead) if lead > 0.0 else 0.0
    beyond = Omega[j, j] - A[j] * A[j]
    if i == j or beyond <= NOTHING * Omega[j, j]:
        beyond = 0.0
    for c in range(n):
        B[c] = (Omega[c, j] - A[c] * A[j]) / math.sqrt(beyond) if beyond > 0.0 else 0.0
    for b in range(n):
        for c in range(b, n):
            rest = Omega[b, c] - A[b] * A[c] - B[b] * B[c]
            if abs(rest) <= NOTHING * math.sqrt(abs(Omega[b, b] * Omega[c, c])):
                rest = 0.0
            R[b, c] = rest
            R[c, b] = rest
    for c in range(n):
        R[i, c], R[c, i], R[j, c], R[c, j] = 0.0, 0.0, 0.0, 0.0
    return Plane(lead, A[j], beyond)


@compiled(types.float64(PLANE, *[types.float64] * 2, *[VECTOR] * 4), error_model="numpy")
def tilt(plane: Plane, f: float, other: float, A: Array, B: Array, g: Array, h: Array) -> float:
    """Fill g, h (n,) for the factors ``f`` of the first field and ``other`` of the second; returns the determinant."""
    p11 = 1.0 + f * plane.lead + other * plane.along * plane.along
    # |1 + Ω F| of the two fields, as a sum of what cannot be negative
    determinant = p11 + other * plane.beyond * (1.0 + f * plane.lead)
    mixed = other * plane.along * math.sqrt(plane.beyond) / p11
    one, two = 1.0 / math.sqrt(p11), math.sqrt(p11 / determinant)
    for c in range(A.size):
        g[c] = one * A[c]
        h[c] = two * (B[c] - mixed * A[c])
    return determinant
