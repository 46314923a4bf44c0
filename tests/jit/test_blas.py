"""The linear algebra that machine code calls."""

import sys

import numpy as np

from sgdode.jit.blas import load_blas
from sgdode.jit.compiling import MATRIX, compiled


def product(a, b):
    return a @ b


def test_products_in_machine_code_are_numpys():
    load_blas()
    assert "scipy.linalg.cython_blas" in sys.modules
    a, b = np.random.default_rng(0).standard_normal((2, 3, 3))
    np.testing.assert_allclose(compiled(MATRIX(MATRIX, MATRIX))(product)(a, b), a @ b, rtol=1e-14)
