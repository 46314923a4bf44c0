"""Pictures of runs: one function a figure, drawn by name and written as png, pdf or svg."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Unpack

import matplotlib
import numpy as np
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser

from sgdode.errors import OptionError, UsageError
from sgdode.foreign import visible_lines
from sgdode.plots.figures.records import FIGURES, animated, listed
from sgdode.plots.labels import common, literal
from sgdode.plots.style import STYLES, caption
from sgdode.plots.view import SUFFIXES, DrawOptions, View, ViewOptions, refuse_unknown, view_of
from sgdode.results.atomic import aside
from sgdode.results.trajectory import Trajectory


def draw(
    trajectories: Sequence[Trajectory],
    figure: str = "risk",
    *,
    style: str = "screen",
    title: str | None = None,
    **options: Unpack[ViewOptions],
) -> Figure:
    """Draw one figure of one or several runs.

    ``x``: t, step, samples or samples/d. ``students``, ``teachers``, ``runs``: zero-based indices; ``runs`` draws these
    single runs instead of their mean. ``times``: those of histogram and specialisation; ``moment``: the time of one
    frame of an animation (trajectories, histogram). ``average`` pools runs that differ in their start alone into one
    mean ± standard error. ``xlim``, ``ylim``: (low, high). ``style``: screen or paper. ``title`` stands above the line
    of common parameters; an empty one leaves out both.
    Raises UsageError for what is unknown, out of range, or not in the files.
    """
    refuse_unknown("figure", figure, FIGURES)
    refuse_unknown("style", style, STYLES)
    if not trajectories:
        raise UsageError("plot: no file given; what is to be drawn?")
    view = view_of(options, log_y=FIGURES[figure].log_y, paper=style == "paper")
    width, height, settings = STYLES[style]
    with _style(settings), np.errstate(all="ignore"):  # files may hold numbers up to the largest
        picture = Figure(figsize=(width, height), layout="constrained")
        FIGURES[figure].draw(picture, trajectories, view)
        _head(picture, trajectories, title, view)
        # Ticks are made by the first drawing: now, while the settings hold; and no layout moves after this.
        picture.draw_without_rendering()
        picture.set_layout_engine("none")
    return picture


def plot(*trajectories: Trajectory | str | Path, figure: str = "risk", **options: Unpack[DrawOptions]) -> Figure:
    """One picture of trajectories, or of files, as a matplotlib Figure (a notebook shows it). Options as in draw."""
    loaded = [run if isinstance(run, Trajectory) else Trajectory.load(run) for run in trajectories]
    return draw(loaded, figure, **options)


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a picture as its suffix says: beside the path first, then renamed; the same bytes for the same picture.

    Raises UsageError for another suffix, FileError where it cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        allowed = f"{', '.join(SUFFIXES)}; .gif for the figures {listed(animated(), 'and')}"
        raise UsageError(f"{path}: got the suffix {path.suffix!r}; allowed: {allowed}")
    with aside(path, pipes=True) as part, _style({"svg.hashsalt": "sgdode", "pdf.fonttype": 42}):
        figure.savefig(part, format=suffix[1:], metadata=_metadata(suffix))
    return path


def _style(settings: dict[str, object]) -> AbstractContextManager[None]:
    """Our settings over matplotlib's own defaults: a user's matplotlibrc does not change the picture."""
    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if key != "backend"}
    held: AbstractContextManager[None] = matplotlib.rc_context(defaults | settings)
    return held


def _metadata(suffix: str) -> dict[str, None]:
    """No date, unless SOURCE_DATE_EPOCH sets one (matplotlib reads it itself), and no version."""
    if suffix == ".png":
        return {"Software": None}
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is not None and not epoch.isdecimal():
        raise UsageError(f"SOURCE_DATE_EPOCH: got {epoch!r}; must be a whole number of seconds")
    return {} if epoch is not None else {"CreationDate" if suffix == ".pdf" else "Date": None}


def _head(picture: Figure, trajectories: Sequence[Trajectory], title: str | None, view: View) -> None:
    """The title of the user above the parameters that all runs share, at the left of the top."""
    if title == "":
        return
    if title is not None:
        _refuse_bad_mathematics(title)
    names = {str(run.attributes.get("name", "")) for run in trajectories}
    states = sorted({run.status for run in trajectories} - {"complete", "diverged"})
    phrases = [*common(trajectories), *states]
    width = picture.get_size_inches()[0]
    lines = [visible_lines(title or ""), caption(phrases, int(width * (18 if view.paper else 12)))]
    if not any(lines) and len(names) == 1:
        lines = [literal(names.pop())]
    if text := "\n".join(filter(None, lines)):
        picture.suptitle(text, x=0.01, ha="left", fontsize=matplotlib.rcParams["font.size"])


def _refuse_bad_mathematics(title: str) -> None:
    if not is_math_text(title):
        return
    try:
        MathTextParser("path").parse(title)
    except ValueError as error:
        reason = str(error).strip().splitlines()[-1]
        raise OptionError("title", f"got {title!r}; not readable as mathematics ({reason})") from None
