"""What to show of the runs: the options of a picture, checked as far as that goes without the data."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

from sgdode.errors import OptionError, nearest

#: What the horizontal axis can be → its label (B is the batch size).
ABSCISSAE = {
    "t": r"rescaled time $t = \nu\gamma/(pd)$",
    "step": r"SGD steps $\nu$",
    "samples": r"samples $n = B\nu$",
    "samples/d": r"samples per dimension $n/d = B\nu/d$",
}


#: The files that a picture can be written to.
SUFFIXES = (".png", ".pdf", ".svg")


class ViewOptions(TypedDict, total=False):
    """The options that choose what is shown; see ``sgdode.plots.draw.draw``."""

    x: str
    students: Iterable[int] | None
    teachers: Iterable[int] | None
    runs: Iterable[int] | None
    times: Iterable[float] | None
    moment: float | None
    average: bool
    xlim: tuple[float, float] | None
    ylim: tuple[float, float] | None


class DrawOptions(ViewOptions, total=False):
    """Those, and how the picture looks."""

    style: str
    title: str | None


@dataclass(frozen=True)
class View:
    """What to show of the runs: the options of ``draw``, checked again where they meet the data.

    ``moment`` is the time t of one frame of an animation.
    """

    x: str = "t"
    students: tuple[int, ...] | None = None
    teachers: tuple[int, ...] | None = None
    runs: tuple[int, ...] | None = None
    average: bool = False
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None
    paper: bool = False
    times: tuple[float, ...] | None = None
    moment: float | None = None


def view_of(options: ViewOptions, *, log_y: bool, paper: bool) -> View:
    """The view that options ask for; ``log_y``: limits of the vertical axis must lie above 0.

    Raises UsageError for values that cannot be, TypeError for an option that there is not.
    """
    if unknown := sorted(options.keys() - ViewOptions.__annotations__.keys()):
        known = list(DrawOptions.__annotations__)
        raise TypeError(f"draw has no option {unknown[0]!r}; allowed: {', '.join(known)}{nearest(unknown[0], known)}")
    x, average, times = options.get("x", "t"), options.get("average", False), options.get("times")
    refuse_unknown("x", x, ABSCISSAE)
    if average and options.get("runs") is not None:
        raise OptionError("average", "excludes runs: the mean of many starts, or single runs of each")
    return View(
        x=x,
        students=_indices(options.get("students")),
        teachers=_indices(options.get("teachers")),
        runs=_indices(options.get("runs")),
        average=average,
        xlim=_checked_limits("xlim", options.get("xlim"), positive=True),
        ylim=_checked_limits("ylim", options.get("ylim"), positive=log_y),
        paper=paper,
        times=None if times is None else tuple(times),
        moment=options.get("moment"),
    )


def refuse_unknown(option: str, word: str, known: Iterable[str]) -> None:
    """Raises UsageError for a word that is none of the ``known``."""
    words = list(known)
    if word not in words:
        raise OptionError(option, f"got {word!r}; allowed: {', '.join(words)}{nearest(str(word), words)}")


def _indices(indices: Iterable[int] | None) -> tuple[int, ...] | None:
    return None if indices is None else tuple(indices)


def _checked_limits(option: str, limits: tuple[float, float] | None, *, positive: bool) -> tuple[float, float] | None:
    if limits is None:
        return None
    low, high = (float(limit) for limit in limits)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise OptionError(option, f"got {low:g}, {high:g}; must be two finite numbers, the smaller one first")
    if positive and low <= 0:
        raise OptionError(option, f"got {low:g}; must be above 0, the axis is logarithmic")
    return low, high
