"""The directions of fields that averages over wedges are taken with."""

import numpy as np

from sgdode.gaussian.variance.wedge_sum import directions


def test_directions_have_the_correlations_of_the_fields():
    rows = np.random.default_rng(2).standard_normal((4, 3))[[0, 1, 1, 2]]
    rows[2] *= -2.0
    U, size = directions(rows @ rows.T), np.linalg.norm(rows, axis=1)
    np.testing.assert_allclose(U @ U.T, rows @ rows.T / np.outer(size, size), atol=1e-14)
    np.testing.assert_array_equal(U[1], -U[2])
