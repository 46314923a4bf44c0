"""Hermite coefficients of an activation of one's own."""

import math

import numpy as np
import pytest

from sgdode.errors import UsageError
from sgdode.gaussian.hermite import hermite_coefficients


def test_coefficients_of_known_functions():
    np.testing.assert_allclose(hermite_coefficients(np.square, 5), [1, 0, math.sqrt(2), 0, 0], atol=1e-13)
    odd = [(-1) ** n / math.exp(0.5) / math.sqrt(math.factorial(2 * n + 1)) for n in range(4)]
    np.testing.assert_allclose(hermite_coefficients(np.sin, 8)[1::2], odd, rtol=1e-12)
    np.testing.assert_allclose(hermite_coefficients(lambda x: 2.0, 3), [2, 0, 0], atol=1e-13)


def test_what_is_refused():
    for n in (0, 513):
        with pytest.raises(UsageError, match="from 1 to 512"):
            hermite_coefficients(np.sin, n)
    with pytest.raises(UsageError, match="not finite"), np.errstate(all="ignore"):
        hermite_coefficients(np.log, 4)
