"""Distributions over neurons."""

import numpy as np

from sgdode.plots.neurons import quantiles


def test_quantiles_weigh_the_particles():
    values = np.random.default_rng(0).normal(size=(3, 40))
    repeats = np.arange(40) % 3 + 1
    expected = np.quantile(np.repeat(values, repeats, axis=-1), [0.1, 0.5, 0.9], axis=-1, method="inverted_cdf").T
    np.testing.assert_allclose(quantiles(values, repeats / repeats.sum()), expected)
