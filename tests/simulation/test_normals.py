"""Normal variates drawn many at a time."""

from __future__ import annotations

import numpy as np
import pytest

from sgdode.simulation.normals import draw_normals, words


@pytest.mark.parametrize("real", ["float64", "float32"])
def test_normals_are_those_of_numpy(real):
    """The same numbers as NumPy's, its rare cases included, and the generator ends where NumPy's does."""
    ours, theirs = (np.random.Generator(np.random.SFC64(8)) for _ in range(2))
    out = np.zeros((1000, 1003), real)
    draw_normals(ours, words(ours), out, 1000, 3, 1003)
    np.testing.assert_array_equal(out[:, 3:], theirs.standard_normal((1000, 1000)).astype(real))
    assert abs(out).max() > 4.5
    assert not out[:, :3].any()
    assert ours.random() == theirs.random()
    with pytest.raises(TypeError, match="SFC64"):
        words(np.random.default_rng())
