"""Points followed in γ: values found by other means, where stability changes, and where a branch is lost."""

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from support.fixed_points import flow_of

from sgdode.equations.fixed_points.continuation import branches
from sgdode.equations.fixed_points.points import search

KNOWN = json.loads((Path(__file__).parents[2] / "reference" / "plateaus" / "continuation_gamma.json").read_text())


def followed(K, gamma, grid):
    flow_at = lru_cache(maxsize=None)(lambda value: flow_of(K, K, value, 0.0, float(K), float(K)))
    found = branches(flow_at, np.asarray(grid), gamma, search(flow_at(gamma), 1.0, 0))
    return {branch.points[0].name: branch for branch in found}


def test_the_plateau_of_a_committee_of_three():
    rows = np.array(KNOWN["rows"])
    plateau = followed(3, 0.5, rows[:, 0])["unspecialised"]
    np.testing.assert_array_equal(plateau.values, rows[:, 0])
    np.testing.assert_allclose([point.risk for point in plateau.points], rows[:, 4], rtol=1e-10)
    np.testing.assert_allclose([point.escape_rate for point in plateau.points], rows[:, 5], rtol=1e-10)
    assert [point.unstable for point in plateau.points] == rows[:, 6].tolist()
    assert len(plateau.changes) == 1
    assert 1.2 < plateau.changes[0] < 1.4


def test_where_stability_changes_and_where_a_branch_goes_to_infinity():
    found = followed(2, 0.3, np.linspace(0.3, 4.5, 8))
    assert found["perfect"].changes == pytest.approx([2.3068277], abs=1e-5)
    assert found["perfect"].lost == (None, None)
    lost = found["unspecialised"].lost[1]
    assert lost == pytest.approx(3.64, abs=0.06)
    assert found["unspecialised"].values[-1] <= lost
