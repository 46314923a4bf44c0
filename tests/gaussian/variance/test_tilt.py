"""Fields under two Gaussian factors: covariances and the determinant, against inverses of matrices."""

import numpy as np
import pytest

from sgdode.gaussian.variance.tilt import split_fields, tilt


@pytest.mark.parametrize(("i", "j"), [(0, 1), (1, 0), (2, 3), (1, 1)])
def test_tilted_covariances(i, j):
    rows = np.random.default_rng(0).standard_normal((4, 6))
    Omega, F = rows @ rows.T, np.zeros(4)
    A, B, g, h, R = np.empty(4), np.empty(4), np.empty(4), np.empty(4), np.empty((4, 4))
    plane = split_fields(Omega, i, j, A, B, R)
    lead, other = (j, i) if Omega[j, j] > Omega[i, i] else (i, j)
    F[lead] += 0.7
    F[other] += 1.9
    determinant = tilt(plane, 0.7, 1.9, A, B, g, h)
    assert determinant == pytest.approx(np.linalg.det(np.eye(4) + Omega * F), rel=1e-12)
    T = np.linalg.inv(np.linalg.inv(Omega) + np.diag(F))
    np.testing.assert_allclose(R + np.outer(g, g) + np.outer(h, h), T, atol=1e-11)
