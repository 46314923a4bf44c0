"""Gaussian quadrature from three-term recurrences (Golub & Welsch 1969), for any real parameter, however large.

Every rule is for a probability law: the weights sum to 1.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sgdode.model.overlaps import Array


def gauss(diagonal: Array, squares: Array) -> tuple[Array, Array]:
    """Nodes and weights (n,) from the recurrence x π_j = π_{j+1} + a_j π_j + b_j π_{j−1} of the monic polynomials.

    ``diagonal``: a_0..a_{n−1}; ``squares``: b_1..b_{n−1}. Exact for polynomials of degree 2n − 1.
    """
    from scipy.linalg import eigh_tridiagonal

    nodes, vectors = eigh_tridiagonal(diagonal, np.sqrt(squares))
    weights = vectors[0] ** 2
    return nodes, weights / weights.sum()


def normal(count: int) -> tuple[Array, Array]:
    """N(0, 1): Gauss–Hermite."""
    return gauss(np.zeros(count), np.arange(1.0, count))


def chi_square(freedom: float, count: int) -> tuple[Array, Array]:
    """χ² with ``freedom`` degrees of freedom: generalised Gauss–Laguerre at α = freedom/2 − 1, in x = χ²/2."""
    j, alpha = np.arange(float(count)), freedom / 2 - 1
    nodes, weights = gauss(2 * j + alpha + 1, j[1:] * (j[1:] + alpha))
    return 2 * nodes, weights


@lru_cache(256)
def cosine(dimension: float, count: int) -> tuple[Array, Array]:
    """ξ = ⟨g, g'⟩ of two uniform unit vectors of R^D, density ∝ (1 − ξ²)^((D−3)/2): Gauss–Gegenbauer.

    D = 1: ξ = ±1. D = 0 (nothing to average) and D = ∞: ξ = 0. The arrays are shared: not to be written to.
    """
    if dimension == 0 or np.isinf(dimension):
        return np.zeros(1), np.ones(1)
    if dimension == 1:
        return np.array([-1.0, 1.0]), np.array([0.5, 0.5])
    n, D = np.arange(2.0, count), dimension
    squares = n * (n + D - 3) / ((2 * n + D - 2) * (2 * n + D - 4))
    nodes, weights = gauss(np.zeros(count), np.concatenate([[1 / D], squares])[: count - 1])
    return (nodes - nodes[::-1]) / 2, (weights + weights[::-1]) / 2
