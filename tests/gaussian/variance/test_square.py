"""The variance term of squares by hand."""

import numpy as np
import pytest

from sgdode.gaussian.variance.square import square_variance


def test_one_square_alone():
    """E[(2λ)² ((v λ²)² + Δ)] = 60 v² q³ + 4 Δ q, since E λ⁶ = 15 q³."""
    q, v, noise, out = 0.7, -0.4, 0.1, np.empty((1, 1))
    square_variance(np.array([[q]]), np.array([v]), noise, 1.0, 1.0, out)
    assert out[0, 0] == pytest.approx(60 * v * v * q**3 + 4 * noise * q, rel=1e-14)
