"""The variance term of a square student with a square teacher, in closed form (Wick's theorem)."""

from __future__ import annotations

import numpy as np

from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.model.overlaps import Array


@compiled(
    types.void(MATRIX, VECTOR, types.float64, types.float64, types.float64, MATRIX), nogil=True
)  # fmt: skip
def square_variance(Omega: Array, v: Array, noise: float, gain: float, teacher_gain: float, out: Array) -> None:
    """Fill ``out`` (p,p) with 4 g⁴ [X + Δ Q], X the student block of E[λ λᵀ (λᵀ D λ)²], D = diag(v_c g_c²):

    X = (tr(DΩ)² + 2 tr(DΩDΩ)) Ω + 4 tr(DΩ) ΩDΩ + 8 ΩDΩDΩ.
    """
    p, n = out.shape[0], v.size
    weights = v * teacher_gain**2
    for i in range(p):
        weights[i] = v[i] * gain**2
    scaled = Omega * weights  # Ω D
    twice = np.dot(scaled, Omega)
    thrice = np.dot(scaled, twice)
    trace, squared = 0.0, 0.0
    for b in range(n):
        trace += scaled[b, b]
        squared += twice[b, b] * weights[b]
    for i in range(p):
        for j in range(i, p):
            x = (trace * trace + 2.0 * squared + noise) * Omega[i, j] + 4.0 * trace * twice[i, j] + 8.0 * thrice[i, j]
            out[i, j] = 4.0 * gain**4 * x
            out[j, i] = out[i, j]
