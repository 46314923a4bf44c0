"""The nodes and Hermite functions of the series."""

import numpy as np

from sgdode.gaussian.mehler import BLOCK, hermite_table


def test_the_functions_are_orthonormal():
    """Even n before odd n in each block; the rule is for the half line."""
    table = hermite_table()
    x, w, rows = table[0], table[1], table[3 : 3 + BLOCK]
    even, odd = rows[: BLOCK // 2] / w, rows[BLOCK // 2 :] / w
    for functions in (even, odd):
        np.testing.assert_allclose(2 * (functions * w) @ functions.T, np.eye(BLOCK // 2), atol=1e-11)
    np.testing.assert_allclose([2 * w @ x**n for n in (0, 2, 4, 8)], [1, 1, 3, 105], rtol=1e-12)
