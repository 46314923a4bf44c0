"""Many eigenvalues gathered into blocks: what stays exact, and how large the rest is, against all of them."""

import numpy as np
import pytest

from sgdode.model.spectra import (
    SINGLE,
    Listed,
    PowerLaw,
    binned,
    binning_error,
    every,
    gathered,
    power_sum,
    power_weights,
)


@pytest.mark.parametrize("exponent", [0.0, 0.3, 1.0, 1.2, 2.0, 7.0])
@pytest.mark.parametrize(("first", "end"), [(0, 10), (4, 5), (4, 30_000), (5000, 200_000)])
def test_power_sums(exponent, first, end):
    terms = np.arange(first + 1, end + 1, dtype=float) ** -exponent
    assert power_sum(exponent, first, end) == pytest.approx(float(np.sum(terms[::-1])), rel=1e-13)


def curve(eigenvalues, weights, t):
    """Σ λ w² e^(−2λt): the risk of a linear student that starts at 0, up to a factor."""
    return np.array([np.sum(eigenvalues * weights * np.exp(-2 * eigenvalues * s)) for s in t])


@pytest.mark.parametrize(("alpha", "delta", "d"), [(0.8, 0.0, 1000), (1.2, 0.7, 1000), (1.5, 0.5, 100_000)])
def test_a_power_law_in_few_blocks_learns_as_all_its_eigenvalues_do(alpha, delta, d):
    found, error = gathered(PowerLaw(alpha, d, delta), None)
    values = np.arange(1, d + 1, dtype=float) ** -alpha
    values, w = values * d / values.sum(), np.arange(1, d + 1, dtype=float) ** -delta
    t = np.geomspace(0.1 / values[0], 1 / values[-1], 30)
    off = np.max(np.abs(curve(*found[1:], t) / curve(values, w, t) - 1))
    assert off <= 1.5 * error + 1e-4 <= 2e-3
    assert len(found.counts) <= 60
    assert found.counts.sum() == d
    assert found.counts @ found.eigenvalues == pytest.approx(d, rel=1e-14)
    assert found.weights.sum() == pytest.approx(w.sum(), rel=1e-12)
    np.testing.assert_allclose(found.eigenvalues[:SINGLE], values[:SINGLE], rtol=1e-12)


def test_the_number_of_blocks_grows_with_the_decades_and_not_with_d():
    sizes = [len(gathered(PowerLaw(1.2, d), None)[0].counts) for d in (10**3, 10**6, 10**9)]
    assert sizes[0] < sizes[1] < sizes[2] < 100


def test_the_error_falls_as_the_fourth_power_of_the_bins():
    fine = binned(PowerLaw(1.2, 10**5), 400)
    values = Listed(np.arange(1, 10**5 + 1, dtype=float) ** -1.2)
    errors = [binning_error(binned(values, blocks), fine) for blocks in (28, 52)]
    assert 8.0 < errors[0] / errors[1] < 40.0


def test_forty_blocks_do_for_nine_decades():
    """Learning and noise, against all of a million eigenvalues; and how many are taken follows from the error."""
    d, alpha, t = 10**6, 1.5, np.geomspace(0.1, 1e9, 12)
    found, error = gathered(PowerLaw(alpha, d), None)
    assert len(found.counts) <= 40
    assert error <= 1e-3
    values = np.arange(1, d + 1, dtype=float) ** -alpha
    t, values = t * values.sum() / d, values * d / values.sum()
    for law in (found, binned(PowerLaw(alpha, d), 40)):
        for mine, all_of_them in ((law.weights, np.ones(d)), (law.counts * law.eigenvalues, values)):
            off = curve(law.eigenvalues, mine, t) / curve(values, all_of_them, t) - 1
            assert np.max(np.abs(off)) < 1.2e-3


def test_few_blocks_are_as_many_as_are_asked_for():
    for source in (PowerLaw(1.2, 10**5), Listed(np.arange(1, 1001, dtype=float) ** -1.2)):
        for blocks in (1, 2, 3, 5, 6, 9, 21, 40, 300):
            if blocks > 40 and source.d < 10**4:
                continue
            found = binned(source, blocks)
            assert 0.95 * blocks - 2 <= len(found.counts) <= blocks
            assert found.counts.sum() == source.d
            assert found.counts @ found.eigenvalues == pytest.approx(source.d, rel=1e-13)


def test_a_list_that_is_a_power_law_has_the_moments_of_one():
    values = np.arange(1, 9001, dtype=float) ** -1.3
    for first, end in ((4, 20), (20, 9000)):
        one, other = Listed(values, 0.4).moments(first, end), PowerLaw(1.3, 9000, 0.4).moments(first, end)
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_a_list_keeps_zeros_apart_and_equal_values_together():
    values = np.sort(np.r_[np.random.default_rng(0).gamma(2.0, size=300), np.zeros(100), np.full(50, 9.0)])[::-1]
    found = binned(Listed(values), 30)
    assert found.counts[found.eigenvalues == 0].sum() == 100
    assert found.counts.sum() == 450
    exact = every(values, 0.0)
    assert len(exact.counts) == 302
    assert exact.counts[0] == 50
    assert exact.counts @ exact.eigenvalues == pytest.approx(450)


def test_weights_of_given_blocks_count_from_the_largest_eigenvalue():
    found = power_weights(np.array([3.0, 2.0]), np.array([0.5, 1.75]), 1.0)
    np.testing.assert_allclose(found, [1 / 3 + 1 / 4 + 1 / 5, 1 + 1 / 2])
