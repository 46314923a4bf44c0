"""The law of the inputs: blocks as given, scaled, counted."""

import math

import pytest

from sgdode.model.inputs import ISOTROPIC, of_blocks


def test_blocks_are_scaled_to_trace_d():
    law, scale = of_blocks(((0.25, 5.0), (0.75, 1.0)))
    assert scale == pytest.approx(0.5)
    assert law.eigenvalues == (2.5, 0.5)
    assert law.largest == 2.5
    assert law.smallest == 0.5
    assert law.concentration == pytest.approx(1 / (0.25 * 6.25 + 0.75 * 0.25))
    assert law.dimensions(200) == (50.0, 150.0)
    assert law.dimensions(math.inf) == (math.inf, math.inf)
    assert ISOTROPIC.concentration == 1.0
    assert not law.isotropic


def test_dimensions_that_are_no_whole_numbers_name_the_nearest():
    law, _ = of_blocks(((0.25, 2.5), (0.75, 0.5)))
    with pytest.raises(ValueError, match=r"block 0 has 2\.5 of the 10 dimensions; .* such as 2"):
        law.dimensions(10)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (((0.5, 1.0), (0.4, 1.0)), "add up to 0.9"),
        (((0.5, -1.0), (0.5, 1.0)), "0 or above"),
        (((0.5, 0.0), (0.5, 0.0)), "not all 0"),
        (((0.0, 1.0), (1.0, 1.0)), "above 0"),
    ],
)
def test_what_is_no_law_is_refused(pairs, words):
    with pytest.raises(ValueError, match=words):
        of_blocks(pairs)
