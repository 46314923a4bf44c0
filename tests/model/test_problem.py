"""The symbols of an experiment, and the signed weights of its units."""

import math

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import load_spec
from sgdode.jit import formulas
from sgdode.model.problem import particle_weights, student_weights, teacher_weights
from sgdode.spec.build import build


def test_signed_weights():
    a, a_star = np.array([1.0, -2.0, 0.5]), np.array([3.0, 1.0])
    np.testing.assert_array_equal(student_weights(a), [-1 / 3, 2 / 3, -0.5 / 3])
    np.testing.assert_array_equal(teacher_weights(a_star), [1.5, 0.5])
    np.testing.assert_array_equal(particle_weights(a, np.array([0.5, 0.25, 0.25])), [-0.5, 0.5, -0.125])
    np.testing.assert_array_equal(formulas.student_weights(a), student_weights(a))


@pytest.mark.parametrize("p", [3, "inf"])
def test_a_problem_in_the_symbols_of_the_field(p):
    changes = {"student": {"width": p}, "batch_size": 4, "learning_rate": {"gamma": 2.0, "p_exponent": 1.0}}
    problem = build(load_spec(merged(SMALL, changes)))
    assert (problem.d, problem.k) == (100, 2)
    assert problem.p == (3 if p == 3 else math.inf)
    assert problem.finite == (p == 3)
    assert problem.gamma_over_p == 2.0
    assert problem.noise_rate == 0.5
    assert problem.step_size == 0.02
    np.testing.assert_array_equal(problem.v_star, [0.5, 0.5])
    assert [unit.name for unit in problem.activations] == ["erf", "erf"]
