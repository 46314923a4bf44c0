"""The theorems, measured: slopes with their errors, small and quick."""

import numpy as np
import pytest

from sgdode.analysis.theorems import (
    _gradient_flow,
    _problem,
    _states,
    fit,
    high_dimensional_to_mean_field,
    mean_field_to_gradient_flow,
    sgd_to_full,
)
from sgdode.cli.tables import printed, slope_table


@pytest.fixture(scope="module")
def slopes():
    return [
        sgd_to_full((400, 1600, 6400), 40, 0),
        mean_field_to_gradient_flow((50, 100, 200), 8, 0),
        high_dimensional_to_mean_field((8, 32, 128), 4, 0),
    ]


def test_the_theorems_hold(slopes):
    for slope in slopes:
        assert slope.holds, slope.line()
        assert slope.error < 0.25
    assert slopes[0].slope > 0.35
    assert slopes[2].slope < -0.8  # faster than proven: the deviation is even in the angle


def test_a_wrong_slope_is_seen():
    rng = np.random.default_rng(0)
    x = np.array([1.0, 4.0, 16.0])
    words = {"theorem": "1", "deviation": "a to b", "against": "x", "expected": 0.5}
    right, wrong = (
        fit(x, [size ** (2 * power) * rng.chisquare(1, 200) for size in x], **words) for power in (0.5, 0.0)
    )
    assert right.holds
    assert not wrong.holds
    assert abs(right.slope - 0.5) < 5 * right.error


def test_gradient_flow_on_the_factor_is_gradient_flow():
    from sgdode.equations.full import gradient_flow
    from sgdode.model.start_laws import start
    from sgdode.model.starts import STARTS, Initial

    problem = _problem(5, 20, Initial(STARTS["gaussian"], {"scale": 1.0}, 3))
    times = np.array([0.0, 1.0, 3.0])
    equations = gradient_flow(problem, start(problem))
    found = equations.curves(_states(equations, times))
    M, q = _gradient_flow(problem, times)
    np.testing.assert_allclose(M, found["M"], atol=1e-4)
    orthogonal = np.diagonal(found["Q"], axis1=1, axis2=2) - (found["M"] ** 2).sum(axis=2)
    np.testing.assert_allclose(q, orthogonal, atol=1e-4)


def test_the_table(slopes):
    text = printed(slope_table(slopes))
    assert "gradient flow" in text
    assert text.count("holds") == 3
