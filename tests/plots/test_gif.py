"""Animations."""

import pytest
from PIL import Image
from support.pictures import run, sgd

from sgdode.plots.draw import draw
from sgdode.plots.gif import animate


def test_a_frame_shows_the_runs_up_to_its_moment():
    theory = run(times=3, p=12)
    for moment in theory.time:
        figure = draw([theory], "histogram", moment=moment)
        assert figure.axes[0].get_title() == f"$t = {moment:.3g}$"
    lengths = [max(len(line.get_xdata()) for line in draw([theory], "trajectories", moment=moment).axes[0].lines
                   if line.get_linestyle() == "-") for moment in theory.time[1:]]  # fmt: skip
    assert lengths == sorted(set(lengths))


@pytest.mark.parametrize("name", ["trajectories", "histogram"])
def test_animations_are_the_same_byte_for_byte(name, tmp_path):
    runs = [sgd(times=3, p=12), run(times=3, p=12)]
    one, other = (animate(runs, name, tmp_path / f"{n}.gif").read_bytes() for n in "ab")
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
