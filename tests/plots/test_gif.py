"""Animations."""

import numpy as np
import pytest
from PIL import Image
from support.pictures import run, sgd

from sgdode.plots.draw import draw
from sgdode.plots.gif import animate
from sgdode.results.alignment import cosines


def test_a_frame_shows_the_runs_up_to_its_moment():
    theory = run(times=3, p=12)
    for moment in theory.time:
        figure = draw([theory], "histogram", moment=moment)
        shown = figure.axes[0].get_title().removeprefix("$t = ").removesuffix("$")
        assert float(shown) == pytest.approx(moment, rel=0.01)
    for count, moment in enumerate(theory.time, 1):
        plane, risk = draw([theory], "trajectories", moment=moment).axes[:2]
        paths = [line for line in plane.lines if np.array_equal(line.get_xydata()[0], cosines(theory)[0, 0])]
        assert max(len(line.get_xdata()) for line in paths) == count
        assert risk.get_title().startswith("risk, $t = ")


def test_animations_are_the_same_byte_for_byte(tmp_path):
    runs = [sgd(times=3, p=12), run(times=3, p=12)]
    one, other = (animate(runs, "histogram", tmp_path / f"{n}.gif").read_bytes() for n in "ab")
    assert one == other
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == 4
        assert picture.info["loop"] == 0
        pixels = []
        for frame in range(4):
            picture.seek(frame)
            pixels.append(picture.convert("RGB").tobytes())
    assert len(set(pixels)) == 4, "every frame shows another moment"
    assert len(list(tmp_path.iterdir())) == 2, "no temporary file stays"
