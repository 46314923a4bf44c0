"""The largest stable rate of perfect learning, in all conventions."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.fixed_points import flow_of

from sgdode.equations.fixed_points.points import fixed_point
from sgdode.equations.fixed_points.stability import largest_stable_share
from sgdode.model.state import packed

KNOWN = json.loads((Path(__file__).parents[2] / "reference" / "plateaus" / "gamma_max.json").read_text())


def largest(K, a, gamma=0.7, noise=0.0, equations="full"):
    flow = flow_of(K, K, gamma, noise, a, a, equations)
    share = largest_stable_share(flow, fixed_point(flow, packed(np.eye(K), np.eye(K), np.empty(0))))
    return None if share is None else share * gamma


@pytest.mark.parametrize(("K", "known"), list(zip(KNOWN["K"], KNOWN["gamma_max"], strict=True)))
def test_committees(K, known):
    """Unnormalised, with weights √K, and means: γ(a/p)² is what counts."""
    assert largest(K, float(K)) == pytest.approx(known, rel=1e-11)
    if K > 4:
        return  # it takes long
    assert largest(K, 1.0) == pytest.approx(known * K**2, rel=1e-11)
    assert largest(K, K**0.5) == pytest.approx(known * K, rel=1e-11)


def test_where_there_is_none():
    assert largest(2, 1.0, noise=0.1) is None
    assert largest(2, 1.0, equations="gradient-flow") is None


def test_more_students_than_teachers_have_neutral_directions():
    flow = flow_of(2, 1, 0.5, 0.0, 1.0, 1.0)
    y = packed(np.ones((2, 2)), np.ones((2, 1)), np.empty(0))
    assert largest_stable_share(flow, fixed_point(flow, y)) > 0.5
