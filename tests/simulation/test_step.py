"""What a step draws: the factor of Gaussian inputs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, kstest, norm

from sgdode.simulation import step as sgd

#: A true null fails one comparison of one overlap with this probability; there are about 900.
CHANCE = 1e-7


@pytest.mark.parametrize("dimension", [3, 6, 40, 10**12])
def test_bartlett_factor_has_the_law_of_an_lq_factor(dimension):
    """T_ss² ~ χ² of D − s, and the rows' squared lengths ~ χ² of D, in every row."""
    rng, rows = np.random.Generator(np.random.SFC64(5)), 6
    columns = min(rows, dimension)
    T, squares = np.empty((rows, columns)), []
    for _ in range(20_000):
        sgd.draw_bartlett(rng, T, rows, columns, float(dimension))
        squares.append([*np.diag(T) ** 2, *(T**2).sum(axis=1)])
    degrees = [*(dimension - np.arange(columns)), *([dimension] * rows)]
    assert not np.triu(T, 1).any()
    for sample, degree in zip(np.array(squares).T, degrees, strict=True):
        exact = chi2(degree) if degree < 10**6 else norm(degree, np.sqrt(2 * degree))
        assert kstest(sample, exact.cdf).pvalue > CHANCE
