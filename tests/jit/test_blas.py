"""BLAS and LAPACK in compiled code, against NumPy: whole matrices and parts of larger ones."""

from __future__ import annotations

import numpy as np
import pytest

from sgdode.jit import blas as linear

EPS = {"float64": 1e-13, "float32": 1e-5}


@pytest.fixture(params=["float64", "float32"])
def real(request):
    return request.param


def parts(real, *shapes):
    """Matrices that are parts of larger ones."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((rows + 2, columns + 3)).astype(real)[1:-1, 2:-1] for rows, columns in shapes]


def test_products(real):
    routines = linear.routines(real)
    A, B, out = parts(real, (5, 7), (7, 4), (5, 4))
    wanted = 0.5 * out - 2.0 * A @ B
    linear.add_multiple(routines, out, A, B, -2.0, 0.5)
    np.testing.assert_allclose(out, wanted, atol=EPS[real])
    A, B, out = parts(real, (7, 5), (7, 4), (5, 4))
    wanted = 0.5 * out + A.T @ B
    linear.add_crossed(routines, out, A, B, 0.5)
    np.testing.assert_allclose(out, wanted, atol=EPS[real])
    A, B, out = parts(real, (5, 7), (4, 7), (5, 4))
    wanted = 0.5 * out + A @ B.T
    linear.add_gram(routines, out, A, B, 0.5)
    np.testing.assert_allclose(out, wanted, atol=EPS[real])


def test_symmetric_products_and_triangles(real):
    routines = linear.routines(real)
    A, B, out, X = parts(real, (4, 6), (4, 6), (6, 6), (4, 6))
    wanted = np.tril(out, -1) + np.triu(out + A.T @ B + B.T @ A)
    linear.add_both(routines, out, A, B)
    np.testing.assert_allclose(out, wanted, atol=EPS[real])
    wanted = np.tril(out, -1) + np.triu(out - A.T @ A)
    linear.subtract_square(routines, out, A)
    np.testing.assert_allclose(out, wanted, atol=EPS[real])
    wanted = X @ np.triu(out)
    linear.times_triangle(routines, X, out)
    np.testing.assert_allclose(X, wanted, atol=EPS[real])


def test_factors(real):
    routines = linear.routines(real)
    A = np.random.default_rng(1).standard_normal((9, 5)).astype(real)
    S = A.T @ A
    R = S.copy()
    assert linear.factorise(routines, R)
    np.testing.assert_allclose(np.triu(R).T @ np.triu(R), S, atol=10 * EPS[real])
    assert not linear.factorise(routines, -S)
