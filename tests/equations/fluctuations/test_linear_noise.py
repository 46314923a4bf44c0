"""Predicted error bars against SGD: the standard deviation over runs, and the shift of the mean, in every variant.

With S runs the observed standard deviation is off by 1/√(2S), and linear response by a relative O(√C): with 400 runs
one entry may miss by 15 % (4 × 3.5 %), the mean over all entries and times by 4 %. Square fields have heavy tails, on
which both the observed and the sampled variance converge more slowly: 20 % and 6 %.
"""

import numpy as np
import pytest
from support.noisy import BASE
from support.specs import merged

from sgdode import Trajectory, integrate, load_spec, simulate
from sgdode.equations.fluctuations import linear_noise
from sgdode.errors import SpecError

POWER = {"schedule": {"power": 0.5, "time": 0.5}}
SQUARE = {"student": {"activation": "square"}, "teacher": {"activation": "square"}, "initial": {"scale": 0.7}}
CASES = {
    "erf": {},
    # Short and small steps: this start is unstable, and noise grows out of the reach of linear response.
    "square": {**SQUARE, "dimension": 10_000, "learning_rate": 0.3, "time": {"start": 0.1, "stop": 0.3}},
    "relu": {"student": {"activation": "relu"}, "teacher": {"activation": "relu"}, "learning_rate": 0.5},
    "tanh": {"student": {"activation": "tanh"}, "teacher": {"activation": "tanh"}},
    "batch of 4": {"batch_size": 4, "learning_rate": 2.0},
    "trained output weights": {"student": {"train_output": 0.5, "output_weights": [1.0, -0.5, 1.5]}},
    "sphere": {"constraint": "spherical"},
    "schedule, decay": {"learning_rate": {"gamma": 2.0, **POWER}, "weight_decay": 0.3},
    "sphere, schedule, decay, batch, output": {
        "constraint": "spherical",
        "learning_rate": {"gamma": 2.0, **POWER},
        "weight_decay": 0.1,
        "batch_size": 3,
        "student": {"train_output": 0.5},
    },
}


@pytest.mark.parametrize("case", CASES)
def test_the_spread_of_sgd_is_the_predicted_one(case):
    spec = load_spec(merged(BASE, CASES[case]))
    theory, runs = integrate(spec), simulate(spec, jobs=2)
    single, mean = (0.2, 0.06) if case == "square" else (0.15, 0.04)
    ratios = []
    for name, curve in runs.curves.items():
        observed, predicted = curve.std(axis=0, ddof=1)[1:], theory.curves[f"{name}_std"][1:]
        moving = observed > 1e-9
        assert (predicted[~moving] < 1e-9).all()  # the lengths on the sphere
        ratios.append((predicted[moving] / observed[moving]).ravel())
    every = np.concatenate(ratios)
    assert np.abs(every - 1.0).max() < single, (every.min(), every.max())
    assert abs(every.mean() - 1.0) < mean


#: Case → runs, and the deviation without the shift that this many show, in standard errors.
SHIFTED = {
    "batch, decay": ({"batch_size": 4, "weight_decay": 0.5, "learning_rate": 2.0}, 5000, 4.5),
    "sphere, schedule, output": (
        {"constraint": "spherical", "learning_rate": {"gamma": 2.0, **POWER}, "student": {"train_output": 1.0}},
        2000,
        0.0,
    ),
}


@pytest.mark.parametrize("case", SHIFTED)
def test_the_mean_of_sgd_is_shifted_as_predicted(case):
    """At d = 25 the mean is several standard errors off the equations, and not off the predicted one."""
    changes, seeds, seen = SHIFTED[case]
    small = {"dimension": 25, "time": {"start": 2.0, "stop": 3.0, "points": 2}, "simulate": {"seeds": seeds}}
    spec = load_spec(merged(merged(BASE, small), changes))
    theory, runs = integrate(spec), simulate(spec, jobs=2)
    plain, shifted = [], []
    for name, curve in runs.curves.items():
        error = np.maximum(curve.std(axis=0, ddof=1)[1:] / np.sqrt(len(curve)), 1e-9)
        deviation = curve.mean(axis=0)[1:] - theory.curves[name][1:]
        plain.append(np.abs(deviation / error).max())
        shifted.append(np.abs((deviation - theory.curves[f"{name}_shift"][1:]) / error).max())
    assert max(shifted) < 4.5, shifted
    assert max(plain) > seen, plain


def test_perfect_learning_has_a_risk_that_fluctuates():
    """In the weights ∇R = 0 there; in (Q, M) it is not, as R is linear in what grows orthogonal to the teachers."""
    Q = [[1.0, 0.0], [0.0, 1.0]]
    changes = {
        "student": {"width": 2},
        "learning_rate": 0.2,
        "initial": {"kind": "overlaps", "Q": Q, "M": Q},
    }
    spec = load_spec(merged(BASE, changes))
    theory, runs = integrate(spec), simulate(spec, jobs=2)
    ratio = theory.curves["risk_std"][1:] / runs.risk.std(axis=0, ddof=1)[1:]
    assert np.abs(ratio - 1).max() < 0.15


def test_only_full_has_fluctuations():
    with pytest.raises(SpecError, match=r"integrate\.fluctuations"):
        load_spec(merged(BASE, {"integrate": {"equations": "gradient-flow"}}))
    wide = load_spec(merged(BASE, {"student": {"width": 100}, "integrate": {"equations": "full"}}))
    with pytest.raises(SpecError, match=r"student\.width"):
        integrate(wide)


@pytest.mark.parametrize("until", [0.5, -1.0])
@pytest.mark.parametrize("size", [1e40, np.inf])
def test_a_covariance_beyond_linear_response_is_no_error_bar(small, monkeypatch, until, size, tmp_path):
    """By orders of magnitude from t = 0.5 on, or always; or no number at all."""

    def runaway(generator, source, times, step):
        for t in times:
            if t > until and size == np.inf:
                raise FloatingPointError
            yield np.eye(12) * (size if t > until else 1e-10), np.zeros(12)

    monkeypatch.setattr(linear_noise, "propagate", runaway)
    found = integrate(small(integrate={"fluctuations": True}))
    assert any("linear noise" in warning for warning in found.warnings)
    if until < 0:
        assert not any(name.endswith(("_std", "_shift", "_valid")) for name in found.curves)
        return
    found = Trajectory.load(found.save(tmp_path / "a.h5"))
    np.testing.assert_array_equal(found.curves["risk_std_valid"], found.time <= until)
    for name in ("risk", "Q", "M"):
        for what in ("std", "shift"):
            known = np.isfinite(found.predicted(name, what)).reshape(len(found.time), -1)
            np.testing.assert_array_equal(known, np.broadcast_to(found.time[:, None] <= until, known.shape))
