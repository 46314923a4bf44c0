"""SGD against its limiting equations: the test that catches almost every error in either.

The mean over 200 runs must lie within 4 standard errors + 3 δt of `full` at every saved time, in every overlap: the
equations are exact as δt = γ/(p d) → 0, and the mean over runs differs from them by O(δt).
"""

import numpy as np
import pytest
from support.specs import merged

from sgdode import Activation, integrate, load_spec, simulate

BASE = {
    "dimension": 4000,
    "teacher": {"width": 2, "noise": 0.05},
    "student": {"width": 3},
    "learning_rate": 1.0,
    "time": {"start": 0.1, "stop": 2.0, "points": 5},
    "simulate": {"seeds": 200},
    "save": ["risk", "M", "Q"],
}
#: A start with a neuron of weight zero, whose fields are 0: what moves it is σ'(0).
DEAD = {"kind": "overlaps", "Q": [[1, 0, 0], [0, 0, 0], [0, 0, 0.7]], "M": [[0.1, 0], [0, 0], [0, 0.1]]}
POWER = {"schedule": {"power": 0.5, "time": 0.5}}
CASES = {
    "erf": {"dimension": 10_000},
    # Short: noise along the unstable directions of this start grows like e^{2λt}, and the O(δt) shift of the mean with
    # it (measured at t = 1: −80 δt in the risk, at d = 2500 and at d = 10 000).
    "square": {
        "dimension": 10_000,
        "learning_rate": 0.5,
        "time": {"stop": 0.5},
        "student": {"activation": "square"},
        "teacher": {"activation": "square"},
        "initial": {"scale": 0.7},
    },
    "relu": {"student": {"activation": "relu"}, "teacher": {"activation": "relu"}, "learning_rate": 0.5},
    "relu, a neuron of weight zero": {
        "student": {"activation": "relu"},
        "teacher": {"activation": "relu"},
        "learning_rate": 0.5,
        "initial": DEAD,
    },
    "leaky-relu, a neuron of weight zero": {
        "student": {"activation": "leaky-relu"},
        "teacher": {"activation": "leaky-relu"},
        "learning_rate": 0.5,
        "initial": DEAD,
    },
    "erf student of a relu teacher, a neuron of weight zero": {"teacher": {"activation": "relu"}, "initial": DEAD},
    "a teacher of weight zero": {"teacher": {"overlap": [[0, 0], [0, 0]]}},
    "a relu teacher of weight zero": {
        "teacher": {"overlap": [[0, 0], [0, 0]], "activation": "relu"},
        "student": {"activation": "relu"},
        "learning_rate": 0.5,
    },
    "tanh": {"student": {"activation": "tanh"}, "teacher": {"activation": "tanh"}},
    "erf student of a relu teacher": {"teacher": {"activation": "relu"}},
    "trained output weights": {"student": {"train_output": 0.5, "output_weights": [1.0, -0.5, 1.5]}},
    "batch of 4": {"batch_size": 4, "learning_rate": 2.0},
    "spherical": {"constraint": "spherical"},
    "weight decay": {"weight_decay": 0.3},
    "held and warmed up, in samples": {
        "learning_rate": {"gamma": 2.0, "schedule": {"hold": 1.0, "power": 1.0, "warmup": 0.5}}
    },
    "power schedule": {"learning_rate": {"gamma": 2.0, **POWER}},
    "general teacher": {"teacher": {"overlap": [[1.0, 0.6], [0.6, 0.5]], "output_weights": [1.0, -1.0]}},
    "rank-deficient teacher": {"teacher": {"overlap": [[1.0, -1.0], [-1.0, 1.0]], "activation": "tanh"}},
    "decay, schedule, batch, output": {
        "weight_decay": 0.2,
        "batch_size": 2,
        "learning_rate": {"gamma": 2.0, **POWER},
        "student": {"train_output": 0.3},
    },
    "spherical, output, tanh teacher": {
        "constraint": "spherical",
        "student": {"train_output": 0.5, "width": 2},
        "teacher": {"activation": "tanh", "width": 3},
    },
    "spherical, schedule, decay, batch, relu": {
        "constraint": "spherical",
        "weight_decay": 0.1,
        "batch_size": 3,
        "learning_rate": {"gamma": 1.0, **POWER},
        "student": {"activation": "relu"},
        "teacher": {"activation": "relu", "overlap": [[1.0, 0.3], [0.3, 1.0]]},
    },
}


