"""Gaussian means of a polynomial and its derivatives."""

from __future__ import annotations

import math

import numpy as np

from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array

#: Finite sums over the terms of a polynomial keep their digits, and take no longer than quadrature, to this degree.
HIGHEST_DEGREE = 10


def low_degree(unit: Activation) -> bool:
    """Whether a unit is a polynomial of a degree that finite sums are for."""
    return unit.degree is not None and unit.degree <= HIGHEST_DEGREE


def hermite_means(coefficients: tuple[float, ...]) -> Array:
    """H (N,N): E[f⁽ⁿ⁾(u)]/√n! = Σ_r H_nr (q − 1)^r for f = Σ_n c_n h_n, h_n orthonormal, and u of variance q.

    h_m' = √m h_{m−1}, and E[He_2r(u)] = (2r − 1)!! (q − 1)^r.
    """
    N = len(coefficients)
    H = np.zeros((N, N))
    for n in range(N):
        for r in range((N - n + 1) // 2):
            size = 0.5 * (math.lgamma(n + 2 * r + 1) - math.lgamma(n + 1)) - math.lgamma(r + 1) - r * math.log(2.0)
            H[n, r] = coefficients[n + 2 * r] * math.exp(size)
    return H
