"""Linear algebra on a few rows: products, and the triangular factor that keeps the overlaps."""

from __future__ import annotations

import numpy as np
import pytest

from sgdode.simulation import small_linalg as rows

#: Round-off of sums of ten numbers of size one.
EPS = {"float64": 1e-13, "float32": 1e-5}


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize("singular", [False, True])
@pytest.mark.parametrize("p", [1, 2, 5, 8, 11])
@pytest.mark.parametrize("count", [3, 5, 9, 17])
def test_fold_keeps_the_overlaps(count, p, singular, real):
    rng = np.random.default_rng(0)
    W = (rng.standard_normal((20, p)) * 10.0 ** -np.arange(p)).astype(real)
    W[:, p // 2] = W[:, 0] if singular else W[:, p // 2]
    before = W[2 : 2 + count].astype(np.float64).T @ W[2 : 2 + count]
    others = np.delete(W, np.s_[2 : 2 + count], axis=0)
    kept = rows.fold(W, 2, count, np.empty((p, p)), np.zeros((9, 20)))
    assert kept == min(count, p)
    assert not np.tril(W[2 : 2 + count], -1).any()
    assert np.array_equal(np.delete(W, np.s_[2 : 2 + count], axis=0), others)
    lengths = np.sqrt(np.diag(before))
    after = W[2 : 2 + kept].astype(np.float64).T @ W[2 : 2 + kept]
    np.testing.assert_allclose(after / lengths / lengths[:, None], before / lengths / lengths[:, None], atol=EPS[real])


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize("p", [1, 3, 4, 6, 8, 13])
def test_sums_over_rows_are_matrix_products(p, real):
    rng = np.random.default_rng(1)
    X, C, W = (rng.standard_normal(shape).astype(real) for shape in ((3, 7), (3, p), (9, p)))
    for used in (1, 4, 7):
        out = np.full((4, p), 5.0, real)
        rows.combine(X, W, used, out, 3)
        np.testing.assert_allclose(out[:3], X[:, :used].astype(np.float64) @ W[:used], atol=EPS[real])
        assert (out[3] == 5.0).all()
        moved = W.copy()
        rows.add_outer(X, 2, used, C, moved, 1)
        np.testing.assert_allclose(moved[1 : 1 + used], W[1 : 1 + used] + X[:2, :used].T @ C[:2], atol=EPS[real])
        assert np.array_equal(np.delete(moved, np.s_[1 : 1 + used], axis=0), np.delete(W, np.s_[1 : 1 + used], axis=0))


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize("p", [1, 3, 4, 6, 8, 13, 20])
@pytest.mark.parametrize("panel", [4, 8, 100])
def test_factors_in_panels(p, panel, real):
    A = np.random.default_rng(2).standard_normal((2 * p, p))
    S = np.triu(A.T @ A).astype(real)
    R = S.copy()
    for first in range(0, p, panel):
        end = min(first + panel, p)
        assert rows.factor_rows(R, first, end)
        R[end:, end:] -= np.triu(R[first:end, end:].T @ R[first:end, end:])
    np.testing.assert_allclose(R, np.linalg.cholesky(A.T @ A).T, atol=10 * EPS[real])


@pytest.mark.parametrize("at", [0, 2, 5, 6])
def test_a_matrix_that_is_not_positive_has_no_factor(at):
    for bad in (-1.0, 0.0, np.nan):
        S = np.eye(7)
        S[at, at] = bad
        assert not rows.factor_rows(S, 0, 7)
