"""Where the teachers lie: the covariance of their fields stays what it is, however they are placed."""

import numpy as np
import pytest

from sgdode.model.inputs import of_blocks
from sgdode.model.placement import isotropic_shares, teachers_by_block, weighted_shares

LAW, _ = of_blocks(((0.02, 20.0), (0.28, 1.5), (0.7, 0.3)))
C, PI = np.array(LAW.eigenvalues), np.array(LAW.fractions)
P = np.array([[1.0, 0.3], [0.3, 0.5]])
SHARES = {
    "isotropic": isotropic_shares(LAW),
    "block": np.array([0.0, 1.0, 0.0]),
    "by weights": weighted_shares(LAW, np.array([1.0, 2.0, 3.0])),
}


@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
@pytest.mark.parametrize("overlap", [P, np.eye(2), np.ones((2, 2)), np.diag([1.0, 0.0])])
@pytest.mark.parametrize("d", [50, 1000])
def test_the_fields_have_the_covariance_asked_for(shares, overlap, d):
    blocks, _ = teachers_by_block(LAW, overlap, shares, d)
    np.testing.assert_allclose(np.einsum("b,bkl->kl", C, blocks), overlap, atol=1e-12)
    for P_b, room in zip(blocks, LAW.dimensions(d), strict=True):
        values = np.linalg.eigvalsh(P_b)
        assert values[0] > -1e-12
        assert np.sum(values > 1e-9) <= room


def test_isotropic_teachers_have_the_fraction_of_each_block():
    blocks, told = teachers_by_block(LAW, P, SHARES["isotropic"], 1000)
    np.testing.assert_allclose(blocks, PI[:, None, None] * P)
    assert not told


def test_each_teacher_may_have_shares_of_its_own():
    shares = np.array([[1.0, 0.2], [0.0, 0.3], [0.0, 0.5]])
    blocks, _ = teachers_by_block(LAW, np.diag([1.0, 0.5]), shares, 1000)
    np.testing.assert_allclose(C[:, None] * np.diagonal(blocks, axis1=1, axis2=2), shares * [1.0, 0.5])


def test_a_block_that_is_too_narrow_holds_teachers_in_turn():
    blocks, told = teachers_by_block(LAW, np.eye(2), SHARES["isotropic"], 50)
    assert "fewer dimensions (1)" in told[0]
    assert np.count_nonzero(blocks[0]) == 1
