"""Linear samples: their spread is that of a dense covariance, in every entry."""

import numpy as np
import pytest
from equations.fluctuations.test_adjoint import ERF
from support.specs import merged

from sgdode import integrate, load_spec
from sgdode.equations.fluctuations import samples


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"constraint": "spherical", "batch_size": 2, "weight_decay": 0.1},
        {"student": {"train_output": 0.5}, "learning_rate": {"gamma": 1.0, "schedule": {"power": 0.5, "time": 1.0}}},
    ],
    ids=["erf", "sphere, batch, decay", "output weights, schedule"],
)
def test_the_spread_of_every_overlap(changes):
    """N = 200 samples: 5% each, so 4 times that; their mean over entries and times to a few percent."""
    spec = merged(ERF, {"time": {"stop": 10.0, "points": 12}, **changes})
    dense = integrate(load_spec(spec))
    found = integrate(load_spec(merged(spec, {"integrate": {"fluctuations": "ensemble"}})))
    assert not [name for name in found.curves if name.endswith("_shift")]
    ratios = []
    for name in ("Q_std", "M_std", "output_weights_std"):
        if name in dense.curves:
            right, sampled = dense.curves[name][1:], found.curves[name][1:]
            moving = right > 1e-9
            assert (sampled[~moving] < 1e-9).all()  # the lengths on the sphere
            ratios.append((sampled[moving] / right[moving]).ravel())
    every = np.concatenate(ratios)
    assert np.abs(every - 1.0).max() < 4.0 / np.sqrt(2.0 * samples.TO_SHOW)
    assert abs(every.mean() - 1.0) < 0.05


def test_single_precision_is_enough(monkeypatch):
    """Where J is large it is kept in it: the error bars of a percent stay as they are to a thousandth."""
    spec = load_spec(merged(ERF, {"integrate": {"fluctuations": "ensemble"}, "time": {"stop": 100.0, "points": 12}}))
    double = integrate(spec)
    monkeypatch.setattr("sgdode.equations.fluctuations.jacobian._DOUBLE_UP_TO", 0)
    single = integrate(spec)
    for name in ("risk_std", "Q_std", "M_std"):
        assert (single.curves[name] != double.curves[name]).any()
        np.testing.assert_allclose(single.curves[name], double.curves[name], rtol=1e-3, atol=1e-12)
