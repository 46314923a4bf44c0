"""How far a solve has come: what is gone on from, and how much of it is done again."""

import numpy as np
import pytest

from sgdode.equations.reached import Reached
from sgdode.equations.solvers import SOLVERS, solve

TIMES = np.linspace(0.0, 20.0, 60)
Y0 = np.array([1.0, 0.0])


def turning(t, y, ydot):
    ydot[0], ydot[1] = y[1] + 0.01 * np.sin(t), -y[0]


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_solve_goes_on_bit_by_bit_without_what_was_before(solver):
    whole = solve(turning, Y0, TIMES, solver, 1e-8, 1e-10, lambda t: None, None, 100.0)
    reached = Reached()

    class Enough(Exception):
        pass

    def at(t):
        if t > 15.0:
            raise Enough

    with pytest.raises(Enough):
        solve(turning, Y0, TIMES, solver, 1e-8, 1e-10, at, reached, 100.0)
    kept = Reached.of(reached.state(), Y0, TIMES)
    assert len(kept.states) > 10
    assert TIMES[10] < kept.t <= TIMES[len(kept.states) - 1]
    began = []

    def told(t, y, ydot):
        began.append(t)
        turning(t, y, ydot)

    rest = solve(told, Y0, TIMES, solver, 1e-8, 1e-10, lambda t: None, kept, 100.0)
    np.testing.assert_array_equal(rest.states, whole.states)
    assert (rest.evaluations, rest.steps, rest.method) == (whole.evaluations, whole.steps, whole.method)
    assert min(began) >= TIMES[10], "what lies before is not done again"


@pytest.mark.parametrize("solver", SOLVERS)
def test_what_is_saved_changes_nothing(solver):
    """The same states at common times, and the same end, whatever is saved, also in a longer solve."""

    def states(times):
        reached = Reached()
        found = solve(turning, Y0, times, solver, 1e-8, 1e-10, lambda t: None, reached, 100.0, 0.3)
        return found, reached

    whole, end = states(TIMES)
    few, its_end = states(TIMES[[0, 7, 30, 59]])
    np.testing.assert_array_equal(few.states, whole.states[[0, 7, 30, 59]])
    np.testing.assert_array_equal(end.end()["anchor"], its_end.end()["anchor"])
    assert few.evaluations == whole.evaluations
    short, reached = states(TIMES[:31])
    assert reached.t > 0.0
    longer = Reached.of({"states": short.states, **reached.end()}, Y0, TIMES)
    rest = solve(turning, Y0, TIMES, solver, 1e-8, 1e-10, lambda t: None, longer, 100.0, 0.3)
    np.testing.assert_array_equal(rest.states, whole.states)


STATE = Reached([Y0, 2 * Y0, 3 * Y0], 1.0, 2 * Y0, 7, 5).state()
THREE = np.array([0.0, 1.0, 2.0])


def test_what_was_kept_is_gone_on_from_its_anchor():
    found = Reached.of(STATE, Y0, THREE)
    assert (len(found.states), found.t, found.evaluations, found.steps) == (3, 1.0, 7, 5)
    np.testing.assert_array_equal(found.y, 2 * Y0)


@pytest.mark.parametrize(
    ("changes", "y0", "times"),
    [
        ({}, Y0, THREE[:2]),
        ({}, 1.5 * Y0, THREE),
        ({}, np.zeros(3), THREE),
        ({"taken": np.array([-7, 5])}, Y0, THREE),
        ({"taken": np.array([7.0, 5])}, Y0, THREE),
        ({"taken": np.array([7])}, Y0, THREE),
        ({"anchor": np.array([2.5, 1, 0])}, Y0, THREE),
        ({"anchor": np.array([-1.0, 1, 0])}, Y0, THREE),
        ({"anchor": np.array([1.0, np.nan, 0])}, Y0, THREE),
        ({"anchor": np.array([1.0, 1])}, Y0, THREE),
        ({"states": np.array([Y0, [1.0, np.nan]])}, Y0, THREE),
        ({"states": Y0}, Y0, THREE),
    ],
)
def test_what_does_not_fit_is_not_gone_on_from(changes, y0, times):
    assert Reached.of({**STATE, **changes}, y0, times) is None
    assert Reached.of({}, y0, times) is None
