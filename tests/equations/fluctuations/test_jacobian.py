"""Jacobians by differences, to one side and to both."""

import numpy as np
import pytest
from equations.fluctuations.test_erf_jacobian import by_differences, system_of

from sgdode.equations.dense_path import dense_path
from sgdode.equations.fluctuations.jacobian import between_knots, jacobian


@pytest.mark.parametrize("name", ["relu", "tanh", "square"])
def test_both_are_near_differences_of_fourth_order(name):
    units = {"student": {"activation": name, "train_output": 0.3}, "teacher": {"activation": name}}
    problem, beginning, system = system_of(3, 2, **units)
    right = by_differences(system, 0.0, system.y0)
    for forward, error in ((False, 1e-7), (True, 1e-4)):
        J = jacobian(problem, beginning, system, forward)(0.0, system.y0)
        np.testing.assert_allclose(J, right, rtol=0, atol=error * np.abs(right).max())


def test_between_knots_it_is_near():
    problem, beginning, system = system_of(3, 2, learning_rate={"gamma": 2.0, "schedule": {"power": 1.0, "time": 1.0}})
    path = dense_path(system.rhs, system.y0, 20.0, 1e-8, 1e-12)
    exact, calls = jacobian(problem, beginning, system), []

    def counted(t, y):
        calls.append(t)
        return exact(t, y)

    near = between_knots(counted, path, problem.clock.factor)
    for t in np.linspace(0.0, 20.0, 300):
        J = exact(t, path(t))
        assert np.abs(near(t, path(t)) - J).max() < 2e-3 * np.abs(J).max()
    assert len(calls) < 100


def test_beyond_the_boundary_the_other_side_is_taken():
    """At Q_ii = 0 there is no F below."""
    problem, beginning, system = system_of(2, 1, student={"activation": "relu"}, teacher={"activation": "relu"})

    def rhs(t, y, ydot):
        ydot[:] = np.sqrt(y) + np.sqrt(1.0 - y)

    from dataclasses import replace

    edged, y = replace(system, rhs=rhs), np.array([1.0, 0.5, 0.2, 0.3, 0.4])
    with np.errstate(all="ignore"):
        for forward in (False, True):
            J = jacobian(problem, beginning, edged, forward)(0.0, y)
            assert np.isfinite(J).all()
            assert J[0, 0] < -1.0
