"""The plateau of a known curve."""

import numpy as np
import pytest

from sgdode.analysis.plateau import floor, plateau

TIME = np.concatenate([[0.0], np.geomspace(1e-2, 1e4, 300)])


def test_the_plateau_of_a_known_curve():
    risk = 0.5 * np.exp(-TIME) + 0.02 / (1 + np.expm1(np.minimum(TIME / 20, 700)) / np.expm1(1000 / 20))
    found = plateau(TIME, risk)
    assert found.risk == pytest.approx(0.02, rel=0.02)
    assert 3 < found.start < 8, "the fall to 0.02 is over: 0.5 exp(-t) is 5% of it at t = 6"
    assert 900 < found.end < 1000, "the escape is at t = 1000, with a width of 20"


def test_the_end_of_a_run_may_be_a_plateau():
    risk = 0.5 * np.exp(-TIME) + 0.02
    found = floor(TIME, risk)
    assert plateau(TIME, risk) is None, "it does not leave it"
    assert found.end is None
    assert found.risk == pytest.approx(0.02, rel=0.02)


def test_a_run_may_start_on_its_plateau():
    found = plateau(TIME, 0.02 / (1 + np.expm1(np.minimum(TIME / 20, 700)) / np.expm1(1000 / 20)))
    assert found.start == pytest.approx(0.01)
    assert 900 < found.end < 1000


@pytest.mark.parametrize("risk", [np.exp(-TIME), 1 / (1 + TIME), np.exp(-(TIME**2)), np.zeros_like(TIME)])
def test_curves_without_a_plateau(risk):
    assert plateau(TIME, risk) is None
    assert floor(TIME, risk) is None


def test_the_floor_is_no_plateau():
    """A plateau at 0.02 and a floor at 4e-4: each is found as what it is, in a smooth curve and in a noisy one."""
    risk = 0.5 * np.exp(-TIME) + 0.02 / (1 + np.expm1(np.minimum(TIME / 2, 700)) / np.expm1(50)) + 4e-4
    for noise in (0.0, 0.01):
        seen = risk * np.exp(noise * np.random.default_rng(0).standard_normal(len(TIME)))
        assert plateau(TIME, seen).risk == pytest.approx(0.0204, rel=0.03)
        assert floor(TIME, seen).risk == pytest.approx(4e-4, rel=0.03)
        assert plateau(TIME, seen).end < 110 < floor(TIME, seen).start < 150


def test_a_slow_drift_is_a_plateau():
    risk = 0.5 * np.exp(-TIME) + 0.02 * (1 + TIME / 5) ** -0.15 / (
        1 + np.expm1(np.minimum(TIME / 5, 700)) / np.expm1(80)
    )
    assert 5 < plateau(TIME, risk).start < 10 < 350 < plateau(TIME, risk).end < 410


def test_noise_of_one_percent_does_not_break_a_plateau():
    risk = 0.5 * np.exp(-TIME) + 0.02 / (1 + np.expm1(np.minimum(TIME / 20, 700)) / np.expm1(1000 / 20))
    found = plateau(TIME, risk * np.exp(0.01 * np.random.default_rng(0).standard_normal(len(TIME))))
    assert found.risk == pytest.approx(0.02, rel=0.03)
    assert found.start < 10
    assert 850 < found.end < 1050


def test_too_few_times():
    assert plateau(np.array([0.0, 1.0]), np.array([1.0, 0.5])) is None
