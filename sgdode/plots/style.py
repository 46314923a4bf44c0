"""How pictures look: sizes, fonts, colours that colour-blind readers tell apart, and where the legend goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from matplotlib import colormaps, colors, rcParams, ticker
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.transforms import Bbox

from sgdode.results.trajectory import Array

#: What a legend shows of an entry; and entries by their labels.
Handle = Artist | tuple[Artist, ...]
Entries = dict[str, Handle]

#: Okabe & Ito's palette, strongest contrast first; its yellow is left out (too light on white).
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
NEUTRAL = "#404040"
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


def hues(count: int) -> list[str]:
    """``count`` colours: the palette, or steps of one map where there are more (a sweep, read as an order)."""
    if count <= len(PALETTE):
        return list(PALETTE[:count])
    return [colors.to_hex(colour) for colour in colormaps["viridis"](np.linspace(0, 0.9, count))]


def lighter(colour: str, share: float = 0.5) -> str:
    """The colour mixed with white."""
    return colors.to_hex((1 - share) * np.array(colors.to_rgb(colour)) + share)


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
    for command in (r"\cdot", r"\gamma", r"\Delta", r"\infty", r"\sigma"):
        text = text.replace(command, "x")
    return sum(character not in "$\\{}^_" for character in text)


def place_legend(axes: Axes, handles: Sequence[Handle], labels: Sequence[str], paper: bool) -> Legend:
    """The legend in the first corner where it covers no data; outside of the axes where every corner is taken."""
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    flat = [label.replace("\n", " ") for label in labels]
    for corner in ("lower left", "upper right", "lower right", "upper left"):
        legend = axes.legend(handles, flat, loc=corner)
        box = legend.get_window_extent()
        inside = axes.get_window_extent()
        fits = box.width < 0.62 * inside.width and box.height < 0.62 * inside.height
        if fits and not covers(box, axes):
            return legend
        legend.remove()
    return legend_outside(figure, handles, labels, paper)


def legend_outside(figure: Figure, handles: Sequence[Handle], labels: Sequence[str], below: bool) -> Legend:
    """The legend beside the axes, or ``below`` them, where the figure grows by its height."""
    shown = cast("Sequence[Artist]", handles)  # those of a tuple are drawn over each other
    if not below:
        return figure.legend(shown, labels, loc="outside right upper")
    flat = [label.replace("\n", " ") for label in labels]
    width, height = figure.get_size_inches()
    size = FontProperties(size=rcParams["legend.fontsize"]).get_size_in_points() / 72
    wide = size * (0.5 * max(_printed([label]) for label in flat) + 3.5)
    columns = int(max(1, min(len(flat), width // wide)))
    figure.set_size_inches(width, height + 1.5 * size * -(-len(flat) // columns))
    return figure.legend(shown, flat, loc="outside lower center", ncols=columns, columnspacing=1.2)


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
