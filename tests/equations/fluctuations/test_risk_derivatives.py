"""The slope of the risk in the overlaps."""

import numpy as np
from support.noisy import BASE
from support.specs import merged

from sgdode import load_spec
from sgdode.equations.fluctuations.risk_derivatives import RiskSlope
from sgdode.gaussian.risk import risk_function
from sgdode.model.start_laws import start
from sgdode.model.state import packed, unpacked
from sgdode.spec.build import build


def test_the_gradient_of_the_risk():
    spec = load_spec(merged(BASE, {"student": {"train_output": 0.5, "activation": "tanh"}}))
    problem = build(spec)
    begin = start(problem)
    risk = risk_function(problem)
    y = packed(begin.overlaps.Q, begin.overlaps.M, begin.a)

    def value(state):
        Q, M, a = unpacked(state[np.newaxis], 3, 2)
        return risk(Q[0], M[0], begin.overlaps.P, a[0])

    numerical = [(value(y + step) - value(y - step)) / 2e-6 for step in 1e-6 * np.eye(len(y))]
    np.testing.assert_allclose(RiskSlope(problem, begin).gradient(y), numerical, atol=1e-9)
