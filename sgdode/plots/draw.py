"""Pictures of runs: one function a figure, drawn by name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Unpack, cast

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sgdode.errors import OptionError, UsageError
from sgdode.foreign import visible_lines
from sgdode.plots.about import about_files
from sgdode.plots.figures.records import FIGURES, FigureRecord
from sgdode.plots.groups import arrange
from sgdode.plots.labels import common, literal, refuse_bad_mathematics
from sgdode.plots.picture import Picture, new_picture, prepare_pyplot
from sgdode.plots.style import caption, style_settings
from sgdode.plots.view import NARROW, DrawOptions, View, ViewOptions, checked_size, refuse_unknown, spelled_out, view_of
from sgdode.results.files import Given, given_results
from sgdode.results.trajectory import Trajectory


def draw(
    trajectories: Sequence[Trajectory],
    figure: str = "risk",
    *,
    style: str | Path = "screen",
    title: str | None = None,
    size: tuple[float, float] | None = None,
    dpi: float | None = None,
    users: bool = False,
    **options: Unpack[ViewOptions],
) -> Picture:
    """Draw one figure of one or several runs.

    ``x``: t, step, samples or samples/d. ``xscale``, ``yscale``: linear or log; by default times are as
    ``time.spacing`` of the runs has them, and risks logarithmic. ``students``, ``teachers``, ``runs``: zero-based
    indices; ``runs`` draws these single runs instead of their mean. ``times``: those of histogram and specialisation;
    ``moment``: the time of one frame of an animation (trajectories, histogram). ``average`` pools runs that differ in
    their start alone into one mean ± standard error. ``xlim``, ``ylim``: (low, high). ``label``: one for all runs, or
    one for each, in which ``{student.width}`` is that setting; ``legend``: auto, none, below, right or a corner.
    ``style``: screen, paper, or a style sheet of matplotlib; ``users``: what the user has changed of its settings holds
    too. ``size``: width and height in inches; ``dpi``: dots an inch. ``title`` stands above the line of common
    parameters; an empty one leaves out both. For the figure ``sweep``, ``x`` and ``y`` are keys of the spec, and ``of``
    is what is drawn against them. Raises UsageError for what is unknown, out of range, or not in the files.
    """
    record = _record(figure, trajectories)
    checked_size(size, dpi)
    inches, settings = style_settings(style, users)
    view = _view(record, trajectories, options, paper=(size or inches)[0] < NARROW)
    prepare_pyplot(users)
    with _style(settings), np.errstate(all="ignore"):  # files may hold numbers up to the largest
        picture = new_picture(size or inches, dpi, exact=size is not None, shown=users)
        record.draw(picture, trajectories, view)
        _head(picture, trajectories, title, view)
        # Ticks are made by the first drawing: now, while the settings hold; and no layout moves after this.
        picture.draw_without_rendering()
        picture.set_layout_engine("none")
    picture.about = about_files(trajectories, figure)
    return picture


def draw_on(
    axes: Axes, trajectories: Sequence[Trajectory], figure: str, title: str | None, options: ViewOptions
) -> None:
    """Draw a figure that has one pair of axes on those of somebody else, in the settings that hold there."""
    record = _record(figure, trajectories)
    if not hasattr(axes, "get_figure"):
        raise OptionError("ax", f"got a {type(axes).__name__}; must be one Axes of matplotlib")
    if not record.single:
        able = ", ".join(name for name, one in FIGURES.items() if one.single)
        raise OptionError("ax", f"{figure} has several axes; allowed for {able}")
    view = _view(record, trajectories, options, paper=True, axes=axes)
    with np.errstate(all="ignore"):
        record.draw(cast("Figure", axes.get_figure()), trajectories, view)
    if title:
        refuse_bad_mathematics("title", title)
        axes.set_title(title)


@spelled_out
def plot(
    *results: Given, figure: str = "risk", ax: Axes | None = None, **options: Unpack[DrawOptions]
) -> Picture | Axes:
    """Draw results, files, folders of them or patterns: a matplotlib Figure, which a notebook shows.

    On axes ``ax`` of your own it is drawn in your settings, and they are returned. What you have changed in
    matplotlib.rcParams holds, the rest is our style; curves are labelled, for ``ax.legend()``. ``figure``: risk,
    overlaps, trajectories, histogram, specialisation, share, compare, regimes, cost or sweep. The options are those of
    ``sgdode plot``: x, xscale, yscale, xlim, ylim, label, legend, title, size, dpi, style, runs, students, teachers,
    times, average; and y and of for sweep.
    Raises UsageError for what is unknown, out of range, or not in the files.
    """
    runs = [Trajectory.of(one) for one in given_results(results)]
    if ax is None:
        return draw(runs, figure, **options, users=True)
    chosen = {key: value for key, value in options.items() if key in ViewOptions.__annotations__}
    if looks := sorted(options.keys() - chosen.keys() - {"title"}):
        raise OptionError(looks[0], "is that of a picture of its own; on axes of yours, set it there")
    draw_on(ax, runs, figure, options.get("title"), cast("ViewOptions", chosen))
    return ax


def _record(figure: str, trajectories: Sequence[Trajectory]) -> FigureRecord:
    refuse_unknown("figure", figure, FIGURES)
    if not trajectories:
        raise UsageError("plot: no file given; what is to be drawn?")
    return FIGURES[figure]


def _view(
    record: FigureRecord,
    trajectories: Sequence[Trajectory],
    options: ViewOptions,
    *,
    paper: bool,
    axes: Axes | None = None,
) -> View:
    for option in ("xscale", "yscale"):
        if options.get(option) is not None and not record.scales:
            raise OptionError(option, "this figure has no axis of another scale")
    linear = all(run.settings.get("time.spacing") == "linear" for run in trajectories)
    return view_of(
        options, log_x=not (record.of_time and linear), log_y=record.log_y, key=record.of_keys, paper=paper, axes=axes
    )


def _style(settings: dict[str, object]) -> AbstractContextManager[None]:
    held: AbstractContextManager[None] = matplotlib.rc_context(settings)
    return held


def _head(picture: Figure, trajectories: Sequence[Trajectory], title: str | None, view: View) -> None:
    """The title of the user above the parameters that all runs share, at the left of the top."""
    if title == "":
        return
    if title is not None:
        refuse_bad_mathematics("title", title)
    names = {str(run.attributes.get("name", "")) for run in trajectories}
    states = sorted({run.status for run in trajectories} - {"complete", "diverged"})
    phrases = [*common(trajectories), *_only_maker(trajectories), *states]
    width = picture.get_size_inches()[0]
    lines = [visible_lines(title or ""), caption(phrases, int(width * (18 if view.paper else 12)))]
    if not any(lines) and len(names) == 1:
        lines = [literal(names.pop())]
    if text := "\n".join(filter(None, lines)):
        picture.suptitle(text, x=0.01, ha="left", fontsize=matplotlib.rcParams["font.size"])


def _only_maker(trajectories: Sequence[Trajectory]) -> list[str]:
    """The equations, where all curves are theirs and the legend names problems."""
    if len(trajectories) < 2 or any(run.kind == "simulation" for run in trajectories):
        return []
    series = arrange(trajectories, View())
    makers = {one.maker for one in series}
    return [literal(*makers)] if len(makers) == 1 and len({one.hue for one in series}) > 1 else []
