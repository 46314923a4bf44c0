"""Starts whose hidden units are nearly alike, and the times at which their plateaus are left."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from support.built import equations_of, started
from support.specs import SMALL, merged

from sgdode import integrate, load_spec
from sgdode.equations.asymmetry import smallest_asymmetry, tolerances, unresolved
from sgdode.equations.solvers import solve
from sgdode.model.state import unpacked
from sgdode.runs.check import forecast

PLATEAU = {"dimension": 1000, "student": {"width": 2}, "time": {"stop": 700.0, "points": 400, "spacing": "linear"}}


def symmetric(spread, **changes):
    given = merged(PLATEAU, {"initial": {"kind": "symmetric", "spread": spread}})
    return load_spec(merged(merged(SMALL, given), changes))


def escape(time, M):
    """When the units have parted by 0.2 of M, (T,p,k)."""
    apart = np.abs(M - M.mean(axis=1, keepdims=True)).max(axis=(1, 2))
    at = int(np.argmax(apart > 0.2))
    near = slice(at - 4, at + 4)
    curve = CubicSpline(time[near], apart[near])
    return brentq(lambda t: curve(t) - 0.2, time[at - 1], time[at])


@pytest.mark.parametrize("spread", [1e-6, 1e-8])
def test_a_plateau_is_left_at_the_right_time(spread):
    spec = symmetric(spread)
    run, system = integrate(spec), equations_of(spec)
    exact = solve(system.rhs, system.y0, run.time, "cvode", 1e-14, 1e-18, lambda t: None)
    right = escape(run.time, unpacked(exact.states, 2, 2)[1])
    assert escape(run.time, run.M) == pytest.approx(right, abs=1e-4)
    assert run.attributes["rtol"] < 1e-8


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"student": {"width": 40}},
        {"dimension": 1e5, "student": {"width": 8}},
        {"initial": {"kind": "symmetric"}, "student": {"width": 8}, "teacher": {"width": 4}},
        {"initial": {"kind": "symmetric"}, "dimension": 1000, "student": {"width": 100}, "teacher": {"width": 1}},
        {"initial": {"kind": "symmetric", "spread": 0}},
        {"initial": {"kind": "in-teacher-span"}},
        {"student": {"width": 1}},
    ],
    ids=str,
)
def test_other_starts_are_solved_at_the_tolerances_asked_for(changes):
    assert smallest_asymmetry(started(load_spec(merged(SMALL, changes)))) is None
    assert tolerances(1e-8, 1e-12, None) == (1e-8, 1e-12)


def test_two_units_alike_among_others_count():
    Q = np.array([[1, 0.2, 0.1], [0.2, 1, 0.1], [0.1, 0.1, 0.5]])
    M = np.array([[0.1, 0.1], [0.1, 0.1 + 3e-7], [0.4, 0]])
    given = {"kind": "overlaps", "Q": Q, "M": M}
    assert smallest_asymmetry(started(load_spec(merged(SMALL, {"initial": given})))) == pytest.approx(3e-7, rel=1e-3)
    Q[2, 1] = Q[1, 2] = 0.2
    assert smallest_asymmetry(started(load_spec(merged(SMALL, {"initial": {**given, "Q": Q}})))) is None


def test_the_tolerances_never_loosen():
    assert tolerances(1e-8, 1e-12, 1e-6) == pytest.approx((1e-11, 1e-12))
    assert tolerances(1e-8, 1e-12, 1e-9) == pytest.approx((1e-13, 1e-15))
    assert tolerances(1e-13, 1e-20, 9e-5) == (1e-13, 1e-20)


def test_check_says_what_double_precision_does_not_resolve():
    assert unresolved(None) == unresolved(1e-6) == ()
    spec = symmetric(1e-13)
    (told,) = forecast(spec, 1)["warnings"]
    assert "does not resolve" in told
    assert told in integrate(symmetric(1e-13, time={"stop": 1.0, "points": 3})).warnings
    assert forecast(symmetric(1e-6), 1)["warnings"] == []
