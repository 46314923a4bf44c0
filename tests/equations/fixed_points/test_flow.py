"""F and its Jacobian at stationary points, with and without a closed form, and what has none."""

import numpy as np
import pytest
from support.fixed_points import flow_of

from sgdode.equations.fluctuations.jacobian import central
from sgdode.errors import SpecError


def test_gradient_flow_has_a_closed_form_too():
    flow, gradient = (flow_of(3, 2, 0.5, 0.1, 1.0, 1.0, name) for name in ("full", "gradient-flow"))
    y = flow.equations.y0
    for one in (flow, gradient):
        assert one.closed
        np.testing.assert_allclose(one.jacobian(y), central(one.equations, 0.0, y, 1e-5), atol=1e-8)
    assert np.abs(flow.jacobian(y) - gradient.jacobian(y)).max() > 1e-3


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"equations": "mean-field"}, "integrate.equations"),
        ({"p": 39, "k": 3}, "student.width"),
    ],
)
def test_what_has_no_stationary_points_is_refused_by_its_key(changes, key):
    with pytest.raises(SpecError, match=key):
        flow_of(**{"p": 2, "k": 2, "gamma": 1.0, "noise": 0.0, "a": 1.0, "a_star": 1.0, **changes})
