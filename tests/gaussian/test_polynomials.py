"""Means of derivatives of a polynomial, against Gauss–Hermite."""

import math

import numpy as np

from sgdode.gaussian.polynomials import hermite_means


def test_means_of_derivatives():
    coefficients, q = (0.3, -0.2, 0.4, 0.1, 0.7), 1.7
    x, w = np.polynomial.hermite_e.hermegauss(12)
    series = np.array([c / math.sqrt(math.factorial(n)) for n, c in enumerate(coefficients)])
    H = hermite_means(coefficients)
    for n in range(5):
        derivative = np.polynomial.hermite_e.hermeder(series, n)
        wanted = w @ np.polynomial.hermite_e.hermeval(math.sqrt(q) * x, derivative) / math.sqrt(2 * math.pi)
        found = math.sqrt(math.factorial(n)) * H[n] @ (q - 1.0) ** np.arange(5)
        assert abs(found - wanted) < 1e-12
