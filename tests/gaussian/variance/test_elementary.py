"""The angle and the exponential that vector code takes."""

import math

import numpy as np

from sgdode.gaussian.variance.elementary import angle, exp


def test_angle_and_exponential():
    rng = np.random.default_rng(0)
    for y, x, z in zip(rng.normal(size=500), abs(rng.normal(size=500)), rng.uniform(0, 20, 500), strict=True):
        assert abs(angle(y, x) - math.atan2(y, x)) < 5e-16
        assert abs(exp(z) / math.exp(z) - 1.0) < 2e-14
    assert angle(0.0, 0.0) == 0.0
