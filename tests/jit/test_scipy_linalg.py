"""SciPy's compiled linear algebra: machine code finds it, with and without the compiler."""

import sys

import numpy as np
from numba.extending import get_cython_function_address

from sgdode.jit.compiling import MATRIX, compiled
from sgdode.jit.scipy_linalg import load_linalg, routine_address


def product(a, b):
    return a @ b


def test_products_in_machine_code_are_numpys():
    load_linalg("cython_blas")
    assert "scipy.linalg.cython_blas" in sys.modules
    a, b = np.random.default_rng(0).standard_normal((2, 3, 3))
    np.testing.assert_allclose(compiled(MATRIX(MATRIX, MATRIX))(product)(a, b), a @ b, rtol=1e-14)


def test_addresses_are_those_that_numba_finds():
    for name, routine in (("cython_blas", "dgemm"), ("cython_lapack", "spotrf")):
        assert routine_address(name, routine) == get_cython_function_address(f"scipy.linalg.{name}", routine)
