"""Figures that move: one frame a saved time, as a GIF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import numpy as np
from PIL import Image

from sgdode.errors import OptionError, UsageError
from sgdode.plots.draw import draw
from sgdode.plots.figures.records import animated, listed
from sgdode.plots.groups import thinned
from sgdode.plots.view import DrawOptions
from sgdode.results.atomic import aside
from sgdode.results.trajectory import Array, Trajectory

FRAMES = 40
_DPI = {"screen": 100, "paper": 200}
_MILLISECONDS, _LAST_MILLISECONDS = 120, 2500
_COLOURS = 128


def animate(trajectories: Sequence[Trajectory], figure: str, path: str | Path, **options: Unpack[DrawOptions]) -> Path:
    """Write a GIF of a figure over time, even steps in log t; options as in ``draw``. The same bytes for the same runs.

    Raises UsageError for a figure without a time, or runs with none after 0; FileError where it cannot be written.
    """
    path = Path(path)
    if figure not in animated():
        raise OptionError("figure", f"got {figure!r}; a .gif shows {listed(animated(), 'and')}")
    if options.get("times") is not None:
        raise OptionError("times", "an animation shows every time; leave it out")
    dpi = options.get("dpi") or _DPI.get(str(options.get("style", "screen")), 100)
    pictures = []
    for moment in _frame_times(trajectories):
        buffer = io.BytesIO()
        draw(trajectories, figure, **{**options, "moment": moment}).savefig(buffer, format="png", dpi=dpi)
        pictures.append(Image.open(buffer).convert("RGB"))
    palette = pictures[-1].quantize(_COLOURS)  # one for all frames: nothing flickers
    frames = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    durations = [_MILLISECONDS] * (len(frames) - 1) + [_LAST_MILLISECONDS]
    with aside(path, pipes=True) as part:
        frames[0].save(part, format="GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
    return path


def _frame_times(trajectories: Sequence[Trajectory]) -> Array:
    """t = 0 and up to FRAMES of the times of the run with the fewest, all of which every run has reached."""
    if not trajectories:
        raise UsageError("plot: no file given; what is to be drawn?")
    last = min(float(run.time[-1]) for run in trajectories)
    time = min((run.time for run in trajectories), key=len)
    time = time[(time > 0) & (time <= last)]
    if not len(time):
        raise UsageError("nothing to animate: no time after 0")
    kept = thinned(time, FRAMES)
    return np.concatenate([[0.0], time[np.union1d(kept, [len(time) - 1])]])
