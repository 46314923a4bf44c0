"""The best schedule: its gradient against differences, a problem solved by hand, and the spec that is written."""

import math

import numpy as np
import pytest

from sgdode import SpecError, integrate, load_spec, optimise
from sgdode.equations.optimal.controlled import Controlled
from sgdode.equations.optimal.families import ConstantRates, HoldPowers, RateTables
from sgdode.equations.optimal.runge_kutta import BEYOND, log_risk, log_risk_and_gradient, steps_between
from sgdode.equations.optimal.search import RateBounds, best_constant, node_samples, rk4_steps
from sgdode.errors import UsageError
from sgdode.model.start_laws import start
from sgdode.runs.engines import method
from sgdode.spec.build import build

ERF = {
    "dimension": 1000,
    "teacher": {"width": 1, "noise": 0.1},
    "student": {"width": 2},
    "learning_rate": 1.0,
    "initial": {"kind": "overlaps", "Q": [[1.0, 0.2], [0.2, 0.8]], "M": [[0.3], [0.1]]},
    "time": {"stop": 80.0, "unit": "samples", "points": 5},
}
LINEAR = {
    "dimension": "inf",
    "teacher": {"width": 1, "activation": "linear", "noise": 1.0},
    "student": {"width": 1, "activation": "linear"},
    "learning_rate": 0.5,
    "initial": {"kind": "overlaps", "Q": [[1.0]], "M": [[0.1]]},
    "time": {"stop": 1000.0, "unit": "samples", "points": 5},
}


def controlled(spec):
    spec = load_spec(spec)
    problem = build(spec)
    return Controlled(problem, start(problem), method(spec))


def gradient(problem, family, nodes, x):
    steps = steps_between(nodes, np.full(len(nodes) - 1, 14))

    def value(x):
        return log_risk(problem, steps, family.factor(x, steps.stages)[0])

    f, slopes = family.factor(x, steps.stages)
    found, by_f = log_risk_and_gradient(problem, steps, f)
    assert found == value(x)
    h, axes = 1e-3, np.eye(len(x))
    wide, narrow = ([value(x + w * e) - value(x - w * e) for e in axes] for w in (2 * h, h))
    return np.einsum("sr,srn->n", by_f, slopes), (8 * np.array(narrow) - np.array(wide)) / (12 * h)


