"""What the linear map of a rule does to weights, in the form that plain SGD has it."""

import numpy as np
import pytest

from sgdode.jit.units import residual_address
from sgdode.model.learning import Loss
from sgdode.simulation.explicit import move_row
from sgdode.simulation.rule import IN_PLACE, Rule, moves, within

PLAIN = Rule(IN_PLACE, 1.0, 1.0, 0.0, 0.0, 0.0, 1, False, 1e100)


def twice(y, f, size):
    return 2.0 * (y - f)


@pytest.mark.parametrize("spherical", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_decay_comes_first_and_the_sphere_last(decay, spherical):
    rule = PLAIN._replace(decay=decay, spherical=spherical)
    rng = np.random.default_rng(0)
    W, gradient = rng.standard_normal((2, 5)), rng.standard_normal((2, 5))
    wanted = (1 - 0.1 * decay) * W + gradient
    if spherical:
        wanted *= np.sqrt(5 / (wanted**2).sum(axis=1, keepdims=True))
    for i in range(2):
        move_row(rule, 0.1, W, gradient, np.empty(0), i)
    np.testing.assert_allclose(W, wanted, rtol=1e-14)
    assert moves(rule) == (decay > 0 or spherical)
    assert within(rule, 1).spherical is False


def test_a_residual_has_an_address():
    assert residual_address(Loss(twice)) != IN_PLACE
    assert residual_address(Loss(twice)) == residual_address(Loss(twice))
