"""The variance term of piecewise linear units (relu, leaky-relu, linear), by integrals over one variable.

V_ij = Σ_bc v_b v_c H_ijbc + Δ K11_ij with H = E[s_i' s_j' s_b s_c]. Let the covariances between (i, j) and (b, c) grow
with t from 0, where H = K11_ij K_bc, to 1. By Price's theorem
  dH/dt = Σ_{x ∈ ij, y ∈ bc} Ω_xy E_t[s_x'' s_x̄' s_y' s_ȳ],   x̄, ȳ the other one of its pair.
s'' = (1 − α) δ sets a field to 0, which leaves three fields of covariance T; and s_ȳ = s_ȳ' λ_ȳ, so that Stein's lemma
sets a second one to 0 and leaves two. All that remains are arcsines. With t = sin φ the integrand is smooth even where
a field of (i, j) is one of (b, c). A field without variance has s' = (1 + α)/2, the mean of its limits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types

from sgdode.jit.compiling import MATRIX, VECTOR, compiled

_NOTHING = 1e-14
_SQRT_TWO_PI = math.sqrt(2.0 * math.pi)


@compiled(types.float64(*[types.float64] * 5), error_model="numpy")
def _slopes(alpha: Any, beta: Any, q: Any, r: Any, c: Any) -> Any:
    """E[s'(u) s'(w)] for slopes α, β below 0."""
    product = q * r
    sine = min(max(c / math.sqrt(product), -1.0), 1.0) if product > 0.0 else 0.0
    straight = 0.25 * (1.0 + alpha) * (1.0 + beta)
    return straight + (1.0 - alpha) * (1.0 - beta) / (2.0 * math.pi) * math.asin(sine)


@compiled(types.float64(*[types.float64] * 5), error_model="numpy")
def _values(alpha: Any, beta: Any, q: Any, r: Any, c: Any) -> Any:
    """E[s(u) s(w)] for slopes α, β below 0."""
    root = math.sqrt(max(q * r - c * c, 0.0))
    return c * _slopes(alpha, beta, q, r, c) + (1.0 - alpha) * (1.0 - beta) / (2.0 * math.pi) * root


@compiled(types.float64(MATRIX, VECTOR, MATRIX, *[types.intp] * 3), error_model="numpy")
def _stein(T: Any, alpha: Any, scale: Any, y: Any, u: Any, w: Any) -> Any:
    """E[s_y'' s_u' s_w'] √T_yy for fields of covariance T; ``scale``: the variances whose round-off counts as 0."""
    Tyy = T[y, y]
    quu = T[u, u] - T[u, y] * T[u, y] / Tyy
    qww = T[w, w] - T[w, y] * T[w, y] / Tyy
    quu = quu if quu > _NOTHING * scale[u, u] else 0.0
    qww = qww if qww > _NOTHING * scale[w, w] else 0.0
    pair = _slopes(alpha[u], alpha[w], quu, qww, T[u, w] - T[u, y] * T[w, y] / Tyy)
    return (1.0 - alpha[y]) / _SQRT_TWO_PI * pair


@compiled(types.float64(MATRIX, VECTOR, MATRIX, *[types.intp] * 4), error_model="numpy")
def _slope(S: Any, alpha: Any, T: Any, x: Any, x_other: Any, y: Any, y_other: Any) -> Any:
    """E[s_x'' s_x̄' s_y' s_ȳ] for fields of covariance S (4,4); ``T`` is room for a matrix."""
    if not S[x, x] > 0.0:
        return 0.0
    for b in range(4):
        for c in range(4):
            T[b, c] = S[b, c] - S[b, x] * S[c, x] / S[x, x]
        if T[b, b] <= _NOTHING * S[b, b]:
            T[b, b] = 0.0
    total = 0.0
    for hit in (x_other, y, y_other):
        if T[hit, hit] > 0.0 and alpha[hit] != 1.0:
            u = y if hit == x_other else x_other
            w = y if hit == y_other else y_other
            total += T[y_other, hit] / math.sqrt(T[hit, hit]) * _stein(T, alpha, S, hit, u, w)
    return (1.0 - alpha[x]) / (_SQRT_TWO_PI * math.sqrt(S[x, x])) * total


@compiled(types.float64(MATRIX, VECTOR, MATRIX, *[MATRIX] * 2), error_model="numpy")
def _four_point(full: Any, alpha: Any, rule: Any, S: Any, T: Any) -> Any:
    """E[s_0' s_1' s_2 s_3] for fields of covariance ``full`` (4,4) and slopes ``alpha`` (4,) below 0."""
    for x in range(4):
        for y in range(4):
            S[x, y] = full[x, y]
    total = _slopes(alpha[0], alpha[1], S[0, 0], S[1, 1], S[0, 1]) * _values(
        alpha[2], alpha[3], S[2, 2], S[3, 3], S[2, 3]
    )
    for m in range(rule.shape[1]):
        for x in range(2):
            for y in range(2, 4):
                S[x, y] = rule[0, m] * full[x, y]
                S[y, x] = S[x, y]
        for x in range(2):
            for y in range(2, 4):
                if full[x, y] != 0.0 and alpha[x] != 1.0:
                    total += rule[1, m] * full[x, y] * _slope(S, alpha, T, x, 1 - x, y, 5 - y)
    return total


def path_rule(count: int) -> Any:
    """Nodes t = sin φ and weights cos φ dφ over 0 ≤ t ≤ 1, (2, count)."""
    x, w = np.polynomial.legendre.leggauss(count)
    phi = 0.25 * math.pi * (1.0 + x)
    return np.array([np.sin(phi), 0.25 * math.pi * w * np.cos(phi)])


@compiled(types.void(MATRIX, VECTOR, types.float64, VECTOR, VECTOR, MATRIX, MATRIX), nogil=True)
def ramp_variance(Omega: Any, v: Any, noise: Any, gain: Any, alpha: Any, rule: Any, out: Any) -> None:
    """Fill ``out`` (p,p); ``gain`` (n,) and ``alpha`` (n,) are each unit's gain and slope below 0."""
    p, n = out.shape[0], v.size
    scaled = Omega * gain * gain.reshape(n, 1)
    full, S, T, slopes = np.empty((4, 4)), np.empty((4, 4)), np.empty((4, 4)), np.empty(4)
    chosen = np.empty(4, np.int64)
    for i in range(p):
        for j in range(i, p):
            total = noise * _slopes(alpha[i], alpha[j], scaled[i, i], scaled[j, j], scaled[i, j])
            for b in range(n):
                for c in range(b, n):
                    chosen[0], chosen[1], chosen[2], chosen[3] = i, j, b, c
                    for x in range(4):
                        slopes[x] = alpha[chosen[x]]
                        for y in range(4):
                            full[x, y] = scaled[chosen[x], chosen[y]]
                    weight = v[b] * v[c] * (1.0 if b == c else 2.0)
                    if weight != 0.0:
                        total += weight * _four_point(full, slopes, rule, S, T)
            out[i, j] = gain[i] * gain[j] * total
            out[j, i] = out[i, j]