FAMILIES = {
    "table": (RateTables(tuple(node_samples(20.0, 5))), np.array([-0.4, 0.1, 0.2, -0.3, -1.5])),
    "hold": (HoldPowers(20.0), np.array([0.2, 1.4, 0.9])),
    "constant": (ConstantRates(), np.array([-0.5])),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_gradient_is_that_of_central_differences(name):
    family, x = FAMILIES[name]
    found, differences = gradient(controlled(ERF), family, node_samples(20.0, 5), x)
    # where it is held, the kink moves over the stages: differences know no better there
    allowed = 1e-8 if name != "hold" else np.array([1e-8, 2e-2, 1e-8])
    assert (np.abs(found - differences) <= allowed * np.abs(found).max()).all()


@pytest.mark.parametrize("rule", [{"feedback": [0.5, 2.0]}, {"dropout": 0.3}, {"loss": "correlation"}], ids=str)
def test_the_gradient_is_that_of_the_rule(rule):
    family, x = FAMILIES["table"]
    problem = controlled({**ERF, "algorithm": rule})
    found, differences = gradient(problem, family, node_samples(20.0, 5), x)
    assert np.abs(found - differences).max() <= 1e-6 * np.abs(found).max()


def test_the_gradient_by_differences_of_the_right_hand_side():
    spec = {**ERF, "student": {"width": 2, "activation": "tanh"}, "teacher": {"width": 1, "noise": 0.1}}
    family, x = FAMILIES["table"]
    problem = controlled({**spec, "constraint": "none", "weight_decay": 0.01})
    found, differences = gradient(problem, family, node_samples(20.0, 5), x)
    assert np.abs(found - differences).max() <= 1e-4 * np.abs(found).max()
    assert 0 < problem.gradient_error <= 1e-4


def test_a_state_that_grows_without_bound_is_far_up():
    problem = controlled(LINEAR)
    steps = steps_between(node_samples(80.0, 4), np.full(3, 12))
    value, slopes = log_risk_and_gradient(problem, steps, np.full(steps.stages.shape, 1e3))
    assert (value, np.abs(slopes).max()) == (BEYOND, 0.0)


def test_steps_are_stable_at_twice_the_rates():
    problem, nodes = controlled(ERF), node_samples(80.0, 8)
    slow, fast = (rk4_steps(problem, nodes, np.full(8, f)) for f in (0.1, 10.0))
    assert slow.size.size == 7 * 6
    assert fast.size.max() * problem.rate * 2 * 10.0 * problem.stiffness() <= 1.3
    assert slow.start[0] == 0.0
    assert slow.start[-1] + slow.size[-1] == pytest.approx(80.0)


def test_the_best_constant_is_the_lowest_of_a_scan():
    problem, nodes = controlled({**ERF, "time": {"stop": 10.0, "unit": "samples"}}), node_samples(10.0, 4)
    found = best_constant(problem, nodes, RateBounds(0.05, 5.0), lambda: None)
    steps = rk4_steps(problem, nodes, np.full(4, 3.0))
    scan = {f: math.exp(log_risk(problem, steps, np.full(steps.stages.shape, f))) for f in np.geomspace(0.2, 3, 60)}
    assert found.risk == pytest.approx(min(scan.values()), rel=1e-3)
    assert math.exp(found.x[0]) == pytest.approx(min(scan, key=scan.get), rel=0.05)


def test_linear_learning_reaches_the_best_that_there_is():
    """R − Δ/2 → Δ/(2α): γ = ε/(ε + Δ/2) at each α, from dε/dα = γ(−2ε + γε + γΔ/2)."""
    found = optimise(load_spec(LINEAR), nodes=10)
    bound = 1.0 / (2 * 1000.0)
    assert bound < found.best.risk < 1.03 * bound
    assert [one.name for one in found.candidates] == ["constant", "hold-power", "optimum"]
    assert found.candidates[0].risk > found.candidates[1].risk * 1.5
    assert found.candidates[1].risk > 0.998 * found.best.risk


@pytest.fixture(scope="module")
def short():
    spec = load_spec({**ERF, "time": {"stop": 20.0, "unit": "samples", "points": 5}, "name": "short"})
    return optimise(spec, nodes=6, verify=40, jobs=1)


def test_the_best_are_in_order_and_the_spec_runs(short, tmp_path):
    constant, hold, table = (one.risk for one in short.candidates)
    assert constant > hold > table or hold == pytest.approx(table, rel=0.02)
    assert constant > 1.02 * table
    path = short.write(tmp_path / "best.yaml")
    again = load_spec(path)
    assert again.name == "short-optimum"
    assert integrate(again).risk[-1] == pytest.approx(table, rel=1e-6)
    assert max(factor for _, factor in again.learning_rate.schedule.given["table"]) == 1.0
    with pytest.raises(UsageError, match="is there already; --force replaces it"):
        short.write(path)
    short.write(path, force=True)


def test_verified_by_simulation(short):
    for one in short.candidates:
        assert len(one.simulated.risks) == 40
        assert abs(one.simulated.mean - one.risk) < 4.5 * one.simulated.standard_error + 3e-3 * one.risk
    told = short.summaries()
    assert told[0]["z"] > 3
    assert {"name", "gamma", "schedule", "risk", "starts", "simulated", "above_optimum", "z"} == set(told[0])
    assert told[-1]["samples"] == 20.0


REFUSED = {
    "learning_rate.schedule": {"learning_rate.schedule": {"hold": 1.0, "power": 1.0}},
    "student.width": {"student.width": "inf", "learning_rate.p_exponent": 1.0, "initial": {"kind": "gaussian"}},
    "inputs": {"inputs.spectrum": {"blocks": [[0.2, 3], [0.8, 0.5]]}, "initial": {"kind": "gaussian"}},
    "integrate.equations": {"integrate.equations": "mean-field"},
    "algorithm: .*momentum": {"algorithm.momentum": {"rate": 2.0}},
    "algorithm: .*average": {"algorithm.average": {"from": 2.0}},
    "algorithm: .*repeat 2": {"algorithm.repeat": 2},
    "algorithm: .*loss clip": {"algorithm.loss": {"clip": 0.3}},
}


@pytest.mark.parametrize("key", REFUSED)
def test_what_is_not_there_is_refused_by_name(key):
    with pytest.raises(SpecError, match=key):
        optimise(load_spec(ERF, REFUSED[key]))


def test_bounds_that_are_none_are_refused():
    with pytest.raises(UsageError, match="low below high"):
        optimise(load_spec(ERF), low=2.0, high=1.0)
