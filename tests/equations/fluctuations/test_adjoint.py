"""The sweep of the adjoint: its parts against plain linear algebra, and risk_std against a dense covariance."""

import numpy as np
import pytest
from scipy.linalg import expm
from support.specs import merged

from sgdode import integrate, load_spec
from sgdode.equations.dense_path import DensePath
from sgdode.equations.fluctuations.adjoint import (
    Columns,
    half_step,
    largest_rate,
    log2_nodes,
    step_ends,
)
from sgdode.errors import SpecError

RNG = np.random.default_rng(3)
ERF = {
    "dimension": 1000,
    "teacher": {"width": 2, "noise": 0.01},
    "student": {"width": 3},
    "learning_rate": 1.0,
    "time": {"stop": 100.0, "points": 40},
    "integrate": {"equations": "full", "fluctuations": True},
}
RISK = {"integrate": {"fluctuations": "risk"}}


def stable(size):
    J = RNG.standard_normal((size, size))
    return J - (np.linalg.eigvals(J).real.max() + 0.5) * np.eye(size)


@pytest.mark.parametrize(("h", "error"), [(0.2, 1e-4), (1.0, 2e-2), (50.0, 7e-2)])
def test_half_a_step_is_the_exponential(h, error):
    J = stable(6) if h < 2.0 else -np.diag(np.logspace(-3, 0, 6))  # of a long step, what it does not resolve is gone
    norm = largest_rate(J)
    assert norm == pytest.approx(np.linalg.norm(J, 2), rel=1e-2)
    g = RNG.standard_normal((6, 2))
    found = half_step(J, h / norm, norm, 2)(g)
    np.testing.assert_allclose(found, expm(0.5 * h / norm * J.T) @ g, atol=error * np.abs(g).max() * 3)


def test_parts_of_a_step_where_they_cost_less_than_a_factorisation():
    rates, g = -np.linspace(0.1, 1.0, 1000), RNG.standard_normal((1000, 1))
    found = half_step(np.diag(rates), 3.0, 1.0, 1)(g)
    np.testing.assert_allclose(found, np.exp(1.5 * rates)[:, np.newaxis] * g, atol=1e-3)


def test_steps_are_short_before_each_saved_time():
    t = np.linspace(0.0, 100.0, 1001)
    path = DensePath(t, np.zeros((1001, 1)), np.zeros((1001, 1)))
    times = np.array([0.0, 10.0, 50.0, 100.0])
    ends = step_ends(path, times, 2.0)
    assert set(times) <= set(ends)
    lengths = np.diff(ends)
    for time in times[1:]:
        assert lengths[np.searchsorted(ends, time) - 1] <= 0.5 + 1e-12
    assert lengths.max() <= 0.8 + 1e-12  # eight steps of the solver


def test_compressed_columns_span_what_they_did():
    basis, mixing = RNG.standard_normal((30, 4)), RNG.standard_normal((4, 50)) * np.logspace(-8, 8, 50)
    columns = Columns(np.zeros((30, 0)), np.zeros((0, 0)))
    for column in (basis @ mixing).T:
        columns = columns.joined(column)
    less = columns.compressed()
    assert less.basis.shape == (30, 4)
    right = (basis @ mixing)[:, ::-1]
    np.testing.assert_allclose(less.basis @ less.weights, right, atol=0, rtol=1e-9)
    root = RNG.standard_normal((30, 30))
    product = less.basis.T @ (root @ root.T) @ less.basis
    np.testing.assert_allclose(less.gains(product), np.sum((root.T @ right) ** 2, axis=0), rtol=1e-9)


def test_fewer_nodes_for_many_overlaps():
    assert log2_nodes(68) > log2_nodes(656)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"student": {"activation": "relu"}, "teacher": {"activation": "relu"}, "learning_rate": 0.5},
        {"constraint": "spherical", "batch_size": 2, "weight_decay": 0.1, "time": {"stop": 10.0}},
        {
            "student": {"train_output": 0.5},
            "time": {"stop": 10.0},
            "learning_rate": {"gamma": 1.0, "schedule": {"power": 0.5, "time": 1.0}},
        },
    ],
    ids=["erf", "relu", "sphere, batch, decay", "output weights, schedule"],
)
def test_risk_std_is_that_of_a_dense_covariance(changes):
    spec = merged(ERF, changes)
    dense, swept = integrate(load_spec(spec)), integrate(load_spec(merged(spec, RISK)))
    np.testing.assert_array_equal(swept.risk, dense.risk)
    both = np.flatnonzero(dense.curves["risk_std_valid"] * swept.curves["risk_std_valid"])
    assert len(both) > 30
    off = np.abs(swept.curves["risk_std"] / np.maximum(dense.curves["risk_std"], 1e-300) - 1.0)[both[both > 0]]
    assert np.median(off) < 0.02
    assert off.max() < 0.05
    assert off.max() < 2.5 * swept.attributes["risk_std_error"] + 0.02
    assert 0 < swept.attributes["risk_std_error"] < 0.05


def test_what_is_saved_and_what_is_refused():
    swept = integrate(load_spec(merged(ERF, RISK | {"time": {"stop": 1.0, "points": 3}})))
    assert {"risk_std", "risk_std_valid"} == {name for name in swept.curves if "_std" in name or "_shift" in name}
    with pytest.raises(SpecError, match="must be true, false, risk or ensemble"):
        load_spec(merged(ERF, {"integrate": {"fluctuations": "all"}}))
    with pytest.raises(SpecError, match=r"set integrate\.fluctuations: risk"):
        integrate(load_spec(merged(ERF, {"student": {"width": 64}})))
    with pytest.raises(SpecError, match=r"out of reach \(up to 5000\)"):
        integrate(load_spec(merged(ERF, RISK | {"student": {"width": 120}})))
