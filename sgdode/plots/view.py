"""What to show of the runs: the options of a picture, checked as far as that goes without the data."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypedDict, TypeVar, get_type_hints

from sgdode.errors import OptionError, nearest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What the horizontal axis can be → its label (B is the batch size).
ABSCISSAE = {
    "t": r"rescaled time $t = \nu\gamma/(pd)$",
    "step": r"SGD steps $\nu$",
    "samples": r"samples $n = B\nu$",
    "samples/d": r"samples per dimension $n/d = B\nu/d$",
}

#: The files that a picture can be written to.
SUFFIXES = (".png", ".pdf", ".svg", ".eps", ".tiff", ".pgf")
SCALES = ("linear", "log")
CORNERS = ("upper right", "upper left", "lower left", "lower right")
#: Where a legend may stand.
LEGENDS = ("auto", "none", "below", "right", *CORNERS)
#: Inches below which a picture is one column of a paper, where the legend stands below.
NARROW = 4.5
_SIZES, _DOTS = (0.5, 50.0), (10.0, 2400.0)


class ViewOptions(TypedDict, total=False):
    """The options that choose what is shown; see ``sgdode.plots.draw.draw``."""

    x: str | None
    y: str | None
    of: str
    xscale: str | None
    yscale: str | None
    students: Iterable[int] | None
    teachers: Iterable[int] | None
    runs: Iterable[int] | None
    times: Iterable[float] | None
    moment: float | None
    average: bool
    xlim: tuple[float, float] | None
    ylim: tuple[float, float] | None
    label: str | Sequence[str] | None
    legend: str


class DrawOptions(ViewOptions, total=False):
    """Those, and how the picture looks."""

    style: str | Path
    title: str | None
    size: tuple[float, float] | None
    dpi: float | None


#: What an option is that is not given.
DEFAULTS: DrawOptions = {"x": None, "of": "final_risk", "average": False, "legend": "auto", "style": "screen"}
Given = ParamSpec("Given")
Drawn = TypeVar("Drawn")
Number = TypeVar("Number", int, float)


def spelled_out(function: Callable[Given, Drawn]) -> Callable[Given, Drawn]:
    """The function with every option of a picture in its signature, for help and completion, where it has **options."""
    own = inspect.signature(function).parameters.values()
    kept = [parameter for parameter in own if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
    hints = get_type_hints(DrawOptions, localns={"Axes": object})
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=DEFAULTS.get(name), annotation=hint)
        for name, hint in hints.items()
    ]

    @functools.wraps(function)
    def drawn(*args: Given.args, **kwargs: Given.kwargs) -> Drawn:
        return function(*args, **kwargs)

    drawn.__signature__ = inspect.Signature([*kept, *options])  # type: ignore[attr-defined]
    return drawn


@dataclass(frozen=True)
class View:
    """What to show of the runs: the options of ``draw``, checked again where they meet the data.

    ``moment`` is the time t of one frame of an animation. ``axes``: those of somebody else, to draw on.
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
    y: str | None = None
    of: str = "final_risk"
    log_x: bool = True
    log_y: bool = False
    labels: tuple[str, ...] | None = None
    legend: str = "auto"
    axes: Axes | None = None


def view_of(
    options: ViewOptions,
    *,
    log_x: bool,
    log_y: bool,
    key: bool = False,
    paper: bool = False,
    axes: Axes | None = None,
) -> View:
    """The view that options ask for; ``log_x``, ``log_y``: the axes as they are unless the options say otherwise, where
    limits must lie above 0. ``key``: ``x`` is the key of a spec. ``axes``: see View.

    Raises UsageError for values that cannot be, TypeError for an option that there is not.
    """
    if unknown := sorted(options.keys() - ViewOptions.__annotations__.keys()):
        known = list(DrawOptions.__annotations__)
        near = nearest(unknown[0], known)
        raise TypeError(f"a picture has no option {unknown[0]!r}; allowed: {', '.join(known)}{near}")
    average, legend = options.get("average", False), options.get("legend", "auto")
    x = options.get("x") or ("" if key else "t")
    if not key:
        refuse_unknown("x", x, ABSCISSAE)
    refuse_unknown("legend", legend, LEGENDS)
    if average and options.get("runs") is not None:
        raise OptionError("average", "excludes runs: the mean of many starts, or single runs of each")
    log_x, log_y = _is_log("xscale", options.get("xscale"), log_x), _is_log("yscale", options.get("yscale"), log_y)
    return View(
        x=x,
        students=_several("students", options.get("students"), int),
        teachers=_several("teachers", options.get("teachers"), int),
        runs=_several("runs", options.get("runs"), int),
        average=average,
        xlim=_checked_limits("xlim", options.get("xlim"), positive=log_x),
        ylim=_checked_limits("ylim", options.get("ylim"), positive=log_y),
        paper=paper,
        times=_several("times", options.get("times"), float),
        moment=options.get("moment"),
        y=options.get("y"),
        of=options.get("of", "final_risk"),
        log_x=log_x,
        log_y=log_y,
        labels=_labels(options.get("label")),
        legend=legend,
        axes=axes,
    )


def refuse_unknown(option: str, word: str, known: Iterable[str]) -> None:
    """Raises UsageError for a word that is none of the ``known``."""
    words = list(known)
    if word not in words:
        raise OptionError(option, f"got {word!r}; allowed: {', '.join(words)}{nearest(str(word), words)}")


def checked_size(size: tuple[float, float] | None, dpi: float | None) -> None:
    """Raises UsageError for a picture of no size, or of an absurd one."""
    low, high = _SIZES
    for part in () if size is None else _pair("size", size, "(width, height)"):
        if not low <= part <= high:
            raise OptionError("size", f"got {part:g}; width and height are inches, from {low:g} to {high:g}")
    low, high = _DOTS
    if dpi is not None and not low <= dpi <= high:
        raise OptionError("dpi", f"got {dpi:g}; must be from {low:g} to {high:g} dots an inch")


def _is_log(option: str, asked: str | None, otherwise: bool) -> bool:
    if asked is None:
        return otherwise
    refuse_unknown(option, asked, SCALES)
    return asked == "log"


def _labels(label: str | Sequence[str] | None) -> tuple[str, ...] | None:
    return None if label is None else (label,) if isinstance(label, str) else tuple(label)


def _several(option: str, given: object, kind: type[Number]) -> tuple[Number, ...] | None:
    """What an option has several of; one of them stands for itself. Raises UsageError."""
    if given is None:
        return None
    try:
        return tuple(map(kind, given if isinstance(given, Iterable) and not isinstance(given, str) else (given,)))
    except (TypeError, ValueError):
        raise OptionError(option, f"got {given!r}; must be a number, or several") from None


def _pair(option: str, given: object, what: str) -> tuple[float, float]:
    """Raises UsageError for what is no two numbers."""
    try:
        first, second = (float(one) for one in given)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise OptionError(option, f"got {given!r}; must be two numbers, {what}") from None
    return first, second


def _checked_limits(option: str, limits: tuple[float, float] | None, *, positive: bool) -> tuple[float, float] | None:
    if limits is None:
        return None
    low, high = _pair(option, limits, "(low, high)")
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise OptionError(option, f"got {low:g}, {high:g}; must be two finite numbers, the smaller one first")
    if positive and low <= 0:
        linear = f"{option[0]}scale linear"
        raise OptionError(option, f"got {low:g}; must be above 0, the axis is logarithmic ({linear} makes it another)")
    return low, high
