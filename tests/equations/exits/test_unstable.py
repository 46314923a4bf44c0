"""The unstable directions of a point: dual, invariant, and their noise."""

import numpy as np
import pytest
from support.exits import passed, phase_retrieval

from sgdode.equations.exits.unstable import unstable


def test_directions_are_dual_and_invariant():
    flow, plateau = passed(phase_retrieval(2, 1, 0.1, 1e4))
    left = unstable(flow, plateau.point.y)
    assert left.right.shape[1] == 2
    assert left.rate == pytest.approx(3.5, rel=1e-2)
    assert left.left.T @ left.right == pytest.approx(np.eye(2), abs=1e-10)
    J = flow.jacobian(left.y)
    J[~flow.free] = 0.0
    assert J @ left.right == pytest.approx(left.right @ left.growth, abs=1e-6)
    assert left.single_rate
    assert np.linalg.eigvalsh(left.covariance).min() > 0
