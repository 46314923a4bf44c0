"""Four signs, where two pairs of fields are independent of each other."""

import math

import numpy as np
import pytest

from sgdode.gaussian.variance.orthants import four_signs


@pytest.mark.parametrize(("rho", "other"), [(0.0, 0.0), (0.6, 0.3), (-0.6, 0.9), (0.999999, 0.2)])
def test_independent_pairs(rho, other):
    R = np.array([rho, 0.0, 0.0, 0.0, 0.0, other])
    triples = np.array([1 - other**2, 1 - other**2, 1 - rho**2, 1 - rho**2])
    det = (1 - rho**2) * (1 - other**2)
    found = four_signs(1 - R, np.arcsin(R), triples, det, np.empty(16))
    assert found == pytest.approx((2 / math.pi) ** 2 * math.asin(rho) * math.asin(other), abs=1e-11)
