"""Four numbers at a time."""

import numpy as np
import pytest

from sgdode.jit.compiling import compiled
from sgdode.jit.simd import WIDTH, add, add_product, load, put, spread, store, take, total


@compiled()
def combined(x, y, factor, out):
    lanes = add_product(load(x, 1), spread(factor), load(y, 2))
    store(out, 3, add(lanes, load(x, 0)))
    put(out, 0, take(y, 5))
    return total(lanes)


@pytest.mark.parametrize("real", ["float64", "float32"])
def test_sums_and_products_are_those_of_the_numbers(real):
    x, y = (np.random.default_rng(seed).standard_normal(9).astype(real) for seed in (0, 1))
    out = np.full(9, 5.0, real)
    summed = combined(x, y, 0.3, out)
    lanes = x[1 : 1 + WIDTH].astype(float) + 0.3 * y[2 : 2 + WIDTH].astype(float)
    assert summed == pytest.approx(lanes.sum(), rel=1e-14)
    np.testing.assert_allclose(out[3 : 3 + WIDTH], lanes + x[:WIDTH], rtol=1e-6 if real == "float32" else 1e-15)
    np.testing.assert_array_equal(out[[0, 1, 2, 7, 8]], [y[5], 5, 5, 5, 5])
