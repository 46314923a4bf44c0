"""``hermite_coefficients`` as users call it."""

import warnings

import numpy as np
import pytest

from sgdode.gaussian import hermite
from sgdode.runs.hermite_list import hermite_coefficients


def test_a_function_that_is_no_polynomial_is_warned_of():
    with pytest.warns(
        UserWarning, match=r"12 coefficients cut off .* of the variance of f, and at large fields .* x\^10"
    ):
        found = hermite_coefficients(lambda x: x / (1 + np.exp(-x)), 12)
    assert found == hermite.hermite_coefficients(lambda x: x / (1 + np.exp(-x)), 12)


def test_the_share_is_that_of_the_variance():
    with pytest.warns(UserWarning, match=r"2 coefficients cut off 0\.4 of the variance of f"):
        hermite_coefficients(lambda x: x**3, 2)  # x³ = 3 h₁ + √6 h₃: 6 of 15


def test_a_share_below_the_precision_of_the_variance_is_found():
    with pytest.warns(UserWarning, match=r"16 coefficients cut off 2\.4e-15 of .* x\^15"):
        hermite_coefficients(np.sin, 16)


@pytest.mark.parametrize("f", [np.square, lambda x: x**3 - x, lambda x: 2.0])
def test_a_polynomial_is_not(f):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hermite_coefficients(f, 5)
