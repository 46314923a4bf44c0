"""The Jacobian of erf in closed form: against differences, and where Ψ(Var) is clipped."""

import numpy as np
import pytest

from sgdode.equations.fluctuations.erf_jacobian import ErfJacobian
from sgdode.equations.full import full
from sgdode.model.start_laws import start
from sgdode.spec.build import build
from sgdode.spec.load import load_spec


def system_of(p, k, gains=(1.0, 1.0), **changes):
    names = [{"name": "erf", "gain": gain} for gain in gains]
    teacher = {"width": k, "activation": names[1], "noise": 0.1} | changes.pop("teacher", {})
    student = {"width": p, "activation": names[0]} | changes.pop("student", {})
    values = {"dimension": 100, "teacher": teacher, "student": student, "learning_rate": 1.0, "time": {"stop": 1.0}}
    problem = build(load_spec(values | changes))
    return problem, start(problem), full(problem, start(problem))


def by_differences(system, t, y, h=1e-3):
    """∂F/∂y of fourth order."""
    columns = []
    for direction in np.eye(len(y)):
        column, F = np.zeros(len(y)), np.empty(len(y))
        for weight, steps in ((8, 1), (-8, -1), (-1, 2), (1, -2)):
            system.rhs(t, y + steps * h * direction, F)
            column += weight * F
        columns.append(column / (12 * h))
    return np.array(columns).T


@pytest.mark.parametrize(
    ("p", "k", "gains", "changes"),
    [
        (3, 2, (1.0, 1.0), {}),
        (5, 3, (1.0, 1.0), {"weight_decay": 0.1, "batch_size": 3}),
        (2, 4, (1.7, 0.6), {"weight_decay": 0.2, "student": {"output_weights": [1.0, -0.5]}}),
        (1, 1, (2.0, 1.0), {"learning_rate": {"gamma": 1.0, "schedule": {"power": 0.5, "time": 0.5}}}),
    ],
)
def test_against_differences(p, k, gains, changes):
    problem, beginning, system = system_of(p, k, gains, **changes)
    right = by_differences(system, 0.3, system.y0)
    J = ErfJacobian(problem, beginning)(0.3, system.y0)
    np.testing.assert_allclose(J, right, rtol=0, atol=3e-11 * np.abs(right).max())


def test_perfect_learning_has_the_slope_of_both_sides():
    """Of noiseless perfect learning S = 0 is a minimum over valid overlaps; beyond them it is clipped, and differences
    see half of the slope."""
    student = {"output_weights": "width"}
    teacher = {"output_weights": "width", "noise": 0.0}
    learnt = {"kind": "overlaps", "Q": np.eye(2).tolist(), "M": np.eye(2).tolist()}
    problem, beginning, system = system_of(2, 2, student=student, teacher=teacher, initial=learnt)
    J = ErfJacobian(problem, beginning)(0.0, system.y0)
    clipped = by_differences(system, 0.0, system.y0, 1e-4)
    assert np.abs(clipped - J).max() == pytest.approx(0.3625, abs=1e-3)
    rates, seen = (np.linalg.eigvals(slope).real for slope in (J, clipped))
    assert np.min(np.abs(rates + 0.18208)) < 1e-5
    assert np.min(np.abs(seen + 0.19002)) < 1e-4


def test_what_it_serves():
    assert ErfJacobian.serves(system_of(2, 1)[0])
    assert not ErfJacobian.serves(system_of(2, 1, constraint="spherical")[0])
    assert not ErfJacobian.serves(system_of(2, 1, student={"train_output": 0.1})[0])
    assert not ErfJacobian.serves(system_of(2, 1, student={"activation": "tanh"})[0])
