"""The door: every symbol of a Problem, and the clock and saved times, from a spec."""

import math
from dataclasses import replace

import numpy as np
from support.specs import SMALL, merged

from sgdode import Activation
from sgdode.model.activations import ACTIVATIONS, hermite_series
from sgdode.model.clock import Clock, Saving
from sgdode.model.inputs import ISOTROPIC
from sgdode.model.learning import PLAIN_SGD, SQUARED, LearningRule
from sgdode.model.starts import STARTS
from sgdode.spec.build import build, clock, saving, teacher_overlap
from sgdode.spec.load import load_spec

OVERLAP = [[1.0, 0.3], [0.3, 0.5]]
RICH = {
    "dimension": 400,
    "seed": 5,
    "teacher": {
        "width": 2,
        "activation": {"name": "tanh", "gain": 0.5},
        "output_weights": [1.0, -2.0],
        "overlap": OVERLAP,
        "noise": 0.1,
    },
    "student": {
        "width": 3,
        "activation": {"hermite": [0.0, 1.0, -0.5], "gain": 2.0},
        "output_weights": "sqrt-width",
        "train_output": 0.3,
    },
    "learning_rate": {
        "gamma": 2.0, "d_exponent": 0.5, "p_exponent": -1, "schedule": {"power": 0.7, "time": 4.0}
    },
    "batch_size": 4,
    "weight_decay": 0.2,
    "constraint": "spherical",
    "initial": {"kind": "symmetric", "epsilon": 0.3},
    "time": {"start": 0.02, "stop": 3.0, "points": 7, "spacing": "linear"},
    "save": ["M", "risk"],
}  # fmt: skip


def test_every_symbol_is_that_of_the_spec():
    problem = build(load_spec(RICH))
    assert (problem.d, problem.p, problem.k, problem.finite) == (400, 3, 2, True)
    assert problem.teacher.activation == replace(ACTIVATIONS["tanh"], gain=0.5)
    assert problem.student.activation == replace(hermite_series((0.0, 1.0, -0.5)), gain=2.0)
    np.testing.assert_array_equal(problem.teacher.a, [1.0, -2.0])
    np.testing.assert_array_equal(problem.teacher.P, OVERLAP)
    np.testing.assert_array_equal(problem.student.a, [math.sqrt(3)] * 3)
    assert problem.teacher.noise == 0.1
    gamma = 2.0 * 20.0 / 3.0
    np.testing.assert_allclose((problem.gamma, problem.gamma_over_p), (gamma, gamma / 3), rtol=1e-15)
    assert problem.rule == LearningRule(SQUARED, batch=4, decay=0.2, train_output=0.3, spherical=True)
    assert problem.inputs is ISOTROPIC
    initial = problem.initial
    assert (initial.law, initial.name, initial.seed) == (STARTS["symmetric"], "symmetric", 5)
    assert initial.values == {"epsilon": 0.3, "q0": 1.0, "spread": 1e-3}


def test_what_follows_from_the_symbols():
    problem = build(load_spec(RICH))
    np.testing.assert_allclose(problem.step_size, problem.gamma / (3 * 400), rtol=1e-15)
    np.testing.assert_allclose(problem.noise_rate, problem.gamma / 3 / 4, rtol=1e-15)
    np.testing.assert_array_equal(problem.v_star, [0.5, -1.0])
    assert problem.activations == (problem.student.activation, problem.teacher.activation)


def test_defaults_are_plain_sgd_on_orthonormal_teachers():
    spec = load_spec(SMALL)
    problem = build(spec)
    assert problem.rule == PLAIN_SGD
    assert problem.activations == (ACTIVATIONS["erf"],) * 2
    np.testing.assert_array_equal(problem.teacher.P, np.eye(2))
    np.testing.assert_array_equal(teacher_overlap(spec), np.eye(2))
    np.testing.assert_array_equal(problem.student.a, np.ones(3))
    assert problem.clock == clock(spec) == Clock(spec.step_size, per_step=0.01, rate=0.5 / 3)
    assert problem.clock.constant
    assert saving(spec) == Saving(0.01, 1.0, 5, True, None)


def test_the_clock_and_the_saved_times():
    spec = load_spec(RICH)
    alpha = spec.batch_size / spec.d, spec.gamma_over_p / spec.batch_size
    assert clock(spec) == build(spec).clock == Clock(spec.step_size, 0.7, 4.0, *alpha)
    assert saving(spec) == Saving(0.02, 3.0, 7, False, ("risk", "M"))


def test_the_start_has_its_own_seed_where_one_is_given():
    assert build(load_spec(merged(RICH, {"initial": {"seed": 9}}))).initial.seed == 9


def test_an_activation_of_ones_own_has_its_name_and_gain():
    mine = Activation(np.sin, np.cos)
    own = {"student": {"activation": {"name": "mine", "gain": 1.7}}}
    problem = build(load_spec(merged(SMALL, own), activations={"mine": mine}))
    assert problem.student.activation == replace(mine, name="mine", gain=1.7)


def test_infinite_sizes():
    """At p = ∞ all neurons share one output weight; γ/p is its limit, and there are no steps."""
    infinite = {"student": {"width": "inf", "output_weights": 2.0}, "learning_rate": {"gamma": 0.5, "p_exponent": 1}}
    problem = build(load_spec(merged(SMALL, infinite)))
    assert (problem.p, problem.finite) == (math.inf, False)
    np.testing.assert_array_equal(problem.student.a, [2.0])
    assert (problem.gamma_over_p, problem.step_size) == (0.5, 0.5 / 100)
    high = build(load_spec(merged(SMALL, {"dimension": "inf", "initial": {"kind": "in-teacher-span"}})))
    assert (high.d, high.finite, high.step_size) == (math.inf, False, 0.0)


def test_a_file_brings_its_teacher_and_its_output_weights(tmp_path):
    rng = np.random.default_rng(0)
    W, W_star = rng.standard_normal((3, 100)), rng.standard_normal((2, 100))
    np.savez(tmp_path / "w.npz", W=W, W_star=W_star, a=[1.0, 2.0, 3.0])
    spec = load_spec(merged(SMALL, {"initial": {"kind": "weights", "file": str(tmp_path / "w.npz")}}))
    problem = build(spec)
    np.testing.assert_allclose(problem.teacher.P, W_star @ W_star.T / 100, atol=1e-13)
    np.testing.assert_array_equal(problem.student.a, [1, 2, 3])
    np.testing.assert_allclose(problem.initial.values["Q"], W @ W.T / 100, atol=1e-13)
    np.testing.assert_allclose(problem.initial.values["M"], W @ W_star.T / 100, atol=1e-13)
    np.testing.assert_array_equal(teacher_overlap(spec), np.eye(2))
