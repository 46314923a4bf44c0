"""The error function of compiled code against SciPy's."""

from __future__ import annotations

import numpy as np
from scipy.special import erf

from sgdode.jit.compiling import compiled
from sgdode.jit.erf import erf_and_slope
from sgdode.jit.units import EVALUATE_SIGNATURE


def test_fast_erf_is_erf():
    evaluate = compiled(EVALUATE_SIGNATURE)(erf_and_slope)
    x = np.concatenate([np.linspace(-45, 45, 3001), np.linspace(-2, 2, 3001), [0.0, np.inf, -np.inf]])
    s, slope = np.empty_like(x), np.empty_like(x)
    evaluate(x, s, slope)
    np.testing.assert_allclose(s, erf(x / np.sqrt(2)), rtol=0, atol=6e-16)
    np.testing.assert_allclose(slope, np.sqrt(2 / np.pi) * np.exp(-(np.minimum(abs(x), 1e3) ** 2) / 2), atol=1e-15)
