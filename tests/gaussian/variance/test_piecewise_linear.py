"""The variance term of piecewise linear units where it is known by hand."""

import numpy as np
import pytest

from sgdode.gaussian.variance.piecewise_linear import path_rule, ramp_variance


def test_linear_units_have_the_variance_of_their_sum():
    """Slopes are constant: V_ij = g_i g_j (E[(Σ v_c g_c λ_c)²] + Δ)."""
    rows = np.random.default_rng(0).standard_normal((3, 5))
    Omega, v, gain, out = rows @ rows.T / 5, np.array([-0.5, -0.3, 1.0]), np.array([1.0, 2.0, 0.5]), np.empty((2, 2))
    ramp_variance(Omega, v, 0.2, gain, np.ones(3), path_rule(8), out)
    wanted = (v * gain) @ Omega @ (v * gain) + 0.2
    np.testing.assert_allclose(out, wanted * np.outer(gain[:2], gain[:2]), rtol=1e-13)


def test_one_relu_alone():
    """Half of the fields are above 0: V = (v² q + Δ)/2."""
    out = np.empty((1, 1))
    ramp_variance(np.array([[0.7]]), np.array([-0.4]), 0.1, np.ones(1), np.zeros(1), path_rule(32), out)
    assert out[0, 0] == pytest.approx((0.16 * 0.7 + 0.1) / 2, rel=1e-6)
