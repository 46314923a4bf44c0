"""Which plateau a start lies on, and what is said where it lies on none."""

import pytest
from support.exits import passed, phase_retrieval

from sgdode.errors import RunError

COMMITTEE = {
    "dimension": 1e4,
    "teacher": {"width": 2, "output_weights": "width"},
    "student": {"width": 2, "output_weights": "width"},
    "learning_rate": 1.0,
    "time": {"stop": 60},
}


def test_an_ordinary_start_passes_the_plateau():
    _, plateau = passed(COMMITTEE | {"initial": {"kind": "gaussian", "seed": 3}})
    assert plateau.point.name == "unspecialised"
    assert plateau.left.rate == pytest.approx(0.118281, rel=1e-4)
    assert not plateau.on
    assert 0 < plateau.time < 30
    assert plateau.distance < 0.5


def test_a_stable_point_is_no_plateau():
    """Phase retrieval at γ ≥ 1/6 never leaves M = 0: r = 4 − 24γ."""
    with pytest.raises(RunError, match=r"stable, nothing to escape: r = -0\.8"):
        passed(phase_retrieval(1, 1, 0.2, 1e4))
