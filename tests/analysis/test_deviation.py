"""The spread of runs, and what it is divided by."""

import numpy as np
from scipy import stats

from sgdode.analysis.deviation import Deviation, scores, spread_of


def test_the_spread_is_that_of_a_sample():
    runs = np.array([[1.0, 5.0], [2.0, 5.0], [6.0, 5.0]])
    np.testing.assert_allclose(spread_of(runs), [7.0**0.5, 0.0])
    assert np.isnan(spread_of(runs[:1])).all()


def test_z_of_a_mean_is_in_units_of_its_sample_error():
    """Three runs at one time: mean 3, spread √7, error √(7/3); Student's t with two degrees, as a normal z."""
    runs = np.array([1.0, 2.0, 6.0])[:, None, None]
    nothing = np.zeros((1, 1))
    found = scores(Deviation(runs, nothing, np.full((1, 1), np.nan), np.array([True])))
    t = 3.0 / (7.0 / 3.0) ** 0.5
    assert found.spread[0, 0] == 7.0**0.5
    np.testing.assert_allclose(found.z[0, 0], stats.norm.isf(stats.t.sf(t, 2)), rtol=1e-10)
