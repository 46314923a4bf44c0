"""Activations as sums of steps, ramps and powers with noise, against the activations."""

import numpy as np
import pytest
from scipy.stats import norm

from sgdode.gaussian.variance.expansions import expansion
from sgdode.model.activations import ACTIVATIONS, hermite_series

UNITS = {**ACTIVATIONS, "hermite": hermite_series((0.3, -0.2, 0.4, 0.1))}


@pytest.mark.parametrize("name", UNITS)
def test_the_last_level_is_the_activation(name):
    x, found = np.linspace(-30.0, 30.0, 2001), expansion(UNITS[name])
    total = np.zeros_like(x)
    for step, tau, noisy, powers, weight in zip(*found[:4], found.levels[-1], strict=True):
        if not step:
            total += weight * np.polynomial.polynomial.polyval(x, powers)
            continue
        spread = np.sqrt(tau)
        below = norm.cdf(x / spread) if tau > 0 else (x > 0).astype(float)
        bump = spread * norm.pdf(x / spread) if noisy and tau > 0 else 0.0
        ramp = x * below + bump
        total += weight * (powers[0] * below + (powers[1] * ramp if len(powers) > 1 else 0.0))
    s = UNITS[name].sample(x)[0]
    np.testing.assert_allclose(total, s, rtol=1e-12, atol=found.error[0] + 1e-13)
