"""The cost of a run, told beforehand."""

from dataclasses import replace

import pytest
from support.built import grid_of
from support.specs import SMALL, merged

from sgdode import integrate, load_spec, simulate
from sgdode.parts import PARTS
from sgdode.runs import cost
from sgdode.runs.cost import estimate


class Clock:
    """A clock on which a step and a right-hand side take what the test says."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(cost, "clock", found)
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
    assert estimate(spec, "simulate", jobs).parts["steps"] == pytest.approx(rounds * steps * 2e-3)


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
    expected = estimate(spec, "integrate", 1).parts["solve"]
    monkeypatch.setattr("sgdode.equations.integrate.system", timed)
    calls.clear()
    integrate(spec)
    ratio = expected / (seconds * len(calls))
    factor = 1.25 if seconds < 1e-3 else 10
    assert 1 / factor < ratio < factor


def test_every_run_starts_and_writes():
    """A part that another has too is the same; those of a run are its seconds."""
    simulation, integration = (estimate(load_spec(SMALL), command, 1) for command in ("simulate", "integrate"))
    assert set(simulation.parts) == {"start", "steps", "errors", "write"}
    assert set(integration.parts) == {"start", "solve", "errors", "write"}
    assert simulation.parts["start"] == integration.parts["start"] == integration.seconds - integration.computing > 0
    bars = estimate(load_spec(merged(SMALL, {"integrate": {"fluctuations": "risk"}})), "integrate", 1)
    assert bars.parts["fluctuations"] > 0
    assert [name for name in PARTS if name in bars.parts] == list(bars.parts)


def test_right_hand_sides_are_told_from_those_seen():
    """Twice as many a decade, or as many more than usual as there were so far."""
    usual = cost._evaluations(50, 0.02, 100.0, 1e-8)
    assert 600 < usual < 1200
    assert cost._evaluations(50, 0.02, 1000.0, 1e-8) > 1.8 * usual
    assert cost._evaluations(50, 0.02, 100.0, 1e-11) > 1.5 * usual
    assert cost._evaluations(1000, 10.0, 100.0, 1e-8) > 1.5 * cost._evaluations(500, 10.0, 100.0, 1e-8)
    assert cost._evaluations(900, 99.0, 100.0, 1e-8) == pytest.approx(900, rel=0.11)


def test_the_file_is_as_large_as_told(tmp_path):
    spec = load_spec(merged(SMALL, {"time": {"points": 500}, "student": {"width": 6}}))
    for command, engine in (("simulate", simulate), ("integrate", integrate)):
        size = engine(spec).save(tmp_path / "x.h5").stat().st_size
        assert 0.5 < estimate(spec, command, 1).bytes / size < 2
