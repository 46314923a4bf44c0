"""The equations of learning rules against reference trajectories, and their limits."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.specs import merged

from sgdode import SpecError, integrate, load_spec
from sgdode.equations.rows_flow import RowsFlow
from sgdode.equations.system import Method
from sgdode.equations.systems import system
from sgdode.model.start_laws import start
from sgdode.spec.build import build

REFERENCE = Path(__file__).parents[1] / "reference"
#: What the overlaps of each reference are known to.
KNOWN = {"polyak": 1e-6, "dropout": 1e-8, "correlation_spherical": 1e-8}
BY_NODES = {
    "momentum_kappa": ({"momentum": {"rate": 2.0}}, 1e-7),
    "clip": ({"loss": {"clip": 0.3}}, 1e-3),
    "reuse_twice": ({"repeat": 2}, 1e-4),
    "logistic_probit_labels": ({"loss": "logistic"}, 3e-5),
}


def read(name):
    return json.loads((REFERENCE / f"rules_{name}.json").read_text())


def solved(known, Q, M, time, changes):
    spec = {
        "dimension": "inf",
        "student": {"width": len(Q)},
        "initial": {"kind": "overlaps", "Q": Q, "M": M},
        "time": {"start": time[0], "stop": time[-1], "points": round(time[-1] / time[0]), "spacing": "linear"},
        "integrate": {"rtol": known, "atol": 1e-13},
    }
    found = integrate(load_spec(merged(spec, changes)))
    return found, [int(np.argmin(np.abs(found.time - t))) for t in time]


@pytest.mark.parametrize("name", KNOWN)
def test_rules_in_closed_form(name):
    known = read(name)
    time = [round(t, 5) for t in known["time"]]
    changes = {
        "teacher": {"width": len(known["P"]), "noise": known["noise"]},
        "student": {"output_weights": known["a"]},
        **known["keys"],
    }
    found, at = solved(1e-10, known["Q"], known["M"], time, changes)
    np.testing.assert_allclose(found.risk[at], known["risk"], rtol=max(KNOWN[name], 1e-7))
    np.testing.assert_allclose(found.M[at], known["M_at"], atol=KNOWN[name])
    np.testing.assert_allclose(np.einsum("tii->ti", found.Q[at]), known["Q_diag"], atol=KNOWN[name])
    for row, averaged in zip(at, known.get("risk_average", ()), strict=False):
        if averaged and found.time[row] > 2.5:  # the average of the reference begins a little later
            assert found.curves["risk_average"][row] == pytest.approx(averaged, rel=1e-6)


@pytest.mark.parametrize("name", BY_NODES)
def test_momentum_and_rules_by_nodes(name):
    known, (rule, accuracy) = read(name), BY_NODES[name]
    about = known["parameters"]
    changes = {
        "teacher": {
            "width": 1,
            "noise": about["Delta"],
            "activation": "linear" if rule == {"loss": "logistic"} else "erf",  # the sign of the field is the label
        },
        "learning_rate": 1.0,
        "algorithm": rule,
    }
    times = [alpha / 2 for alpha in known["alpha"]]
    found, at = solved(1e-9, known["Q0"], known["M0"], times, changes)
    mine = np.concatenate([found.Q[at].reshape(len(at), -1), found.M[at].reshape(len(at), -1)], axis=1)
    np.testing.assert_allclose(mine, known["ode_QM"], atol=accuracy)
    if name != "logistic_probit_labels":
        np.testing.assert_allclose(found.risk[at], known["sim_risk"], atol=4.5 * max(known["sim_se"]), rtol=3e-3)


START = {"teacher": {"width": 1, "noise": 0.1}, "learning_rate": 1.0}
Q, M = [[1.0, 0.2], [0.2, 0.8]], [[0.3], [0.1]]


def final(rule, **changes):
    return solved(1e-10, Q, M, [1.0, 5.0], {**START, "algorithm": rule, **changes})[0]


def test_a_short_memory_is_sgd():
    """Its error falls as 1/κ; a fixed β has none in the flow."""
    plain = final({}).risk[-1]
    off = [abs(final({"momentum": {"rate": rate}}).risk[-1] - plain) for rate in (100.0, 1000.0)]
    assert 8.0 < off[0] / off[1] < 12.0
    assert final({"momentum": {"beta": 0.9}}).risk[-1] == pytest.approx(plain, rel=1e-9)


def test_rows_go_with_an_average_alone():
    for rule, rows in (({}, False), ({"average": {"rate": 1.0}}, True), ({"momentum": {"beta": 0.5}}, False)):
        problem = build(final(rule).spec)
        found = system(problem, start(problem), "full", Method()).rhs
        assert isinstance(found, RowsFlow) == rows


def test_a_fast_average_is_the_iterate():
    found = final({"average": {"rate": 1e5}})
    np.testing.assert_allclose(found.curves["Q_average"], found.Q, atol=1e-4)


@pytest.mark.parametrize("equations", ["full", "gradient-flow", "gradient-flow-noise"])
def test_the_mean_of_m_is_that_of_the_average(equations):
    """M is linear in W: (1/(α − α₀)) ∫ M dα, by Simpson's rule on the saved times; at a rate that falls, too."""
    rate = {"gamma": 1.0, "schedule": {"power": 0.5, "time": 1.0}}
    rule = {"average": {"from": 2.0}}
    changes = {"learning_rate": rate, "integrate": {"equations": equations}, "algorithm": rule}
    found = solved(1e-10, Q, M, [0.005, 5.0], {**START, **changes})[0]
    t = found.time
    alpha = 2.0 / 1.5 * ((1.0 + t) ** 1.5 - 1.0)
    np.testing.assert_allclose(build(found.spec).clock.samples_at(t), alpha, rtol=1e-12)
    grid = np.linspace(2.0, alpha[-1], 4001)
    values = np.interp(grid, alpha, found.M[:, 0, 0])
    wanted = np.sum((values[1:] + values[:-1]) * np.diff(grid)) / 2.0 / (alpha[-1] - 2.0)
    assert found.curves["M_average"][-1, 0, 0] == pytest.approx(wanted, rel=1e-5)
    before = alpha < 2.0
    np.testing.assert_array_equal(found.curves["Q_average"][before], found.Q[before])


@pytest.mark.parametrize(
    ("rule", "changes", "words"),
    [
        (
            {"dropout": 0.2},
            {"integrate": {"equations": "mean-field-high-d"}},
            "does not hold dropout; its equations are full",
        ),
        ({"average": {"from": 1}}, {"integrate": {"equations": "mean-field-high-d"}}, "does not hold average"),
        ({"loss": "absolute"}, {"integrate": {"equations": "gradient-flow"}}, "does not hold loss absolute"),
        ({"repeat": 2}, {"student": {"train_output": 1.0}}, "for simulate alone"),
        ({"repeat": 2, "dropout": 0.1}, {}, "for simulate alone"),
    ],
)
def test_what_no_equations_hold_is_refused_by_name(rule, changes, words):
    with pytest.raises(SpecError, match=words):
        final(rule, **changes)
