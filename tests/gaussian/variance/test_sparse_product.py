"""Sparse products of sums: with no tolerance they are the products of the last levels."""

import numpy as np

from sgdode.gaussian.tanh_as_erfs import NINE
from sgdode.gaussian.variance.sparse_product import products, weights


def test_a_product_without_tolerance_is_the_full_one_and_few_are_kept_with_one():
    last = NINE.weights[-1]
    full = np.multiply.outer(np.multiply.outer(last, last), last)
    np.testing.assert_allclose(weights(NINE, (NINE,), 0.0), full, atol=1e-13)
    rough, fine = (products([weights(NINE, (NINE, NINE), one)]).weight.size for one in (1e-4, 1e-8))
    assert rough < fine < NINE.scales.size**4
