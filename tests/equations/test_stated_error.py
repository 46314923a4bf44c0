"""The stated error of the risk: it holds, files carry it, and no theory is written that is not known."""

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode.equations.stated_error import path_error
from sgdode.equations.system import System
from sgdode.errors import RunError, SpecError
from sgdode.gaussian.variance import sigmoidal
from sgdode.model.activations import Activation
from sgdode.reporting import Reporter
from sgdode.results.trajectory import LARGEST_RISK_ERROR, Trajectory
from sgdode.runs.engines import integrate, simulate
from sgdode.runs.run import perform
from sgdode.spec.load import load_spec

TANH = merged(SMALL, {"student": {"activation": "tanh"}, "teacher": {"activation": "tanh"}})


def test_it_holds_and_is_not_idle(monkeypatch):
    """A rough sum of erfs against a fine one: the risk is off by what is stated, and that is no thousand times more."""
    tight = merged(TANH, {"integrate": {"rtol": 1e-10, "atol": 1e-13}, "learning_rate": 2.0})
    right = integrate(load_spec(tight)).risk
    coarse, method = sigmoidal.Accuracy(sigmoidal.NINE, 1e-4, 1e-3), sigmoidal.sigmoidal_variance
    monkeypatch.setattr(sigmoidal, "sigmoidal_variance", lambda student, teacher: method(student, teacher, coarse))
    rough = integrate(load_spec(tight))
    off, stated = np.max(np.abs(rough.risk / right - 1.0)), float(rough.attributes["risk_error"])
    assert 1e-8 < off <= stated <= 1000.0 * off


def test_files_of_either_engine_carry_it():
    for run in (simulate(load_spec(TANH)), integrate(load_spec(TANH))):
        assert 0.0 < float(run.attributes["risk_error"]) < 1e-6
    assert float(simulate(load_spec(SMALL)).attributes["risk_error"]) == 0.0


def test_a_steep_activation_of_ones_own_has_a_large_one():
    """Its kernel is a series that is cut: the risk that a simulation measures is off, and the file says by how much."""
    steep = Activation(
        f=lambda x: np.tanh(300.0 * x), df=lambda x: 300.0 / np.cosh(np.minimum(abs(300.0 * x), 300.0)) ** 2
    )
    spec = load_spec(
        merged(SMALL, {"student": {"activation": "mine"}, "teacher": {"activation": "mine"}}),
        activations={"mine": steep},
    )
    assert float(simulate(spec).attributes["risk_error"]) > 1e-4


def test_a_theory_that_is_not_known_is_not_written(tmp_path, monkeypatch):
    spec, path = load_spec(TANH), tmp_path / "theory.h5"
    monkeypatch.setattr("sgdode.results.trajectory.LARGEST_RISK_ERROR", 1e-15)
    with pytest.raises(RunError, match=r"the risk is known to .* --force"):
        perform(spec, "integrate", path, Reporter(quiet=True))
    assert not path.exists()
    perform(spec, "integrate", path, Reporter(quiet=True), force=True)
    assert float(Trajectory.load(path).attributes["risk_error"]) > 1e-15
    assert LARGEST_RISK_ERROR == 0.01


def test_what_is_too_steep_is_refused_by_its_key():
    fast = Activation(f=lambda x: np.cos(500.0 * x), df=lambda x: -500.0 * np.sin(500.0 * x))
    with pytest.raises(SpecError, match=r"student\.activation.*too steep"):
        integrate(load_spec(merged(SMALL, {"student": {"activation": "fast"}}), activations={"fast": fast}))


def test_what_is_known_of_a_system_is_the_least_that_is_stated():
    system = System("any", np.zeros(1), lambda t, y, ydot: None, lambda states: {}, error=1e-3)
    assert path_error(system, np.zeros(1), np.zeros((1, 1))) == 1e-3


def test_a_loose_tolerance_may_leave_variances_below_zero():
    loose = {
        "dimension": 3,
        "teacher": {"width": 1, "activation": "relu"},
        "student": {"width": 1, "activation": "square"},
        "learning_rate": 2.0,
        "time": {"stop": 2.0, "points": 1},
        "integrate": {"equations": "gradient-flow", "atol": 0.1},
    }
    assert integrate(load_spec(loose)).status == "complete"
