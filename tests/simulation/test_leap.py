"""A leap against the steps that it stands for: both are simulated from one state, and compared in law."""

import numpy as np
import pytest
from support.leaps import after, far, in_leaps, in_steps, leaping

from sgdode.simulation.leap import steps_in_leap
from sgdode.simulation.leap_run import first_leap

#: Nearly all that a rule has, at once.
ALL = {
    "student": {"train_output": 2.0},
    "teacher": {"noise": 0.2, "overlap": [[1.0, 0.6], [0.6, 2.0]]},
    "constraint": "spherical",
    "weight_decay": 0.5,
    "batch_size": 2,
}
SQUARE = {
    "student": {"activation": "square"},
    "teacher": {"activation": "square", "noise": 0.1},
    "learning_rate": 0.05,
}
RELU = {"student": {"activation": "relu"}, "teacher": {"activation": "relu", "noise": 0.1}, "learning_rate": 0.5}
#: A spec, the steps of a leap, the samples that are drawn of it.
CASES = {
    "erf": ({}, 64, 8),
    "as many samples as steps": ({}, 64, 64),
    "one sample": ({}, 64, 1),
    "one step": ({}, 1, 8),
    "all": (ALL, 40, 8),
    "square": (SQUARE, 64, 8),
    "relu": (RELU, 64, 8),
    "D = 1": ({"dimension": 3, "learning_rate": 0.005}, 64, 8),
    "D = 0": ({"dimension": 2, "learning_rate": 0.005}, 64, 8),
}
RUNS = 1500


@pytest.mark.parametrize("case", CASES)
def test_a_leap_has_the_mean_and_the_spread_of_its_steps(case):
    """Within 4.4 standard errors of each, of which there are 18: by chance less than once in 5000."""
    changed, steps, samples = CASES[case]
    scheme = leaping(changed, tolerance=1.0, samples=samples)
    leaped, exact = after(in_leaps(scheme), steps, RUNS), after(in_steps(scheme), steps, RUNS)
    moving = exact.std(0) > 1e-12
    np.testing.assert_allclose(leaped[:, ~moving], exact[:, ~moving], atol=1e-12)
    x, y = leaped[:, moving], exact[:, moving]
    means = (x.mean(0) - y.mean(0)) / np.sqrt((x.var(0) + y.var(0)) / RUNS)
    spreads = np.log(x.std(0) / y.std(0)) / np.hypot(_of_spread(x), _of_spread(y))
    assert np.abs(means).max() < 4.4, means
    assert np.abs(spreads).max() < 4.4, spreads


def test_one_drawn_sample_and_many_have_one_mean():
    """What is drawn counts with tr V'/tr V, as the rest does with V': without, Q is off by 7 to 9 standard errors."""
    runs = 4000
    x, y = (after(in_leaps(leaping({"dimension": 200}, tolerance=1.0, samples=b)), 64, runs)[:, :7] for b in (64, 1))
    z = (x.mean(0) - y.mean(0)) / np.sqrt((x.var(0) + y.var(0)) / runs)
    assert np.abs(z).max() < 5.0, z


def _of_spread(x):
    """The relative standard error of the standard deviation over runs (RUNS, entries)."""
    off = x - x.mean(0)
    square = np.maximum((off**2).mean(0), 1e-300)
    return np.sqrt(np.maximum((off**4).mean(0) / square**2 - 1.0, 1e-12) / (4 * RUNS))


@pytest.mark.parametrize("rule", ["plain", "all"])
def test_errors_fall_four_fold(rule):
    """In so many dimensions that there is no noise the leaps are a solver of `full`, of second order."""
    errors = [far({} if rule == "plain" else ALL, tolerance) for tolerance in (0.4, 0.2, 0.1)]
    assert errors[-1] < 6e-4
    assert 3.4 < errors[0] / errors[1] < 4.6
    assert 3.4 < errors[1] / errors[2] < 4.6


def test_overlaps_stay_positive_in_leaps_that_are_far_too_long():
    for Q11, Q12, Q22, *_ in after(in_leaps(leaping({"dimension": 20, "learning_rate": 3.0}, tolerance=0.8)), 60, 50):
        assert Q11 > 0
        assert Q11 * Q22 >= Q12**2


def test_a_leap_is_whole_steps_in_proportion_to_its_tolerance():
    longest, longer, long = (first_leap(leaping({"dimension": 1e9}, tolerance=share)) for share in (0.4, 0.2, 0.1))
    assert steps_in_leap.signatures
    assert longest == int(longest)
    assert longest == pytest.approx(2 * longer, rel=1e-3)
    assert longer == pytest.approx(2 * long, rel=1e-3)
