"""Every rule on local fields against the same on d-dimensional weights, and what holds of every single path."""

import numpy as np
import pytest
from support.specs import merged

from sgdode import integrate, load_spec, simulate
from sgdode.simulation.columns import Updates
from sgdode.simulation.explicit_rows import plain_steps_of_rows
from sgdode.simulation.rows import Moves, steps_of_rows

BASE = {
    "dimension": 60,
    "teacher": {"width": 2, "noise": 0.1},
    "student": {"width": 3, "output_weights": [1.0, 0.8, 1.2]},
    "learning_rate": 3.0,
    "time": {"stop": 2.0, "points": 3, "spacing": "linear"},
    "simulate": {"seeds": 300},
    "initial": {"seed": 3},
}
EVERY_STEP = {"dimension": 40, "time": {"start": 0.025, "stop": 3.0, "points": 120}, "simulate": {"seeds": 2}}


def spec(rule, changes=None, method="exact"):
    return load_spec(merged(merged(BASE, changes or {}), {"algorithm": rule, "simulate": {"method": method}}))


RULES = {
    "average": ({"average": {"from": 0.8}}, {}),
    "average, batch, decay": ({"average": {"rate": 1.5}}, {"batch_size": 3, "weight_decay": 0.1}),
    "momentum and average": ({"momentum": {"rate": 2.0}, "average": {"from": 0.8}}, {}),
    "feedback, trained": ({"feedback": [1.0, -0.5, 2.0]}, {"student": {"train_output": 0.5}}),
    "dropout": ({"dropout": 0.3}, {}),
    "repeat, batch": ({"repeat": 3}, {"batch_size": 2}),
    "repeat, dropout, clip, sphere": (
        {"repeat": 2, "dropout": 0.2, "loss": {"clip": 0.3}},
        {"constraint": "spherical"},
    ),
    "logistic": ({"loss": "logistic"}, {}),
    "few dimensions": ({"average": {"rate": 1.5}}, {"dimension": 4}),
}


@pytest.mark.parametrize("case", RULES)
def test_fields_alone_have_the_law_of_weights(case):
    """57 numbers a case at most, correlated: |z| < 5.5 fails by chance below 1e-5."""
    rule, changes = RULES[case]
    exact, explicit = (simulate(spec(rule, changes, method)) for method in ("exact", "explicit"))
    assert exact.curves.keys() == explicit.curves.keys()
    for name in exact.curves:
        one, other = exact.curves[name][:, 1:], explicit.curves[name][:, 1:]
        error = np.sqrt((one.var(axis=0) + other.var(axis=0)) / len(one))
        off = np.abs(one.mean(axis=0) - other.mean(axis=0))
        assert (off <= 5.5 * error + 1e-12).all(), name


@pytest.mark.parametrize("method", ["exact", "explicit"])
def test_overlaps_with_teachers_average_as_weights_do(method):
    """M is linear in W: along a path saved at every step its mean is that of the averaged weights."""
    run = simulate(spec({"average": {"from": 1.0}}, EVERY_STEP, method))
    assert np.array_equal(run.step, np.arange(len(run.step)))
    for at in (20, 41, 60, len(run.step) - 1):
        wanted = run.M[:, 41 : at + 1].mean(axis=1) if at > 40 else run.M[:, at]
        np.testing.assert_allclose(run.curves["M_average"][:, at], wanted, atol=1e-12)
    np.testing.assert_allclose(run.curves["Q_average"][:, :41], run.Q[:, :41], atol=1e-11)
    smooth = simulate(spec({"average": {"rate": 4.0}}, EVERY_STEP, method))
    M = smooth.curves["M_average"]
    np.testing.assert_allclose(M[:, 1:], M[:, :-1] + 0.1 * (smooth.M[:, 1:] - M[:, :-1]), atol=1e-12)


def test_averages_change_nothing_of_the_iterate():
    plain, averaged = (simulate(spec(rule, EVERY_STEP, "explicit")) for rule in ({}, {"average": {"from": 2.0}}))
    np.testing.assert_allclose(averaged.Q, plain.Q, rtol=1e-12)


def test_kernels_are_made_once_a_precision():
    for kernel in (steps_of_rows, plain_steps_of_rows):
        assert kernel("float32") is kernel("float32") is not kernel("float64")
    assert len(Updates._fields) == 4
    assert len(Moves._fields) == 6


def test_feedback_by_the_output_weights_is_sgd():
    plain, fed = (simulate(spec(rule, EVERY_STEP)) for rule in ({}, {"feedback": [1.0, 0.8, 1.2]}))
    np.testing.assert_allclose(fed.Q, plain.Q, rtol=1e-9)


def test_float32_follows_float64():
    one, other = (
        simulate(spec({"average": {"rate": 2.0}}, EVERY_STEP | {"simulate": {"seeds": 1, "precision": precision}}))
        for precision in ("float64", "float32")
    )
    np.testing.assert_allclose(other.curves["Q_average"], one.curves["Q_average"], rtol=2e-3, atol=2e-3)


def test_the_path_of_a_rule_depends_on_no_saved_time():
    rule = {"momentum": {"rate": 2.0}, "average": {"rate": 1.0}}
    few, many = (simulate(spec(rule, {"time": {"points": points}, "simulate": {"seeds": 2}})) for points in (1, 40))
    assert np.array_equal(few.curves["Q_average"][:, -1], many.curves["Q_average"][:, -1])


def test_averages_lower_the_risk_by_what_the_equations_say():
    """At a constant rate, with label noise: 4 standard errors and 3δt."""
    wanted = spec({"average": {"from": 10.0}}, {"dimension": 200, "time": {"stop": 60.0}, "simulate": {"seeds": 50}})
    runs, theory = simulate(wanted), integrate(wanted)
    for name in ("risk", "risk_average"):
        final = runs.curves[name][:, -1]
        allowed = 4.0 * final.std(ddof=1) / 50**0.5 + 3.0 * wanted.step_size * theory.curves[name][-1]
        assert abs(final.mean() - theory.curves[name][-1]) < allowed, name
    assert theory.curves["risk_average"][-1] < 0.5 * theory.risk[-1]
