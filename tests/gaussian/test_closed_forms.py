"""Closed forms at points where they are known by heart."""

import numpy as np

from sgdode.gaussian.closed_forms import erf_erf, ramp_ramp, square_square
from sgdode.jit.units import address
from sgdode.model.activations import ACTIVATIONS


def kernels(fill, name, q, c, table=((0.0, 0.0),)):
    """K, K11 and K20 of two equal fields of variance q and covariance c."""
    evaluate, found = address(ACTIVATIONS[name]), [np.empty((1, 1)) for _ in range(3)]
    fill(np.array([q]), np.array([q]), np.array([[c]]), 1.0, 1.0, evaluate, evaluate, np.array(table), *found)
    return [float(value[0, 0]) for value in found]


def test_values_known_by_heart():
    np.testing.assert_allclose(
        kernels(erf_erf, "erf", 1.0, 1.0), [1 / 3, 2 / np.pi / 3**0.5, -1 / np.pi / 3**0.5], rtol=1e-14
    )
    np.testing.assert_allclose(kernels(square_square, "square", 1.0, 0.5), [1.5, 2.0, 2.0], rtol=1e-14)
    np.testing.assert_allclose(kernels(ramp_ramp, "relu", 2.0, 2.0)[:2], [1.0, 0.5], rtol=1e-14)
    linear = kernels(ramp_ramp, "linear", 2.0, 0.7, ((1.0, 1.0),))
    np.testing.assert_allclose(linear, [0.7, 1.0, 0.0], atol=1e-14)
