"""Fields of unit variance: near-collinear ones lose no digits."""

import numpy as np

from sgdode.gaussian.variance.correlations import unit_fields


def test_what_is_left_of_the_correlation_of_equal_and_opposite_fields():
    rows = np.random.default_rng(0).standard_normal((5, 6))
    rows[1], rows[3], rows[4] = -2.0 * rows[0], 0.0, 3.0 * rows[2]
    Omega = rows @ rows.T
    fields = unit_fields(Omega, np.sqrt(np.diag(Omega)))
    size = np.where(np.diag(Omega) > 0, np.sqrt(np.diag(Omega)), 1.0)
    R = Omega / np.outer(size, size) * np.outer(fields.turned, fields.turned)
    np.fill_diagonal(R, 1.0)
    np.testing.assert_allclose(fields.R, R, atol=1e-14)
    assert fields.R[0, 1] > 0.0
    assert abs(fields.E[0, 1]) < 1e-15
    assert abs(fields.E[2, 4]) < 1e-15
    np.testing.assert_allclose(np.sin(fields.A), fields.R, atol=1e-14)
