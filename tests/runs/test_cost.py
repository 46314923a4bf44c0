"""The cost of a run, told beforehand."""

from dataclasses import replace

import pytest
from support.built import grid_of
from support.specs import SMALL, merged

from sgdode import integrate, load_spec, simulate
from sgdode.runs import cost
from sgdode.runs.cost import estimate


class Clock:
    """A clock on which a step and a right-hand side take what the test says."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(cost, "time", found)
    return found


@pytest.mark.parametrize(("seeds", "jobs", "rounds"), [(1, 1, 1), (4, 1, 4), (4, 2, 2), (5, 2, 3), (2, 8, 1)])
@pytest.mark.parametrize("width", [4, 200])
def test_the_seconds_of_a_simulation_are_those_of_all_its_steps(width, seeds, jobs, rounds, clock, monkeypatch):
    made = cost.mover_of

    def timed(task):
        move = made(task)

        def moved(state, steps):
            clock.now += 2e-3 * steps
            return move(state, steps)

        return moved

    monkeypatch.setattr(cost, "mover_of", timed)
    changes = {"student": {"width": width}, "learning_rate": width / 2, "time": {"stop": 30}}
    spec = load_spec(merged(SMALL, {**changes, "simulate": {"seeds": seeds}}))
    steps = int(grid_of(spec).step[-1])
    assert steps == 6000
    assert estimate(spec, "simulate", jobs).seconds == pytest.approx(rounds * steps * 2e-3)


@pytest.mark.parametrize("seconds", [1e-5, 1e-2])
def test_the_seconds_of_an_integration_are_those_of_its_right_hand_sides(seconds, clock, monkeypatch):
    """Exactly where the whole solve is timed; to the order of magnitude where the pilot ends before it."""
    made, calls = cost.system, []

    def timed(*arguments):
        equations = made(*arguments)

        def rhs(t, y, ydot):
            clock.now += seconds
            calls.append(t)
            equations.rhs(t, y, ydot)

        return replace(equations, rhs=rhs)

    monkeypatch.setattr(cost, "system", timed)
    spec = load_spec(merged(SMALL, {"time": {"stop": 100.0}}))
    expected = estimate(spec, "integrate", 1).seconds
    monkeypatch.setattr("sgdode.equations.integrate.system", timed)
    calls.clear()
    integrate(spec)
    ratio = expected / (seconds * len(calls))
    factor = 1.25 if seconds < 1e-3 else 10
    assert 1 / factor < ratio < factor


def test_the_file_is_as_large_as_told(tmp_path):
    spec = load_spec(merged(SMALL, {"time": {"points": 500}, "student": {"width": 6}}))
    for command, engine in (("simulate", simulate), ("integrate", integrate)):
        size = engine(spec).save(tmp_path / "x.h5").stat().st_size
        assert 0.5 < estimate(spec, command, 1).bytes / size < 2
