"""How pictures look: sizes, fonts, colours that colour-blind readers tell apart, and where the legend goes."""

from __future__ import annotations

import contextlib
import os
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import matplotlib.style
import numpy as np
from matplotlib import colormaps, colors, rcParams, rcParamsDefault, ticker
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.transforms import Bbox

from sgdode.errors import OptionError, nearest
from sgdode.plots.view import CORNERS, View
from sgdode.results.trajectory import Array

#: What a legend shows of an entry; and entries by their labels.
Handle = Artist | tuple[Artist, ...]
Entries = dict[str, Handle]

#: Okabe & Ito's palette, strongest contrast first; its yellow is left out (too light on white).
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
NEUTRAL = "#404040"
#: Settings that are no looks.
_NOT_LOOKS = frozenset(
    key
    for key in rcParamsDefault
    if key.startswith(("backend", "interactive", "toolbar", "webagg", "savefig.directory"))
)
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES: tuple[str | tuple[float, tuple[float, ...]], ...] = (
    "-",
    (0, (4, 1.6)),
    (0, (1, 1.3)),
    (0, (5, 1.4, 1, 1.4)),
    (0, (8, 2)),
)

_COMMON: dict[str, object] = {
    "axes.axisbelow": True,
    "axes.spines.top": True,
    "figure.facecolor": "white",
    "legend.frameon": False,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "pdf.fonttype": 42,
    "svg.hashsalt": "sgdode",
}

#: Style → (width in inches, height of one panel, matplotlib settings).
STYLES: dict[str, tuple[float, float, dict[str, object]]] = {
    "screen": (
        7.0,
        4.5,
        _COMMON
        | {
            "figure.dpi": 150,
            "font.size": 10,
            "axes.linewidth": 0.8,
            "lines.linewidth": 1.6,
            "lines.markersize": 4.5,
            "legend.fontsize": 9,
        },
    ),
    "paper": (
        3.4,
        2.5,
        _COMMON
        | {
            "figure.dpi": 300,
            "font.size": 8,
            "font.family": "STIXGeneral",
            "mathtext.fontset": "stix",
            "axes.linewidth": 0.5,
            "axes.titlesize": 8,
            "lines.linewidth": 0.9,
            "lines.markersize": 2.8,
            "legend.fontsize": 7,
            "legend.handlelength": 1.6,
            "legend.labelspacing": 0.3,
            "xtick.major.width": 0.5,
            "ytick.major.width": 0.5,
            "xtick.minor.width": 0.4,
            "ytick.minor.width": 0.4,
            "xtick.major.size": 3,
            "ytick.major.size": 3,
            "xtick.minor.size": 1.6,
            "ytick.minor.size": 1.6,
        },
    ),
}


def style_settings(style: str | Path, users: bool = False) -> tuple[tuple[float, float], dict[str, object]]:
    """The size of a picture and the matplotlib settings of a style: screen, paper, or a style sheet of matplotlib over
    screen, by its name or file. ``users``: over these, what the user has changed of matplotlib's own settings.

    Raises UsageError for a style that there is not.
    """
    name = str(style)
    width, height, settings = STYLES.get(name, STYLES["screen"])
    looks = [key for key in rcParamsDefault if key not in _NOT_LOOKS]
    own = {key: rcParams[key] for key in looks if rcParams[key] != rcParamsDefault[key]}
    settings = {key: rcParamsDefault[key] for key in looks} | settings
    changed = (own if users else {}) | ({} if name in STYLES else _sheet(name))
    width, height = changed.get("figure.figsize", (width, height))
    return (width, height), settings | changed


def _sheet(name: str) -> dict[str, object]:
    """The settings of a style sheet."""
    if name not in matplotlib.style.available and not os.path.exists(name):
        near = nearest(name, [*STYLES, *matplotlib.style.available])
        raise OptionError("style", f"got {name!r}; allowed: {', '.join(STYLES)}, or a matplotlib style or file{near}")
    if name in matplotlib.style.available:
        return dict(matplotlib.style.library[name])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = matplotlib.rc_params_from_file(name, use_default_template=False)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise OptionError("style", f"{name}: cannot be read as a style sheet: {error}") from None
    if not found:
        raise OptionError("style", f"{name}: is no style sheet of matplotlib, with lines such as `font.size: 9`")
    return {key: value for key, value in found.items() if key not in _NOT_LOOKS}


