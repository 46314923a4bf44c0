"""Teachers that change in time, in the equations: the reference of two tasks, and identities."""

from dataclasses import replace

import numpy as np
import pytest
from support.specs import SMALL, merged
from support.structured import problem_of, reference

from sgdode import SpecError, integrate, load_spec
from sgdode.equations.block_systems import full_by_block, gradient_flow_by_block
from sgdode.equations.pieces import with_breaks
from sgdode.equations.solvers import solve
from sgdode.equations.system import Method
from sgdode.equations.systems import system
from sgdode.model.lessons import Lesson
from sgdode.model.start_laws import start
from sgdode.spec.build import build
from sgdode.spec.provenance import problem_hash, spec_hash

TIGHT = {"rtol": 1e-11, "atol": 1e-14}
BASE = merged(
    {**SMALL, "dimension": 1000, "integrate": TIGHT, "time": {"stop": 12, "points": 10, "spacing": "linear"}},
    {"teacher": {"width": 3, "noise": 0.1}, "learning_rate": 1.0, "initial": {"kind": "in-teacher-span"}},
)


def theory(**teacher):
    return integrate(load_spec(merged(BASE, {"teacher": teacher})))


def test_the_reference_of_two_tasks():
    ref = reference("switching_tasks_erf_full")
    problem, beginning = problem_of(ref)
    activation, k = problem.teacher.activation, problem.k
    rows = [np.argmax(R, axis=1) for R in ref["teachers_in_frame"]]
    lessons = []
    for task, (begin, noise, weights) in enumerate(zip(ref["task_start"], ref["noise"], ref["a_star"], strict=True)):
        a = np.zeros(k)
        a[rows[task]] = np.array(weights) * k / len(rows[task])
        lessons.append(Lesson(begin, task, activation, a, noise))
    problem = replace(problem, teacher=replace(problem.teacher, lessons=tuple(lessons)))
    equations, time = full_by_block(problem, beginning), np.array(ref["t"])
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
    given = {"kind": "overlaps", "Q": alone.Q[0].tolist()}
    M = np.hstack([alone.M[0], np.zeros((3, 2))]).tolist()
    task = {"teacher": {"tasks": [{"start": 0, "rows": [0]}]}, "initial": {**given, "M": M}}
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


def test_the_length_of_inputs_at_finite_dimension():
    """E[‖x_b‖² (u·x)²] = tr C_b uᵀCu + 2 uᵀC_b²u/d² for x ~ N(0, C/d), of weights in d dimensions: linear networks."""
    d, p, k, gamma = 16, 3, 2, 0.7
    rng, C = np.random.default_rng(5), np.repeat([2.5, 0.5], [4, 12])
    W, W_star = rng.standard_normal((p, d)), rng.standard_normal((k, d))
    u = W_star.sum(axis=0) / k - W.sum(axis=0) / p
    variance, parts = u**2 @ C / d, [slice(0, 4), slice(4, 16)]
    exact = [variance * C[at].sum() / d + 2 * (u[at] * C[at]) @ (u[at] * C[at]) / d**2 for at in parts]
    Q, M, P = (
        [one[:, at] @ other[:, at].T / d for at in parts] for one, other in ((W, W), (W, W_star), (W_star, W_star))
    )
    spec = {"dimension": d, "learning_rate": gamma, "inputs": {"spectrum": {"blocks": [[0.25, 2.5], [0.75, 0.5]]}}}
    spec["teacher"] = {"width": k, "activation": "linear", "overlap": np.array(P).tolist()}
    spec |= {"student": {"width": p, "activation": "linear"}, "time": {"stop": 1.0}}
    spec["initial"] = {"kind": "overlaps", "Q": np.array(Q).tolist(), "M": np.array(M).tolist()}
    problem = build(load_spec(spec))
    flow, size = system(problem, start(problem), "full", Method(finite_size=True)), p * (p + 1) // 2 + p * k
    rest = gradient_flow_by_block(problem, start(problem))
    noise = np.array([np.empty_like(flow.y0)] * 2)
    for equations, out in zip((flow, rest), noise, strict=True):
        equations.rhs(0.0, flow.y0, out)
    found = (noise[0] - noise[1]).reshape(2, size)[:, : p * (p + 1) // 2] / np.array([[2.0], [0.5]])
    np.testing.assert_allclose(found, gamma / p * np.array(exact)[:, None] * np.ones(found.shape), rtol=1e-7)


def test_what_the_length_of_inputs_changes_is_of_the_equations_alone():
    spec = merged(BASE, {"inputs": {"finite_size": True}, "dimension": 30, "time": {"stop": 1.0, "points": 2}})
    better, plain = (load_spec(changed) for changed in (spec, {**spec, "inputs": {}}))
    assert spec_hash(better, "simulate") == spec_hash(plain, "simulate")
    assert spec_hash(better, "integrate") != spec_hash(plain, "integrate")
    assert problem_hash(better) == problem_hash(plain)
    for equations in ({"equations": "gradient-flow"}, {"fluctuations": True}):
        with pytest.raises(SpecError, match="finite_size"):
            load_spec(merged(spec, {"integrate": equations}))


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
