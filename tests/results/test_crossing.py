"""When a curve falls below a level."""

import numpy as np
import pytest
from support.pictures import sgd

from sgdode.errors import UsageError
from sgdode.results.crossing import refuse_level, times_below


def test_each_curve_has_its_time():
    time = np.array([0.0, 1.0, 10.0, 100.0])
    risk = np.array([[1.0, 1.0, 1e-2, 1e-4], [1.0, 1.0, 1.0, 1.0]])
    np.testing.assert_allclose(times_below(time, risk, 0.1), [10**0.5, np.nan])
    assert times_below(time, risk[0], 0.1) == pytest.approx(10**0.5)
    assert sgd().time_below(0.1).shape == (8,)
    for level in (0, -1.0, np.inf, np.nan):
        with pytest.raises(UsageError, match="above 0"):
            refuse_level(level)
