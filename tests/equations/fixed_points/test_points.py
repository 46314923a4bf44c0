"""Stationary points against values found by other means, and what they are called."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.fixed_points import flow_of

from sgdode.equations.fixed_points.points import fixed_point, is_trap, ordered, search

KNOWN = Path(__file__).parents[2] / "reference" / "plateaus"
CASES = json.loads((KNOWN / "fixed_points.json").read_text())["cases"]
SYMMETRIC = json.loads((KNOWN / "unspecialised.json").read_text())["points"]


def named(case):
    return "{p},{k} γ={gamma} Δ={noise} {equations}".format(**case)


@pytest.mark.parametrize("case", CASES, ids=map(named, CASES))
def test_all_known_points_are_found_with_their_eigenvalues(case):
    flow = flow_of(case["p"], case["k"], case["gamma"], case["noise"], case["a"], case["a_star"], case["equations"])
    points = search(flow, 200.0, 60 if case["p"] > case["k"] else 10)
    close = 1e-7 if case["equations"] == "gradient-flow" else 1e-10  # a singular J leaves eight digits
    for known in case["points"]:
        wanted = np.sort(np.ravel(known["Q"]))
        found = min(points, key=lambda point: np.abs(np.sort(point.Q.ravel()) - wanted).max() + abs(point.risk))
        np.testing.assert_allclose(np.sort(found.Q.ravel()), wanted, atol=close)
        assert found.risk == pytest.approx(known["risk"], abs=1e-12)
        assert found.unstable == known["unstable"]
        assert found.residual < 1e-11
        np.testing.assert_allclose(found.eigenvalues.real, np.sort(known["eigenvalues"])[::-1], atol=10 * close)


@pytest.mark.parametrize("known", SYMMETRIC, ids=lambda known: f"{known['p']},{known['k']} γ={known['gamma']}")
def test_the_unspecialised_plateau_and_its_unstable_directions(known):
    flow = flow_of(known["p"], known["k"], known["gamma"], known["noise"], known["a"], known["a_star"])
    point = next(one for one in search(flow, 1.0, 0) if abs(one.risk / known["excess_risk"] - 1.0) < 1e-6)
    assert point.name == "unspecialised"
    assert point.escape_rate == pytest.approx(known["escape_rate"], rel=1e-9)
    assert point.unstable == known["unstable"]


def test_a_stable_point_above_the_best_risk_comes_first():
    points = search(flow_of(3, 2, 0.5, 0.0, 3.0, 2.0), 200.0, 60)
    assert points[0].name == "partial"
    assert points[0].risk == pytest.approx(0.00184714, abs=1e-8)
    assert is_trap(points[0], points)
    assert points[1].name == "perfect"
    assert ordered(points[::-1]) == points


def test_phase_retrieval_on_the_sphere():
    """M = 0 is left at the rate 4 − 24γ (square, p = k = 1): not at all from γ = 1/6 on."""
    for gamma in (0.05, 0.2):
        flow = flow_of(1, 1, gamma, 0.0, 1.0, 1.0, activation="square", constraint="spherical")
        point = fixed_point(flow, np.array([1.0, 0.0]))
        assert point.escape_rate == pytest.approx(4.0 - 24.0 * gamma, rel=1e-6)
        assert point.unstable == (gamma < 1 / 6)
        assert len(point.eigenvalues) == 1


def test_relu_too():
    """By differences, and where nothing is clipped: perfect learning is stable."""
    points = search(flow_of(2, 2, 0.2, 0.0, 1.0, 1.0, activation="relu"), 50.0, 4)
    perfect = next(point for point in points if point.name == "perfect")
    assert perfect.unstable == 0
    assert {point.name for point in points} > {"perfect"}
