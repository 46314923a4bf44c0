"""The rules of quadrature integrate what they state exactly."""

import numpy as np

from sgdode.gaussian.quadrature import chi_square, cosine, normal


def test_quadrature_rules():
    x, w = normal(6)
    np.testing.assert_allclose([w @ x**n for n in (0, 2, 4, 10)], [1, 1, 3, 945], rtol=1e-12)
    for freedom in (1, 5, 1e6):
        x, w = chi_square(freedom, 4)
        np.testing.assert_allclose([w @ x, w @ x**2], [freedom, freedom * (freedom + 2)], rtol=1e-12)
    for D in (2, 3, 8, 1e6):
        x, w = cosine(D, 5)
        np.testing.assert_allclose([w @ x**n for n in (0, 2, 4)], [1, 1 / D, 3 / (D * (D + 2))], rtol=1e-10)
        np.testing.assert_allclose(x, -x[::-1], atol=0)