def excess(runs, theory, step_size):
    """How far each saved quantity exceeds 4 standard errors + 3 δt, as (largest deviation, allowed, name)."""
    for name, curve in runs.curves.items():
        expected = theory.curves[name]
        deviation = np.abs(curve.mean(axis=0) - expected)
        error = curve.std(axis=0, ddof=1) / np.sqrt(len(curve))
        scale = np.maximum(1.0, np.abs(expected))
        yield name, float((deviation - 4 * error - 3 * step_size * scale).max())


@pytest.mark.parametrize("case", CASES)
def test_the_mean_of_sgd_follows_the_full_equations(case):
    spec = load_spec(merged(BASE, CASES[case]))
    runs, theory = simulate(spec, jobs=2), integrate(spec)
    assert theory.attributes["equations"] == "full"
    np.testing.assert_array_equal(runs.time, theory.time)
    np.testing.assert_array_equal(runs.Q[:, 0], np.broadcast_to(theory.Q[0], runs.Q[:, 0].shape))
    np.testing.assert_array_equal(runs.M[:, 0], np.broadcast_to(theory.M[0], runs.M[:, 0].shape))
    for name, beyond in excess(runs, theory, spec.step_size):
        assert beyond < 0, f"{name} lies {beyond:.2g} beyond 4 standard errors + 3 δt"


@pytest.mark.parametrize("teacher", ["relu", "leaky-relu", "erf", "tanh"])
@pytest.mark.parametrize("equations", ["full", "gradient-flow", "mean-field"])
def test_a_relu_neuron_of_weight_zero_stays_in_both(teacher, equations):
    changes = {"student": {"activation": "relu"}, "teacher": {"activation": teacher}, "initial": DEAD}
    spec = load_spec(merged(BASE, {**changes, "simulate": {"seeds": 1}, "integrate": {"equations": equations}}))
    for run in (integrate(spec), simulate(spec)):
        M = run.M if run.M.ndim == 4 else run.M[None]
        assert not M[:, :, 1].any()
        assert M[:, -1, 0, 0] != M[:, 0, 0, 0]


def test_a_zero_teacher_is_one_of_output_weights_zero():
    """y is noise alone: Q and the risk are the same, whatever M is."""
    overlap = {"initial": {"kind": "overlaps", "Q": np.eye(3), "M": np.zeros((3, 2))}}
    none = integrate(load_spec(merged(BASE, {"teacher": {"output_weights": 0.0}, **overlap})))
    zero = integrate(load_spec(merged(BASE, {"teacher": {"overlap": np.zeros((2, 2))}, **overlap})))
    np.testing.assert_allclose(zero.risk, none.risk, rtol=1e-7)
    np.testing.assert_allclose(zero.Q, none.Q, atol=1e-8)
    assert not any("unbroken" in warning for warning in zero.warnings if "M = 0" in warning)


def test_an_activation_of_ones_own():
    mine = Activation(lambda x: np.sin(x), lambda x: np.cos(x), lambda x: -np.sin(x))
    values = merged(BASE, {"student": {"activation": "mine"}, "teacher": {"activation": "mine"}})
    spec = load_spec(values, activations={"mine": mine})
    runs, theory = simulate(spec, jobs=2), integrate(spec)
    for name, beyond in excess(runs, theory, spec.step_size):
        assert beyond < 0, name


def test_a_wrong_equation_is_seen():
    spec = load_spec(merged(BASE, {"learning_rate": 2.0, "dimension": 10_000}))
    wrong = load_spec(merged(BASE, {"learning_rate": 2.0, "dimension": 10_000, "teacher": {"noise": 0.025}}))
    beyond = dict(excess(simulate(spec, jobs=2), integrate(wrong), spec.step_size))
    assert beyond["Q"] > 0
