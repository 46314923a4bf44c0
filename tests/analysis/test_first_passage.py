"""The first time below a level."""

import numpy as np
import pytest

from sgdode.analysis.first_passage import passage
from sgdode.results.crossing import first_below


def test_thresholds(runs, theories):
    time = np.array([0.0, 1.0, 10.0, 100.0])
    assert first_below(time, np.array([1.0, 1.0, 1e-2, 1e-4]), 0.1) == pytest.approx(10**0.5)
    assert first_below(time, np.array([1.0, 1e-2, 1e-3, 1e-4]), 0.1) == pytest.approx(0.5)
    assert first_below(time, np.array([1.0, 1.0, 1.0, 1.0]), 0.1) is None
    level = float(np.sqrt(theories[1].risk[3] * theories[1].risk[4]))
    mine, its = passage(runs, level), passage(theories[1], level)
    assert mine.reached == 20
    assert mine.mean == pytest.approx(its.mean, abs=5 * its.std / np.sqrt(20) + 1e-3)
    assert 0.4 < mine.std / its.std < 2
    assert passage(theories[0], level).std is None
