"""Newton's method: it ends at round-off, and nowhere else."""

import numpy as np
import pytest
from support.fixed_points import flow_of

from sgdode.equations.fixed_points.newton import newton


def test_from_near_a_point_to_round_off():
    flow = flow_of(2, 2, 1.0, 0.0, 2.0, 2.0)
    found = newton(flow, np.array([0.45, 0.3, 0.45, 0.4, 0.4, 0.4, 0.4]))
    assert found is not None
    assert np.linalg.norm(flow.velocity(found)) < 1e-14
    assert found[0] == pytest.approx(found[2], abs=1e-12)


def test_what_is_no_overlap_of_weights_is_no_point():
    flow = flow_of(2, 2, 2.2, 0.0, 2.0, 2.0)
    invalid = newton(flow, np.array([0.8, 0.1, 0.8, 1.0, 0.0, 0.0, 1.0]))
    assert invalid is None or flow.smallest_eigenvalue(invalid) > -1e-8
    assert newton(flow, np.full(7, 1e6)) is None
    assert newton(flow, np.full(7, np.nan)) is None
