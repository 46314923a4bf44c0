"""Two-point functions of teachers that are no sums of erfs, against quadrature."""

import numpy as np
import pytest
from scipy.stats import norm
from support.gaussian_twin import average

from sgdode.gaussian.variance.other_teachers import bumps, ramps_together


@pytest.mark.parametrize(("q", "r", "c"), [(1.0, 2.0, 0.5), (0.3, 1.0, -0.5), (2.0, 2.0, 1.9)])
def test_ramps_and_bumps(q, r, c):
    wanted = average(lambda u, w: np.maximum(u, 0) * np.maximum(w, 0), q, r, c)
    assert ramps_together(q, r, c) == pytest.approx(wanted, abs=1e-11)

    def smooth(x):  # E relu(x + ξ)
        return x * norm.cdf(x) + norm.pdf(x)

    def products(u, w):
        f, g = norm.pdf(u), norm.pdf(w)
        return f * g - f * smooth(w) - smooth(u) * g

    assert bumps(q, r, c) == pytest.approx(average(products, q, r, c), abs=1e-10)
