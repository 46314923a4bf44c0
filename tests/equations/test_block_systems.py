"""Teachers that change in time, in the equations: the reference of two tasks, and identities."""

from dataclasses import replace

import numpy as np
import pytest
from support.specs import SMALL, merged
from support.structured import problem_of, reference

from sgdode import integrate, load_spec
from sgdode.equations.block_systems import full_by_block
from sgdode.equations.pieces import with_breaks
from sgdode.equations.solvers import solve
from sgdode.model.lessons import Lesson

TIGHT = {"rtol": 1e-11, "atol": 1e-14}
BASE = merged(
    {**SMALL, "dimension": 1000, "integrate": TIGHT, "time": {"stop": 12, "points": 10, "spacing": "linear"}},
    {"teacher": {"width": 3, "noise": 0.1}, "learning_rate": 1.0, "initial": {"kind": "in-teacher-span"}},
)


def theory(**teacher):
    return integrate(load_spec(merged(BASE, {"teacher": teacher})))


def test_the_reference_of_two_tasks():
    ref = reference("switching_tasks_erf_full")
    problem, start = problem_of(ref)
    activation, k = problem.teacher.activation, problem.k
    rows = [np.argmax(R, axis=1) for R in ref["teachers_in_frame"]]
    lessons = []
    for task, (begin, noise, weights) in enumerate(zip(ref["task_start"], ref["noise"], ref["a_star"], strict=True)):
        a = np.zeros(k)
        a[rows[task]] = np.array(weights) * k / len(rows[task])
        lessons.append(Lesson(begin, task, activation, a, noise))
    problem = replace(problem, teacher=replace(problem.teacher, lessons=tuple(lessons)))
    equations, time = full_by_block(problem, start), np.array(ref["t"])
    times, saved = with_breaks(time, equations.breaks)
    found = solve(equations.rhs, equations.y0, times, "cvode", 1e-11, 1e-14, lambda t: None, breaks=equations.breaks)
    curves = equations.seen(time, found.states[saved])
    np.testing.assert_allclose(curves["task_risk"], ref["task_risk"], rtol=1e-6)
    at = [ref["t"].index(t) for t in ref["saved_at"]]
    np.testing.assert_allclose(curves["Q_block"][at], ref["Q_block"], atol=2e-8)
    active = (time >= 4.0).astype(int)
    np.testing.assert_array_equal(curves["risk"], curves["task_risk"][np.arange(len(time)), active])


def test_switching_to_the_same_task_is_no_switch():
    plain = theory()
    rows = {"rows": [0, 1, 2]}
    again = theory(tasks=[{"start": 0, **rows}, {"start": 3.1, **rows}, {"start": 7, **rows}])
    np.testing.assert_allclose(again.risk, plain.risk, rtol=1e-8)
    assert again.curves["task_risk"].shape == (11, 1)


def test_a_task_is_a_teacher_of_its_own_width():
    alone = integrate(load_spec(merged(BASE, {"teacher": {"width": 1}, "initial": {"kind": "symmetric"}})))
    start = {"initial": {"kind": "overlaps", "Q": alone.Q[0].tolist()}}
    M = np.hstack([alone.M[0], np.zeros((3, 2))]).tolist()
    task = {"teacher": {"tasks": [{"start": 0, "rows": [0]}]}, "initial": {**start["initial"], "M": M}}
    one = integrate(load_spec(merged(BASE, task)))
    np.testing.assert_allclose(one.risk, alone.risk, rtol=1e-8)


def test_steep_spectra_are_solved_to_the_tolerance_of_the_fields():
    """Weights in a block of eigenvalue d are 1/d, below an absolute tolerance that the fields are solved with."""
    spec = {"dimension": 1e9, "inputs": {"spectrum": {"power": 1.2}}, "learning_rate": 0.02}
    spec["teacher"] = {"width": 1, "activation": "linear", "placement": {"power": 2.0}}
    spec |= {"student": {"width": 1, "activation": "linear"}, "initial": {"scale": 1e-6}}
    spec |= {"integrate": {"equations": "gradient-flow"}, "time": {"start": 5e-8, "stop": 5e-6, "points": 2}}
    found = integrate(load_spec(spec))
    slope = np.log(found.risk[2] / found.risk[1]) / np.log(found.time[2] / found.time[1])
    assert slope == pytest.approx(-(1.2 - 1 + 2) / 1.2, abs=0.02)


def test_turning_back_to_front_is_turning_the_plane_over():
    one = theory(rotation={"rate": 0.5, "plane": [0, 2]})
    other = theory(rotation={"rate": -0.5, "plane": [2, 0]})
    np.testing.assert_allclose(one.risk, other.risk, rtol=1e-8)
    assert np.max(np.abs(one.risk / theory().risk - 1)) > 0.1
    still = theory(rotation={"rate": 0.0, "plane": [0, 2]})
    np.testing.assert_allclose(still.risk, theory().risk, rtol=1e-8)


def test_a_rotating_teacher_is_followed_by_a_fast_student():
    """A linear student of one linear teacher lags behind by ω over its rate, w = (1 + ω J/rate)⁻¹ w*: at rest in the
    turning frame, so that the risk is ½ ω²/(1 + ω²)."""
    changes = {
        "teacher": {"activation": "linear", "noise": 0.0, "width": 2, "tasks": [{"start": 0, "rows": [0]}]},
        "student": {"activation": "linear", "width": 1},
        "initial": {"kind": "in-teacher-span"},
        "integrate": {"equations": "gradient-flow"},
        "time": {"stop": 30},
    }
    changes["teacher"]["rotation"] = {"rate": 0.3, "plane": [0, 1]}
    found = integrate(load_spec(merged(BASE, changes)))
    assert found.risk[-1] == pytest.approx(0.5 * 0.3**2 / (1 + 0.3**2), rel=1e-6)


def test_drift_forgets_at_its_rate():
    """dM/dt = −ηM + ..., for a linear student, dM/dt = 1 − (1 + η) M."""
    changes = {
        "teacher": {"activation": "linear", "noise": 0.0, "width": 1, "drift": 0.25},
        "student": {"activation": "linear", "width": 1},
        "integrate": {"equations": "gradient-flow"},
        "time": {"stop": 40},
    }
    found = integrate(load_spec(merged(BASE, changes)))
    assert found.M[-1, 0, 0] == pytest.approx(1 / 1.25, rel=1e-7)