def hues(count: int) -> list[str]:
    """``count`` colours: the palette, or steps of one map where there are more (a sweep, read as an order)."""
    palette = list(PALETTE)
    if rcParams["axes.prop_cycle"] != rcParamsDefault["axes.prop_cycle"]:
        palette = [colors.to_hex(colour) for colour in rcParams["axes.prop_cycle"].by_key().get("color", palette)]
    if count <= len(palette):
        return palette[:count]
    return [colors.to_hex(colour) for colour in colormaps["viridis"](np.linspace(0, 0.9, count))]


def lighter(colour: str, share: float = 0.5) -> str:
    """The colour mixed with white."""
    return colors.to_hex((1 - share) * np.array(colors.to_rgb(colour)) + share)


def horizontal(axes: Axes, x: Array, view: View, labels: int = 9) -> None:
    """The horizontal axis for values x ≥ 0: logarithmic around them, or linear from 0 on."""
    if view.log_x:
        axes.set(xscale="log", xlim=view.xlim or log_limits(x[x > 0]))
        log_axis(axes.xaxis, labels)
    else:
        axes.set(xscale="linear", xlim=view.xlim or (0.0, float(x.max()) or 1.0))
        axes.xaxis.set_major_locator(ticker.MaxNLocator(min(labels, 8), steps=[1, 2, 2.5, 5, 10]))
        plain_numbers(axes.xaxis)


def vertical(axes: Axes, values: Array, view: View) -> float | None:
    """The vertical axis for values > 0: logarithmic around them, or linear from 0 on; gives the foot of a logarithmic
    one."""
    if view.log_y:
        limits = view.ylim or log_limits(values)
        axes.set(yscale="log", ylim=limits)
        log_axis(axes.yaxis)
        return limits[0]
    axes.set(yscale="linear", ylim=view.ylim or (0.0, 1.05 * float(values.max())))
    plain_numbers(axes.yaxis)
    return None


def single_axes(figure: Figure, view: View) -> Axes:
    """The axes of a picture that has one pair: its own, or somebody else's."""
    return figure.subplots() if view.axes is None else view.axes


def plain_numbers(axis: Axis) -> None:
    """Numbers of a linear axis, with one power of ten for all where they are large or small."""
    formatter = ticker.ScalarFormatter(useMathText=True)
    formatter.set_powerlimits((-3, 5))
    axis.set_major_formatter(formatter)


def log_axis(axis: Axis, labels: int = 9) -> None:
    """At most ``labels`` powers of ten as labels, nine minor ticks to a decade while the decades are few."""
    axis.set_major_locator(ticker.LogLocator(numticks=labels))
    low, high = axis.get_view_interval()
    decades = np.log10(high / low)
    subs = range(1, 10) if decades < 0.8 * labels + 2 else [1]
    axis.set_minor_locator(ticker.LogLocator(subs=subs, numticks=120))
    axis.set_major_formatter(ticker.LogFormatterMathtext())
    few = ticker.LogFormatterSciNotation(minor_thresholds=(2, 0.6))
    axis.set_minor_formatter(few if decades < 1.6 else ticker.NullFormatter())


def log_limits(values: Array, margin: float = 0.03) -> tuple[float, float]:
    """Limits of a log axis around positive ``values``, with a margin of the decades between them."""
    low, high = float(values.min()), float(values.max())
    pad = max((high / low) ** margin, 1.25)
    return low / pad, high * pad


def caption(phrases: Sequence[str], columns: int) -> str:
    """Phrases in lines of about ``columns`` characters as printed."""
    lines: list[list[str]] = [[]]
    for phrase in phrases:
        if lines[-1] and _printed(lines[-1]) + 2 + _printed([phrase]) > columns:
            lines.append([])
        lines[-1].append(phrase)
    return "\n".join(", ".join(line) for line in lines)


def _printed(phrases: Sequence[str]) -> int:
    text = ", ".join(phrases)
    text = re.sub(r"\\[a-zA-Z]+", "x", text)
    return sum(character not in "$\\{}^_" for character in text)


