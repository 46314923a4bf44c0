"""The saved times."""

import numpy as np
import pytest

from sgdode.model.clock import Clock, Saving, distinct, saved_grid


@pytest.mark.parametrize(
    "values",
    [
        np.geomspace(1e-2, 1e5, 10_001),
        np.rint(np.geomspace(1, 1e5, 10_001)).astype(np.int64),
        np.random.default_rng(0).integers(0, 50, 1000),
        np.array([1.0]),
    ],
)
def test_distinct_values_are_those_of_numpy(values):
    found, expected = distinct(values), np.unique(values)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_times_that_fall_on_one_step_are_saved_once():
    grid = saved_grid(Saving(0.01, 10.0, 1000), Clock(0.5), True)
    assert grid.step is not None
    assert grid.step.tolist() == list(range(21))
    np.testing.assert_array_equal(grid.time, np.arange(21) * 0.5)
