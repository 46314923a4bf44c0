"""Orbits near a point: their time does not depend on how near they begin."""

import math

import numpy as np
import pytest
from support.exits import passed, phase_retrieval

from sgdode.equations.exits.observable import Observable
from sgdode.equations.exits.orbits import Orbits


def test_z_does_not_depend_on_the_distance():
    flow, plateau = passed(phase_retrieval(1, 1, 0.05, 1e4))
    orbits, left = Orbits(flow, Observable("risk", 1.0)), plateau.left
    z = [
        epsilon * math.exp(left.rate * orbits.passage(left.y, epsilon * left.right[:, 0], left.rate))
        for epsilon in (1e-4, 1e-5, 1e-6)
    ]
    assert z == pytest.approx([1.0, 1.0, 1.0], rel=1e-5)


def test_a_level_below_the_end_is_never_passed():
    flow, plateau = passed(phase_retrieval(1, 2, 0.05, 1e4))
    orbits, left = Orbits(flow, Observable("risk", 0.1)), plateau.left
    assert orbits.passage(left.y, 1e-2 * left.right[:, 0], left.rate) == np.inf
