"""The rules over the two given fields, and over what is left of the others."""

import numpy as np
import pytest

from sgdode.gaussian.variance.conditioning import gauss_rules, trapezoid_rules


@pytest.mark.parametrize(("rules", "within"), [(gauss_rules, 1e-12), (trapezoid_rules, 1e-6)])
def test_they_integrate_polynomials_against_the_normal_law(rules, within):
    (x, w), inner = rules(24, 24, 5)
    np.testing.assert_allclose([w @ x**n for n in (0, 1, 2, 4, 6)], [1, 0, 1, 3, 15], atol=100 * within)
    xi, functions = inner[0], inner[1:] / inner[1]
    np.testing.assert_allclose((functions * inner[1]) @ functions.T, np.eye(5), atol=100 * within)
    np.testing.assert_allclose(functions[2], (xi**2 - 1) / 2**0.5, atol=1e-12)
