"""A smooth curve through saved values."""

import numpy as np
import pytest

from sgdode.plots.smooth import smooth


@pytest.mark.parametrize(("log_x", "log_y"), [(True, True), (True, False), (False, False), (False, True)])
def test_the_saved_values_are_on_it_and_nothing_overshoots(log_x, log_y):
    x = np.geomspace(0.1, 100, 40)
    y = 0.02 / (1 + np.exp(x - 20)) + 1e-3
    xs, ys = smooth(x, y, log_x, log_y)
    assert len(xs) > 400
    assert (np.diff(xs) > 0).all()
    at = np.searchsorted(xs, x)
    np.testing.assert_array_equal(ys[at], y)
    assert (np.diff(ys) <= 1e-15).all(), "as monotone as the saved values"


def test_it_is_nearer_to_the_curve_than_straight_lines():
    x = np.geomspace(0.1, 100, 40)
    curve = lambda t: 0.02 / (1 + np.exp(np.minimum(t - 20, 300))) + 1e-4  # noqa: E731
    xs, ys = smooth(x, curve(x), True, True)
    straight = np.exp(np.interp(np.log(xs), np.log(x), np.log(curve(x))))
    assert np.abs(np.log(ys / curve(xs))).max() < 0.6 * np.abs(np.log(straight / curve(xs))).max()


def test_gaps_stay():
    x = np.concatenate([[0.01], np.linspace(10, 1000, 50)])
    ys = smooth(x, 1 / x, True, True)[1]
    assert np.isnan(ys).sum() == 1, "nothing was computed between 0.01 and 10"
    assert not np.isnan(smooth(x, 1 / x, False, True)[1]).any()
    holes = 1 / x
    holes[20] = np.nan
    assert np.isnan(smooth(x, holes, False, True)[1]).sum() == 1
    assert len(smooth(x[:0], x[:0], True, True)[0]) == 0
    assert len(smooth(x[:1], x[:1], True, True)[0]) == 1
