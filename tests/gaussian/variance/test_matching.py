"""A displacement in parts: they add up to it, and near fields are taken together."""

import numpy as np

from sgdode.gaussian.variance.matching import parts


def test_the_parts_add_up_and_found_teachers_are_matched():
    rows = np.random.default_rng(0).standard_normal((2, 5))
    G = np.concatenate([rows + 1e-3, -rows[:1], rows])
    v = np.array([-0.5, -0.5, 0.1, 0.5, 0.4])
    found, total = parts("tanh", "tanh", G @ G.T, v, 3), np.zeros(5)
    for part in found:
        total[part.b] += part.weight
        if part.c >= 0:
            total[part.c] += part.weight
    np.testing.assert_allclose(total, abs(v), atol=1e-15)
    assert {(part.b, part.c) for part in found} >= {(0, 3), (1, 4)}
