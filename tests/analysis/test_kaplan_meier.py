"""Kaplan and Meier's estimate against a plain loop, and what is said where runs are censored."""

import math

import numpy as np
import pytest

from sgdode.analysis.kaplan_meier import Passages


def test_the_curve_is_the_product_over_events():
    times = np.array([3.0, 1.0, np.inf, 2.0, 2.0, np.inf])
    t, value, low, high = Passages(times, 5.0).curve()
    known, alive = 1.0, 6
    for event, count in ((1.0, 1), (2.0, 2), (3.0, 1)):
        known *= 1 - count / alive
        alive -= count
        assert value[np.searchsorted(t, event)] == pytest.approx(known)
    assert (low <= value + 1e-12).all()
    assert (value <= high + 1e-12).all()


def test_intervals_hold_what_they_say():
    """95 % of them: of 400 samples at most 8 % miss, by chance in 1e-4 of cases at most."""
    rng, missed = np.random.default_rng(0), 0
    for _ in range(400):
        times = rng.exponential(size=100)
        found = Passages(np.where(times < 2.0, times, np.inf), 2.0).quantile(0.5)
        missed += not found.low <= math.log(2) <= found.high
    assert 4 <= missed <= 38


def test_censored_runs_are_not_left_out():
    times = np.concatenate([np.linspace(1.0, 2.0, 60), np.full(40, np.inf)])
    found = Passages(times, 4.0)
    assert (found.runs, found.censored) == (100, 40)
    assert found.mean is None
    assert found.std is None
    assert found.restricted_mean == pytest.approx(0.6 * 1.5 + 0.4 * 4.0)
    assert found.quantile(0.5).value == pytest.approx(1.0 + 49 / 59)
    assert found.quantile(0.9).value == math.inf
    assert found.quantile(0.9).summary() == [None, None, None]


def test_few_events_have_no_band():
    assert math.isnan(Passages(np.arange(1.0, 11.0), 20.0).quantile(0.5).low)
    assert Passages(np.arange(1.0, 31.0), 40.0).mean.low < 15.5 < Passages(np.arange(1.0, 31.0), 40.0).mean.high
