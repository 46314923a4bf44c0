"""The activations: each is its formula, and its slope the derivative."""

import numpy as np
import pytest
from scipy import special
from support.gaussian_twin import functions

from sgdode.model.activations import ACTIVATIONS, LEAKY_SLOPE, hermite_series

SERIES = (0.3, -1.0, 0.5, 0.2, 0.1)
EVERY = {**ACTIVATIONS, "hermite": hermite_series(SERIES)}
FORMULAS = {
    "erf": lambda x: special.erf(x / np.sqrt(2)),
    "relu": lambda x: np.maximum(x, 0),
    "square": lambda x: x**2,
    "linear": lambda x: x,
    "tanh": np.tanh,
    "sigmoid": special.expit,
    "gelu": lambda x: x * special.ndtr(x),
    "softplus": lambda x: np.logaddexp(0, x),
    "leaky-relu": lambda x: np.where(x > 0, x, LEAKY_SLOPE * x),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_is_its_formula_and_its_slope_the_derivative(name):
    s, ds = functions(EVERY[name])
    x = np.linspace(-7, 7, 1000)
    if name in FORMULAS:
        np.testing.assert_allclose(s(x), FORMULAS[name](x), atol=1e-14, rtol=1e-14)
    h = 1e-4
    np.testing.assert_allclose(ds(x), (s(x + h) - s(x - h)) / (2 * h), atol=2e-6)
    far = np.array([-1e8, -800.0, 0.0, 800.0, 1e8])
    assert np.isfinite(s(far)).all()
    assert np.isfinite(ds(far)).all()
