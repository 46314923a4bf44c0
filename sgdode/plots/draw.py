"""Pictures of runs: one function a figure, drawn by name and written as png, pdf or svg."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser

from sgdode.errors import UsageError, nearest
from sgdode.plots.figures.compare import compare
from sgdode.plots.figures.cost import cost
from sgdode.plots.figures.histogram import histogram
from sgdode.plots.figures.overlaps import overlaps
from sgdode.plots.figures.regimes import regimes
from sgdode.plots.figures.risk import risk
from sgdode.plots.figures.share import share
from sgdode.plots.figures.specialisation import specialisation
from sgdode.plots.figures.trajectories import trajectories as paths
from sgdode.plots.groups import ABSCISSAE, View
from sgdode.plots.labels import common
from sgdode.plots.style import STYLES, caption
from sgdode.results.atomic import aside
from sgdode.results.trajectory import Trajectory

#: A figure fills an empty matplotlib Figure from the runs; another one is a function in a file, and its name here.
FIGURES: dict[str, Callable[[Figure, Sequence[Trajectory], View], None]] = {
    "risk": risk,
    "overlaps": overlaps,
    "trajectories": paths,
    "histogram": histogram,
    "specialisation": specialisation,
    "share": share,
    "compare": compare,
    "regimes": regimes,
    "cost": cost,
}

SUFFIXES = (".png", ".pdf", ".svg")


def draw(
    trajectories: Sequence[Trajectory],
    figure: str = "risk",
    *,
    x: str = "t",
    students: Iterable[int] | None = None,
    teachers: Iterable[int] | None = None,
    runs: Iterable[int] | None = None,
    times: Iterable[float] | None = None,
    moment: float | None = None,
    average: bool = False,
    style: str = "screen",
    title: str | None = None,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
) -> Figure:
    """Draw one figure of one or several runs.

    ``x``: t, step, samples or samples/d. ``students``, ``teachers``, ``runs``: zero-based indices; ``runs`` draws these
    single runs instead of their mean. ``times``: those of histogram and specialisation; ``moment``: the time of one
    frame of an animation (trajectories, histogram). ``average`` pools runs that differ in their start alone into one
    mean ± standard error. ``title`` stands above the line of common parameters; an empty one leaves out both.
    Raises UsageError for what is unknown, out of range, or not in the files.
    """
    _known("figure", figure, FIGURES)
    _known("style", style, STYLES)
    _known("x", x, ABSCISSAE)
    if not trajectories:
        raise UsageError("plot: no file given; what is to be drawn?")
    if average and runs is not None:
        raise UsageError("--average and --runs exclude each other: the mean of many starts, or single runs of each")
    view = View(
        x=x,
        students=_indices(students),
        teachers=_indices(teachers),
        runs=_indices(runs),
        average=average,
        xlim=_limits("xlim", xlim),
        ylim=_limits("ylim", ylim, positive=figure in ("risk", "cost")),
        paper=style == "paper",
        times=None if times is None else tuple(times),
        moment=moment,
    )
    width, height, settings = STYLES[style]
    with _style(settings):
        picture = Figure(figsize=(width, height), layout="constrained")
        FIGURES[figure](picture, trajectories, view)
        _head(picture, trajectories, title, view)
        # Ticks are made by the first drawing: now, while the settings hold; and no layout moves after this.
        picture.draw_without_rendering()
        picture.set_layout_engine("none")
    return picture


def plot(*runs: Trajectory | str | Path, figure: str = "risk", **options: Any) -> Figure:
    """One picture of trajectories, or of files, as a matplotlib Figure (a notebook shows it). Options as in draw."""
    return draw([run if isinstance(run, Trajectory) else Trajectory.load(run) for run in runs], figure, **options)


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a picture as its suffix says: beside the path first, then renamed; the same bytes for the same picture.

    Raises UsageError for another suffix, FileError where it cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        animated = "; .gif for the figures trajectories and histogram"
        raise UsageError(f"{path}: got the suffix {path.suffix!r}; allowed: {', '.join(SUFFIXES)}{animated}")
    with aside(path) as part, _style({"svg.hashsalt": "sgdode", "pdf.fonttype": 42}):
        figure.savefig(part, format=suffix[1:], metadata=_metadata(suffix))
    return path


def _style(settings: dict[str, Any]) -> Any:
    """Our settings over matplotlib's own defaults: a user's matplotlibrc does not change the picture."""
    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if key != "backend"}
    return matplotlib.rc_context(defaults | settings)


def _metadata(suffix: str) -> dict[str, Any]:
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
    lines = [title or "", caption(phrases, int(width * (18 if view.paper else 12)))]
    if not any(lines) and len(names) == 1:
        lines = [names.pop().replace("$", r"\$")]
    if text := "\n".join(filter(None, lines)):
        picture.suptitle(text, x=0.01, ha="left", fontsize=matplotlib.rcParams["font.size"])


def _refuse_bad_mathematics(title: str) -> None:
    if not is_math_text(title):
        return
    try:
        MathTextParser("path").parse(title)
    except ValueError as error:
        reason = str(error).strip().splitlines()[-1]
        raise UsageError(f"--title: got {title!r}; not readable as mathematics ({reason})") from None


def _known(what: str, word: str, known: dict[str, Any]) -> None:
    if word not in known:
        raise UsageError(f"--{what}: got {word!r}; allowed: {', '.join(known)}{nearest(str(word), list(known))}")


def _indices(indices: Iterable[int] | None) -> tuple[int, ...] | None:
    return None if indices is None else tuple(indices)


def _limits(option: str, limits: tuple[float, float] | None, *, positive: bool = True) -> tuple[float, float] | None:
    if limits is None:
        return None
    low, high = (float(limit) for limit in limits)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(f"--{option}: got {low:g}, {high:g}; must be two finite numbers, the smaller one first")
    if positive and low <= 0:
        raise UsageError(f"--{option}: got {low:g}; must be above 0, the axis is logarithmic")
    return low, high
