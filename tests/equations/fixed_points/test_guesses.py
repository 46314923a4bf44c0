"""Where to begin: valid overlaps, of every kind, the same at every call."""

import numpy as np
from support.fixed_points import flow_of

from sgdode.equations.fixed_points.guesses import anywhere, guesses, on_teachers, students_alike
from sgdode.model.state import size


def test_guesses_are_overlaps_of_weights():
    flow = flow_of(3, 2, 0.5, 0.0, 1.0, 1.0)
    found = list(guesses(flow, 50.0, 10))
    assert {len(y) for y in found} == {size(3, 2)}
    for part in (on_teachers(flow), anywhere(flow, 10)):
        assert all(flow.smallest_eigenvalue(y) > -1e-12 for y in part)
    assert len(list(students_alike(flow))) == 4
    for one, other in zip(found, guesses(flow, 50.0, 10), strict=True):
        np.testing.assert_array_equal(one, other)


def test_on_the_sphere_all_students_have_length_one():
    flow = flow_of(2, 2, 0.1, 0.0, 1.0, 1.0, activation="square", constraint="spherical")
    for y in guesses(flow, 5.0, 5):
        np.testing.assert_allclose(y[~flow.free], 1.0, atol=1e-9)