def place_legend(axes: Axes, handles: Sequence[Handle], labels: Sequence[str], view: View) -> None:
    """The legend where it is asked for; else in the first corner where it covers no data, and outside of the axes where
    every corner is taken (on somebody else's axes: where matplotlib finds best)."""
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    flat = [label.replace("\n", " ") for label in labels]
    if view.legend == "none" or not labels:
        return
    if view.legend in CORNERS or view.axes is not None:
        axes.legend(handles, flat, loc=view.legend if view.legend in CORNERS else "best")
        return
    if view.legend == "auto":
        figure.draw_without_rendering()
        for corner in ("lower left", "upper right", "lower right", "upper left"):
            legend = axes.legend(handles, flat, loc=corner)
            box = legend.get_window_extent()
            inside = axes.get_window_extent()
            fits = box.width < 0.62 * inside.width and box.height < 0.62 * inside.height
            if fits and not covers(box, axes):
                return
            legend.remove()
    legend_outside(figure, handles, labels, view)


def legend_outside(
    figure: Figure, handles: Sequence[Handle], labels: Sequence[str], view: View, below: bool | None = None
) -> None:
    """The legend beside the axes, or ``below`` them, where the figure grows by its height (default: below in a narrow
    picture, and where it is wide). Its lines are folded where they are wider than the picture."""
    if view.legend == "none" or not labels:
        return
    shown = cast("Sequence[Artist]", handles)  # those of a tuple are drawn over each other
    width, height = figure.get_size_inches()
    size = FontProperties(size=rcParams["legend.fontsize"]).get_size_in_points() / 72
    if view.legend in CORNERS:
        figure.axes[0].legend(shown, [label.replace("\n", " ") for label in labels], loc=view.legend)
        return
    widest = size * (0.5 * max(_printed([line]) for label in labels for line in label.split("\n")) + 3.5)
    beside = view.legend == "right" or (view.legend == "auto" and not (view.paper if below is None else below))
    tall = size * 1.5 * sum(1 + label.count("\n") for label in labels)
    if beside and widest < 0.4 * width and tall < 0.95 * height:
        figure.legend(shown, labels, loc="outside right upper")
        return
    most = int(max(16, (0.97 * width / size - 3.5) / 0.5))
    flat = [folded_label(label.replace("\n", " "), most) for label in labels]
    wide = size * (0.5 * max(_printed([line]) for label in flat for line in label.split("\n")) + 3.5)
    columns = int(max(1, min(len(flat), width // wide)))
    rows = [flat[place::columns] for place in range(columns)]
    lines = max(sum(1 + label.count("\n") for label in column) for column in rows)
    figure.set_size_inches(width, height + 1.5 * size * lines)
    figure.legend(shown, flat, loc="outside lower center", ncols=columns, columnspacing=1.2)


def folded_label(text: str, columns: int) -> str:
    """A text in lines of about ``columns`` characters as printed; mathematics is not broken."""
    if _printed([text]) <= columns:
        return text
    if "$" in text:
        return caption(text.split(", "), columns).replace("\n", ",\n")
    return "\n".join(textwrap.wrap(text, columns))


def covers(box: Bbox, axes: Axes) -> bool:
    """Whether a box in pixels lies over any curve, point, error bar or band of the axes."""
    for line in axes.lines:
        path = line.get_path().transformed(line.get_transform())
        if line.get_linestyle() in ("None", "none", ""):
            if box.padded(4).count_contains(path.vertices):
                return True
        elif path.intersects_bbox(box, filled=False):
            return True
    for collection in axes.collections:
        filled = not isinstance(collection, LineCollection)
        for path in collection.get_paths():
            if path.transformed(collection.get_transform()).intersects_bbox(box, filled=filled):
                return True
    return False


@contextlib.contextmanager
def blended(figure: Figure) -> Iterator[None]:
    """In the block, what is half transparent has the colour that it has on white: PostScript knows no transparency."""
    found: list[Any] = figure.findobj(_has_faces)
    before = [(artist, artist.get_alpha(), artist.get_facecolor()) for artist in found]
    try:
        for artist, alpha, faces in before:
            artist.set_alpha(None)
            shade = [alpha * np.asarray(face[:3]) + 1 - alpha for face in np.atleast_2d(faces)]
            artist.set_facecolor(shade if len(shade) > 1 else shade[0])
        yield
    finally:
        for artist, alpha, faces in before:
            artist.set_facecolor(faces)
            artist.set_alpha(alpha)


def _has_faces(artist: Any) -> bool:
    return hasattr(artist, "get_facecolor") and isinstance(artist.get_alpha(), float) and artist.get_alpha() < 1
