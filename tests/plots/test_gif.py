"""Animations."""

import pytest
from PIL import Image
from support.pictures import run, sgd

from sgdode.plots.gif import animate


@pytest.mark.parametrize("name", ["trajectories", "histogram"])
def test_animations_are_the_same_byte_for_byte(name, tmp_path):
    runs = [sgd(times=3, p=12), run(times=3, p=12)]
    one, other = (animate(runs, name, tmp_path / f"{n}.gif").read_bytes() for n in "ab")
    assert one == other
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == 4
        assert picture.info["loop"] == 0
    assert len(list(tmp_path.iterdir())) == 2, "no temporary file stays"
