"""What round-off may add to a V in closed form, (p,p): relative to the terms of V, not to what is left of them."""

from __future__ import annotations

import math

import numpy as np

from sgdode.gaussian.dual import PairKernel
from sgdode.model.overlaps import Array

#: Up to this g²q the determinants of the closed form of erf are plain; their digits are lost with its square.
PLAIN = 1e3
_EPSILON = 1e-15
#: A share of a variance, given other fields, that the quadrature for polynomials takes for 0, and a little more.
_KNOWN = 2e-14


def steepest(Omega: Array, gains: Array) -> float:
    """The largest g²q of fields, ``gains`` (n,)."""
    return float((gains * gains * Omega.diagonal()).max())


def erf_round_off(Omega: Array, v: Array, noise: float, gains: Array, p: int) -> Array:
    """Of erf students of erf teachers, for g²q up to PLAIN: |s_b| ≤ 1 and E s_b² ≤ (2/π) g²q, also under the density
    that σ'_i σ'_j is, so that of E[σ'_i σ'_j] ((Σ_b |v_b| min(1, √(2g²q/π)))² + Δ) the digits are lost at most."""
    x = gains * gains * np.diag(Omega)
    total = float(np.abs(v) @ np.minimum(1.0, np.sqrt(2.0 * x / math.pi)))
    own, c = x[:p], np.outer(gains[:p], gains[:p]) * Omega[:p, :p]
    determinant = 1.0 + own[:, None] + own + np.maximum(np.outer(own, own) - c * c, 0.0)
    slopes = 2.0 / math.pi * np.outer(gains[:p], gains[:p]) / np.sqrt(determinant)
    return np.asarray(_EPSILON * (1.0 + x.max()) ** 2 * (total * total + noise) * slopes)


def polynomial_round_off(
    Omega: Array, v: Array, noise: float, duals: tuple[PairKernel, PairKernel], degrees: tuple[int, int], p: int
) -> Array:
    """Of polynomials: E[|σ'_i σ'_j| (Σ |v s|)²] by Hölder's inequality, with ‖f‖₄ ≤ 3^{degree/2} ‖f‖₂ of a polynomial.
    ``duals``: the dual kernels of students and of teachers."""
    q = np.diag(Omega).copy()
    sizes, slopes = np.empty(len(q)), np.empty(p)
    for part, dual in ((slice(0, p), duals[0]), (slice(p, len(q)), duals[1])):
        for at in range(*part.indices(len(q))):
            variance = q[at : at + 1]
            K, K11, _ = dual.evaluate(variance, variance, variance[None])
            sizes[at] = K[0, 0]
            if at < p:
                slopes[at] = K11[0, 0]
    total = float(np.abs(v) @ np.sqrt(np.maximum(sizes, 0.0))) * 3.0 ** (0.5 * max(degrees))
    slopes = np.sqrt(np.maximum(slopes, 0.0)) * 3.0 ** (0.5 * max(degrees[0] - 1, 0))
    lost = 10.0 * _EPSILON * nearness(np.full(p, np.inf), Omega[:p, :p]) + _left_out(Omega, p)
    return np.asarray(lost * (total * total + noise) * np.outer(slopes, slopes))


def _left_out(Omega: Array, p: int) -> float:
    """√(1 − ρ²) of a student with another field where that is so little that the field counts as known, given the
    student, but is more than round-off."""
    root = np.sqrt(np.maximum(np.diag(Omega), 1e-300))
    apart = 1.0 - (Omega[:p] / np.outer(root[:p], root)) ** 2
    return math.sqrt(float(np.max(np.where((apart > _EPSILON) & (apart < _KNOWN), apart, 0.0))))


def nearness(x: Array, Q: Array) -> Array:
    """1 + 1/√(1 − ρ²) of two students, (p,p), or 1 + √(g²q) where that is less: what is left of one given the other
    has fewer digits by it. 1 of a student with itself. ``x`` (p,) is g²q."""
    root = np.sqrt(np.maximum(np.diag(Q), 1e-300))
    apart = np.maximum(1.0 - (Q / np.outer(root, root)) ** 2, 1e-16)
    near = 1.0 + np.minimum(1.0 / np.sqrt(apart), np.sqrt(np.maximum.outer(x, x)))
    np.fill_diagonal(near, 1.0)
    return np.asarray(near)
