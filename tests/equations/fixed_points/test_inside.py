"""∂F/∂y by differences inside the overlaps of weights, against closed forms."""

import numpy as np
from support.fixed_points import flow_of

from sgdode.equations.fixed_points.inside import jacobian_inside
from sgdode.equations.fluctuations.jacobian import central


def test_at_perfect_learning_nothing_is_clipped():
    """There Ψ(Var) is 0, the least it can be: differences of the clipped one have half of the slope, or none."""
    y = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0])
    flow = flow_of(2, 2, 1.0, 0.0, 2.0, 2.0)
    right = flow.jacobian(y)
    assert np.abs(central(flow.equations, 0.0, y, 1e-5) - right).max() > 0.1
    np.testing.assert_allclose(jacobian_inside(flow, y), right, atol=1e-6)


def test_elsewhere():
    flow = flow_of(3, 2, 0.5, 0.1, 1.0, 1.0)
    y = flow.equations.y0
    np.testing.assert_allclose(jacobian_inside(flow, y), flow.jacobian(y), atol=1e-7)
