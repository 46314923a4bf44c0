"""Averages of the columns of every rule against a million Gaussian samples, and against closed forms."""

import math

import numpy as np
import pytest
from scipy.special import erf
from support.specs import merged

from sgdode import load_spec
from sgdode.equations.rule_flows import without_units
from sgdode.equations.system import Method
from sgdode.equations.systems import system
from sgdode.gaussian.node_averages import NodeAverages
from sgdode.model.learning import LOSSES
from sgdode.model.start_laws import start
from sgdode.spec.build import build

RULES = {
    "correlation": {"loss": "correlation"},
    "feedback": {"feedback": [0.7, -1.4]},
    "dropout": {"dropout": 0.4},
    "clip": {"loss": {"clip": 0.3}},
    "absolute": {"loss": "absolute"},
    "logistic": {"loss": "logistic"},
    "repeat": {"repeat": 3},
    "repeat, clip, feedback": {"repeat": 2, "loss": {"clip": 0.5}, "feedback": [0.7, -1.4]},
}
BASE = {
    "dimension": "inf",
    "teacher": {"width": 1, "noise": 0.2},
    "student": {"width": 2, "output_weights": [1.0, 0.6]},
    "learning_rate": 1.5,
    "time": {"stop": 1.0},
    "initial": {"kind": "overlaps", "Q": [[1.0, 0.2], [0.2, 0.8]], "M": [[0.5], [0.2]]},
}


def problem_of(rule):
    return build(load_spec(merged(BASE, {"algorithm": rule})))


def activation(x):
    return erf(x / math.sqrt(2.0)), math.sqrt(2.0 / math.pi) * np.exp(-0.5 * x * x)


def residuals(rule, y, f):
    return {
        "squared": lambda: y - f,
        "correlation": lambda: y,
        "absolute": lambda: np.sign(y - f),
        "clip": lambda: np.clip(y - f, -rule.size, rule.size),
        "logistic": lambda: np.sign(y) / (1.0 + np.exp(np.sign(y) * f)),
    }[next(name for name, loss in LOSSES.items() if loss is rule.loss)]()


def sampled_columns(problem, Omega, count, seed):
    """Columns c (count,p) and fields (count,n) of samples, straight from what a step does."""
    rng, rule, a = np.random.default_rng(seed), problem.rule, problem.student.a
    fields = rng.standard_normal((count, len(Omega))) @ np.linalg.cholesky(Omega).T
    y = activation(fields[:, 2])[0] + math.sqrt(problem.teacher.noise) * rng.standard_normal(count)
    lead = np.array(rule.feedback) if rule.feedback else a
    keep, total = 1.0 - rule.dropout, np.zeros((count, 2))
    for _ in range(rule.repeat):
        part = (rng.random((count, 2)) < keep) / keep
        s, slope = activation(fields[:, :2] + problem.noise_rate * total)
        total = total + part * lead * slope * residuals(rule, y, (part * a * s).mean(axis=1))[:, None]
    return total, fields


@pytest.mark.parametrize("name", RULES)
def test_a_step_in_the_mean_is_that_of_samples(name):
    """5 standard errors; what is 2% off is found."""
    problem = problem_of(RULES[name])
    beginning = start(problem)
    flow = system(problem, beginning, "full", Method()).rhs
    V = flow.averages(0.0, flow.y.copy())
    D, V = flow.at.F.copy(), V * np.outer(flow.at.lead, flow.at.lead)
    c, fields = sampled_columns(problem, flow.at.Omega, 1_000_000, 1)
    for theory, other in ((D, fields), (V, c)):
        assert largest_z(theory, c, other) < 5.0
    assert max(largest_z(1.02 * D, c, fields), largest_z(1.02 * V, c, c)) > 5.0


def largest_z(theory, one, other):
    """Of the means of all products of columns (N,·), in their standard errors."""
    mean, square = one.T @ other / len(one), (one * one).T @ (other * other) / len(one)
    return np.max(np.abs(mean - theory) / np.sqrt((square - mean * mean) / len(one)))


def test_nodes_of_what_is_linear_are_the_closed_forms():
    """Clip with c = ∞ and one update are SGD, by nodes to 1e-12, and nodes are the closed forms."""
    plain = problem_of({})
    flow = system(plain, start(plain), "full", Method()).rhs
    V = flow.averages(0.0, flow.y.copy())
    nodes = NodeAverages(plain)
    given = flow.at.Omega, flow.at.a, 0.75, nodes.rules[0]
    D, of_nodes = nodes.averages(*given)
    np.testing.assert_allclose(flow.at.lead[:, None] * D, flow.at.F, atol=3e-7)
    np.testing.assert_allclose(of_nodes, V, atol=3e-7)
    clipped = NodeAverages(problem_of({"loss": {"clip": 1.0}}))
    clipped.rule = type(clipped.rule)(loss=clipped.rule.loss, size=math.inf)
    for one, other in zip(clipped.averages(*given), (D, of_nodes), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_no_unit_left_out_is_sgd():
    plain = problem_of({})
    flow = system(plain, start(plain), "full", Method()).rhs
    V, found = flow.averages(0.0, flow.y.copy()), np.empty((2, 2))
    without_units(flow.variance, 2, 1.0).fill(flow.at.Omega, flow.at.v, 0.2, found)
    np.testing.assert_allclose(found, V, rtol=1e-14)


@pytest.mark.parametrize("name", ["absolute", "clip", "logistic"])
def test_the_label_noise_is_averaged_as_by_quadrature(name):
    loss, rng = LOSSES[name], np.random.default_rng(0)
    f_star, f = rng.standard_normal(20), rng.standard_normal(20)
    first, second = loss.averaged(f_star, f, 0.7, 0.4)
    z = np.linspace(-8.0, 8.0, 40_001)
    weights = np.exp(-0.5 * z * z) / np.exp(-0.5 * z * z).sum()
    values = np.array(
        [[loss.residual(y, one, 0.4) for y in star + 0.7 * z] for star, one in zip(f_star, f, strict=True)]
    )
    np.testing.assert_allclose(first, values @ weights, atol=2e-4)
    np.testing.assert_allclose(second, values**2 @ weights, atol=2e-4)
