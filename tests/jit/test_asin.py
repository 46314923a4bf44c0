"""The arcsine of compiled code against NumPy's."""

import numpy as np

from sgdode.jit.asin import asin


def test_it_is_the_arcsine():
    x = np.concatenate([np.linspace(-1, 1, 4001), np.geomspace(1e-300, 1, 400), 1 - np.geomspace(1e-16, 0.5, 400)])
    np.testing.assert_allclose([asin(value) for value in x], np.arcsin(x), rtol=4e-16, atol=0)
    assert (asin(1 + 1e-15), asin(-7.0)) == (np.pi / 2, -np.pi / 2), "a cosine beyond 1 by round-off is 1"
