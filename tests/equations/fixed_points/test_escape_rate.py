"""The escape rate is the growth of a small distance along the equations."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from support.fixed_points import flow_of

from sgdode.equations.fixed_points.points import search


@pytest.mark.parametrize(("p", "gamma"), [(2, 0.5), (2, 1.5), (3, 0.5)])
def test_distances_grow_at_the_escape_rate(p, gamma):
    flow = flow_of(p, p, gamma, 0.0, float(p), float(p))
    points = [point for point in search(flow, 50.0, 0) if point.name == "unspecialised"]
    assert points
    for point in points:
        r = point.escape_rate
        off = 1e-11 * np.random.default_rng(1).normal(size=point.y.size)
        times = np.log([1e4, 1e6]) / r
        path = solve_ivp(
            lambda t, y: flow.velocity(y), (0, times[-1]), point.y + off, "DOP853", times, rtol=1e-12, atol=1e-17
        )
        distance = np.linalg.norm(path.y - point.y[:, None], axis=0)
        assert np.log(distance[1] / distance[0]) / (times[1] - times[0]) == pytest.approx(r, rel=1e-4)
