"""Schedules in samples: their integrals against quadrature, their clock, and what they reduce to."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from sgdode.model.clock import Clock, ClockInSamples, Saving, joined, saved_grid
from sgdode.model.schedule import Line, Schedule
from sgdode.model.schedules import SCHEDULES, schedule_of

CASES = {
    "power": {"power": 0.5, "samples": 3.0},
    "power 1": {"power": 1.0, "samples": 1e-3},
    "hold": {"hold": 5.0, "power": 1.0},
    "hold 2": {"hold": 5.0, "power": 2.0},
    "table": {"table": ((0.0, 1.0), (2.0, 3.0), (5.0, 0.0), (7.0, 0.0), (8.0, 1.0))},
    "table later": {"table": ((2.0, 0.5), (5.0, 0.1))},
    "cosine": {"cosine": 10.0, "floor": 0.1},
    "warmup": {"warmup": 2.0},
}
BY_HAND = {
    "power": lambda a: (1 + a / 3) ** -0.5,
    "power 1": lambda a: 1 / (1 + a / 1e-3),
    "hold": lambda a: min(1.0, 5 / a),
    "hold 2": lambda a: min(1.0, 5 / a) ** 2,
    "table": lambda a: np.interp(a, [0, 2, 5, 7, 8], [1, 3, 0, 0, 1]),
    "table later": lambda a: np.interp(a, [2, 5], [0.5, 0.1]),
    "cosine": lambda a: 0.1 + 0.45 * (1 + np.cos(np.pi * min(a, 10.0) / 10)),
    "warmup": lambda a: min(1.0, a / 2),
}


def schedule(name, warmup=None):
    values = {**CASES[name], **({} if warmup is None else {"warmup": warmup})}
    return schedule_of(name.split()[0], values)


def test_every_record_is_among_them():
    assert {name.split()[0] for name in CASES} == set(SCHEDULES)


@pytest.mark.parametrize("warmup", [None, 1.5, 6.0])
@pytest.mark.parametrize("name", CASES)
def test_factor_and_integral_are_those_by_hand(name, warmup):
    if name == "warmup" and warmup is not None:
        pytest.skip("the same key")
    found = schedule(name, warmup)

    def by_hand(a):
        return BY_HAND[name](a) * (1.0 if warmup is None else min(1.0, a / warmup))

    edges = sorted({0.0, *found.kinks, 2.0, 5.0})
    for a in (1e-6, 0.3, 1.5, 4.0, 6.5, 7.9, 30.0, 1e4):
        assert found.factor(np.array([a]))[0] == pytest.approx(by_hand(a), rel=1e-13, abs=1e-15)
        ends = [0.0, *(edge for edge in edges if 0 < edge < a), a]
        parts = [quad(by_hand, *pair, epsabs=0, epsrel=1e-12, limit=200)[0] for pair in pairwise(ends)]
        assert found.integral(np.array(a)) == pytest.approx(sum(parts), rel=2e-12)
        back = found.inverse(float(found.integral(np.array(a))))
        assert found.integral(np.array(back)) == pytest.approx(sum(parts), rel=2e-12)
        if by_hand(a) > 0:
            assert back == pytest.approx(a, rel=1e-9 if a < 1e3 else 1e-7)


def test_an_integral_that_is_never_reached_is_infinitely_far():
    found = schedule_of("power", {"power": 2.0, "samples": 3.0})
    assert found.inverse(2.9) == pytest.approx(87.0)
    assert found.inverse(3.1) == np.inf


def in_samples(schedule, d=100, batch=2):
    return ClockInSamples(0.3 / d, per_step=batch / d, rate=0.3 / batch, schedule=schedule)


def test_step_nu_uses_gamma_at_its_own_samples():
    clock = in_samples(schedule("hold"))
    dt = clock.step_sizes(240, 30)
    by_hand = [0.003 * min(1.0, 5 / (nu * 2 / 100)) for nu in range(240, 270)]
    np.testing.assert_allclose(dt, by_hand, rtol=1e-14)
    assert clock.step_sizes(0, 1)[0] == 0.003
    assert in_samples(schedule("warmup")).step_sizes(0, 1)[0] == 0.0
    np.testing.assert_array_equal(np.concatenate([clock.step_sizes(240, 7), clock.step_sizes(247, 23)]), dt)


def test_a_power_of_t_is_another_power_of_samples():
    power, scale, d = 0.7, 0.8, 50
    old = Clock(0.3 / d, power, scale, 1 / d, 0.3)
    other = {"power": power / (1 + power), "samples": scale / ((1 + power) * 0.3)}
    new = ClockInSamples(0.3 / d, per_step=1 / d, rate=0.3, schedule=schedule_of("power", other))
    steps = np.array([0, 1, 10, 1000, 10**6])
    np.testing.assert_allclose(new.time(steps), old.time(steps), rtol=1e-12)
    np.testing.assert_allclose(new.step(old.time(steps)), steps, rtol=1e-9)
    np.testing.assert_allclose(new.step_sizes(0, 500), old.step_sizes(0, 500), rtol=1e-12)
    np.testing.assert_allclose(new.at_samples(steps / d), old.at_samples(steps / d), rtol=1e-12)
    np.testing.assert_allclose(old.samples_at(old.at_samples(steps / d)), steps / d, rtol=1e-12)
    assert new.factor(0.9) == pytest.approx(old.factor(0.9), rel=1e-12)


def test_saved_times_in_samples():
    clock = in_samples(schedule("table"))
    grid = saved_grid(Saving(0.1, 9.0, 6, logarithmic=False, in_samples=True), clock, True)
    np.testing.assert_array_equal(grid.step, [0, 5, 94, 183, 272, 361, 450])
    np.testing.assert_array_equal(grid.samples, grid.step * 0.02)
    np.testing.assert_array_equal(grid.time, clock.time(grid.step))
    infinite = saved_grid(Saving(0.1, 9.0, 6, logarithmic=False, in_samples=True), clock, False)
    assert infinite.step is None
    np.testing.assert_allclose(infinite.samples[1:], np.linspace(0.1, 9.0, 6))
    shorter = saved_grid(Saving(0.1, 5.5, 3, logarithmic=False, in_samples=True), clock, True)
    both = joined(shorter, grid)  # at 5.5 and 7.2 t is not the same, but it stands still from 5 to 7
    np.testing.assert_array_equal(both.step, [0, 5, 140, 275, 361, 450])
    assert both.samples[-1] == 9.0


def test_t_in_samples_without_a_schedule():
    grid = saved_grid(Saving(0.1, 9.0, 3, in_samples=True), Clock(0.003, per_step=0.01, rate=0.3), True)
    np.testing.assert_array_equal(grid.time, grid.step * 0.003)
    assert grid.step[-1] == 900


def test_pieces_go_on_beyond_their_ends_and_never_below_zero():
    found = Schedule((0.0, 1.0), (Line(0.0, 1.0, -1.0), Line(1.0, 0.0, 2.0)))
    assert found.factor_of_piece(0, 0.75) == 0.25
    assert found.factor_of_piece(0, 1.5) == 0.0
    assert found.factor_of_piece(1, 1.5) == 1.0
    assert [found.piece(at) for at in (0.0, 0.99, 1.0)] == [0, 0, 1]
