"""The nodes of the average over fields, and the root of their covariance."""

import numpy as np

from sgdode.gaussian.variance.quasi_monte_carlo import nodes, symmetric_root


def test_the_nodes_are_normal():
    z = nodes(4)
    assert z.shape == (4, 2**14)
    np.testing.assert_allclose(z.mean(axis=1), 0, atol=1e-3)
    np.testing.assert_allclose(z @ z.T / z.shape[1], np.eye(4), atol=3e-3)
    np.testing.assert_allclose((z**4).mean(axis=1), 3, atol=0.02)


def test_the_root_is_symmetric_and_equal_units_have_equal_fields():
    rows = np.random.default_rng(0).standard_normal((4, 2))[[0, 1, 1, 2]]
    root = symmetric_root(rows @ rows.T)
    np.testing.assert_array_equal(root, root.T)
    np.testing.assert_allclose(root @ root, rows @ rows.T, atol=1e-12)
    np.testing.assert_allclose(root[1], root[2], atol=1e-12)
