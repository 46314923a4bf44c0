"""Sums of erfs with a single term are the closed form of erf."""

import numpy as np

from sgdode.gaussian.variance.erf_student import erf_variance
from sgdode.gaussian.variance.erf_sums import erf_sum_variance
from sgdode.gaussian.variance.sigmoidal import USUAL, erf_sum_method
from sgdode.model.activations import ACTIVATIONS


def test_one_term():
    rows, v = np.random.default_rng(1).standard_normal((4, 3)), np.array([-0.6, -0.4, 0.5, 0.9])
    one, wanted = np.empty((2, 2)), np.empty((2, 2))
    erf_sum_variance(rows @ rows.T, v, 0.2, *erf_sum_method(ACTIVATIONS["erf"], ACTIVATIONS["erf"], USUAL), one)
    erf_variance(rows @ rows.T, v, 0.2, 1.0, 1.0, wanted)
    np.testing.assert_allclose(one, wanted, rtol=1e-13)
