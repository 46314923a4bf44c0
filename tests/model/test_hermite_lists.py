"""Hermite lists that were cut off."""

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import load_spec
from sgdode.gaussian.hermite import hermite_coefficients
from sgdode.model.activations import ACTIVATIONS, hermite_series
from sgdode.model.hermite_lists import caution, degree, growth, left_out
from sgdode.spec.build import build


def swish(x):
    return x / (1 + np.exp(-x))


@pytest.mark.parametrize("n", [12, 16])
@pytest.mark.parametrize(
    "f", [swish, np.sin, np.tanh, lambda x: np.maximum(x, 0.0), np.cos], ids=["swish", "sin", "tanh", "relu", "cos"]
)
def test_the_share_that_is_cut_off_is_known_to_an_order(f, n):
    found = np.array(hermite_coefficients(f, n))
    every = np.array(hermite_coefficients(f, 400))
    true = (every[n:] ** 2).sum() / (every[1:] ** 2).sum()
    assert true / 30 < left_out(found) < 30 * true


@pytest.mark.parametrize(
    "series", [[0, 1], [0, 0.8, 0, 0.1], [1, 2, 3, 4, 5], [0, 0, 0, 0, 0, 0, 1], [1], [0, 0], [0.3] * 6]
)
def test_a_polynomial_that_is_meant_is_no_matter_for_a_warning(series):
    assert caution("student.activation", hermite_series(tuple(series))) == ()
    assert caution("student.activation", ACTIVATIONS["erf"]) == ()


def test_degree_and_growth():
    assert degree([0.0, 1.0, 0.5, 1e-17]) == 2
    assert "grows as x^2 (100 at x = 10; its root mean square is 1.73)" in growth([1.0, 0.0, 2.0**0.5])


@pytest.mark.parametrize("part", ["student", "teacher"])
def test_the_key_is_named(part):
    given = {part: {"activation": {"hermite": hermite_coefficients(swish, 12)}}}
    (told,) = build(load_spec(merged(SMALL, given))).cautions
    assert told.startswith(f"{part}.activation: the Hermite coefficients fall off")
    assert "x^10" in told
