"""The angle of a point of the upper half plane, against NumPy's."""

import numpy as np

from sgdode.jit.angles import upper_angle


def test_the_angle_is_numpys():
    rng = np.random.default_rng(0)
    y, x = 10 ** rng.uniform(-12, 3, 2000), rng.choice([-1.0, 1.0], 2000) * 10 ** rng.uniform(-12, 3, 2000)
    found = np.array([upper_angle(*point) for point in zip(y, x, strict=True)])
    np.testing.assert_allclose(found, np.arctan2(y, x), rtol=5e-16)
    assert upper_angle(0.0, 0.0) == 0.0
