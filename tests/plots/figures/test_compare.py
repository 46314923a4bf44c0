"""A simulation on its equations, and the deviations below."""

import pytest

from sgdode.errors import UsageError
from sgdode.plots.draw import draw


def test_the_figure(runs, theories):
    for theory in theories:
        assert len(draw([theory, runs], "compare").axes) == 2
    with pytest.raises(UsageError, match="one file of simulate and one of integrate"):
        draw([runs], "compare")
