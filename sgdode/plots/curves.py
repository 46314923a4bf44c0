"""One curve of one series on a pair of axes: points with error bars for SGD, lines with bands for the equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from sgdode.plots.groups import Series, chosen, mean_and_error, thinned
from sgdode.plots.smooth import smooth
from sgdode.plots.style import DASHES, MARKERS, NEUTRAL, Entries, Handle, hues, lighter
from sgdode.plots.view import View
from sgdode.results.trajectory import Array

#: Points of a simulation in one curve, at most.
MOST_POINTS = 40
#: Risks smaller than this share of the first one are the round-off of its sum, not learning.
ROUND_OFF = 1e-12
#: Problems named in a legend, at most.
MOST_NAMES = 10


@dataclass(frozen=True)
class Curve:
    """A curve at x > 0: ``mean`` (T,) with its ``error`` (T,) or None; ``runs`` (R,T) are single runs instead."""

    x: Array
    mean: Array
    error: Array | None = None
    runs: Array | None = None
    log_x: bool = True

    def where(self, kept: NDArray[np.bool_] | NDArray[np.int64]) -> Curve:
        """The curve at some of its times, (T,) booleans or indices."""
        return Curve(
            self.x[kept],
            self.mean[kept],
            None if self.error is None else self.error[kept],
            None if self.runs is None else self.runs[:, kept],
            self.log_x,
        )

    @property
    def ends(self) -> tuple[Array, Array]:
        """Lower and upper end of the error bars, (T,) each."""
        error = 0.0 if self.error is None else self.error
        return self.mean - error, self.mean + error


def curve(series: Series, view: View, name: str, pick: Callable[[Array], Array] = lambda values: values) -> Curve:
    """The curve of ``pick(series' name)``, (...,T) → (...,T): mean ± standard error over runs.

    An integration has its predicted standard deviation as error, where the file holds one for ``name`` itself and
    linear noise holds (NaN elsewhere).
    t = 0 has no place on a logarithmic axis and is left out there. Raises UsageError for runs out of range.
    """
    samples = series.samples(name, pick)
    single = not series.simulated and len(samples) == 1
    predicted = series.first.predicted(name) if single else None
    return curve_of(samples, series, view, None if predicted is None else pick(predicted))


def curve_of(samples: Array, series: Series, view: View, predicted: Array | None = None) -> Curve:
    """The curve of samples (N,T) of a series: as :func:`curve`, for what is no entry of a saved curve."""
    mean, error = mean_and_error(samples)
    if not series.simulated:
        error = predicted
    runs = None
    if series.simulated and view.runs is not None:
        runs = samples[chosen("runs", view.runs, len(samples), "runs", series.first)]
    x = series.abscissa(view.x)
    kept = ((x > 0) | (not view.log_x)) & np.isfinite(mean)
    if view.xlim is not None:
        kept &= _with_neighbours(x, view.xlim)
    return Curve(x, mean, error, runs, view.log_x).where(kept)


def above_round_off(shown: Curve, series: Series) -> Curve:
    """A curve of the risk without what is round-off of its sum, or below the tolerance of the solver; where it has been
    there, it must come well above it to be drawn again."""
    start = float(series.samples("risk")[..., 0].mean())
    floor = max(ROUND_OFF * start, float(series.first.attributes.get("atol", 0.0)))

    def seen(values: Array) -> Array:
        lost = np.logical_or.accumulate(values <= floor, axis=-1)
        return np.where(values > np.where(lost, 100 * floor, floor), values, np.nan)

    return replace(shown, mean=seen(shown.mean), runs=None if shown.runs is None else seen(shown.runs))


def _with_neighbours(x: Array, limits: tuple[float, float]) -> NDArray[np.bool_]:
    """Inside the limits, with one neighbour on each side so that lines run up to the frame."""
    inside = (x >= limits[0]) & (x <= limits[1])
    spread = inside.copy()
    spread[1:] |= inside[:-1]
    spread[:-1] |= inside[1:]
    return spread


def draw_curve(
    axes: Axes,
    shown: Curve,
    series: Series,
    colour: str,
    *,
    low: float | None = None,
    most: int = MOST_POINTS,
    phase: float = 0.0,
    width: float = 1.0,
    name: str = "",
) -> None:
    """Draw one curve. ``low`` is the foot of a log axis: bars and bands end there; ``width`` scales the lines; ``name``
    says what it is, if more than its series."""
    if not len(shown.x):
        return
    label = ", ".join(filter(None, (name, series.title)))
    if not series.simulated:
        _draw_line(axes, shown, series, colour, low, width, label)
    elif shown.runs is not None:
        for place, run in enumerate(shown.runs):
            style: dict[str, Any] = {"color": lighter(colour, 0.35), "lw": 0.6, "zorder": 2}
            axes.plot(shown.x, _positive(run, low), label=f"_{label}" if place else label, **style)
    else:
        kept = thinned(shown.x, most, phase, log=shown.log_x)
        _draw_points(axes, shown.where(kept), series, colour, low, label)


def _draw_line(
    axes: Axes, shown: Curve, series: Series, colour: str, low: float | None, width: float, label: str
) -> None:
    style: dict[str, Any] = {"marker": "x"} if len(shown.x) == 1 else {}
    style |= {"color": colour, "ls": DASHES[series.rank % len(DASHES)], "zorder": 3, "label": label}
    scales = shown.log_x, low is not None
    (line,) = axes.plot(*smooth(shown.x, _positive(shown.mean, low), *scales), **style)
    line.set_linewidth(width * line.get_linewidth())
    if shown.error is not None and (shown.error > 0).any():
        (x, lower), (_, upper) = (smooth(shown.x, _floored(end, low), *scales) for end in shown.ends)
        axes.fill_between(x, lower, upper, color=colour, alpha=0.2, lw=0, zorder=1)


def _draw_points(axes: Axes, shown: Curve, series: Series, colour: str, low: float | None, label: str) -> None:
    shown = shown.where(shown.mean > low if low is not None else np.isfinite(shown.mean))
    bars = None
    if shown.error is not None:
        lower, upper = (_floored(end, low) for end in shown.ends)
        bars = np.stack([shown.mean - lower, upper - shown.mean])
    axes.errorbar(
        shown.x,
        shown.mean,
        yerr=bars,
        fmt=MARKERS[series.rank % len(MARKERS)],
        color=colour,
        mfc=lighter(colour),
        mew=0.7,
        elinewidth=0.8,
        capsize=0,
        zorder=4,
        label=label,
    )


def _positive(values: Array, low: float | None) -> Array:
    """On a log axis, what is at or below zero leaves a gap (perfect learning, round-off)."""
    return values if low is None else np.where(values > 0, values, np.nan)


def _floored(values: Array, low: float | None) -> Array:
    return values if low is None else np.maximum(values, low)


def spread_phases(series: list[Series]) -> dict[int, float]:
    """Hue → phase of its points, so that those of coinciding curves lie side by side."""
    present = sorted({one.hue for one in series if one.simulated})
    return {hue: place / len(present) for place, hue in enumerate(present)}


def problem_colours(series: list[Series]) -> list[str]:
    """One colour a problem, by ``Series.hue``."""
    return hues(1 + max(one.hue for one in series))


def legend_entries(series: list[Series], view: View, colours: list[str] | None) -> Entries:
    """Label → handle: the problems by colour where there are several, then what made the curves, once each; labels of
    the user's own stand for either.

    ``colours`` None leaves the problems out (where colour means something else).
    """
    several = colours is not None and len({one.hue for one in series}) > 1
    if _labelled_singly(series):
        return {
            one.own or "": _maker_handle(one, (colours or [NEUTRAL])[one.hue if colours else 0], view) for one in series
        }
    entries: Entries = {}
    if several and colours is not None:
        entries |= _problem_entries(series, view, colours)
    colour = colours[0] if colours and not several else NEUTRAL
    if several and len({one.maker for one in series}) == 1 and not any(one.simulated or _banded(one) for one in series):
        return entries  # the head says what they are
    for one in sorted(series, key=lambda one: (not one.simulated, one.rank)):
        alike = [other for other in series if other.simulated and (other.maker, other.rank) == (one.maker, one.rank)]
        entries.setdefault(maker_label(one, view, alike), _maker_handle(one, colour, view))
    return entries


def _labelled_singly(series: list[Series]) -> bool:
    """Whether the user's labels tell more than the problems apart."""
    if any(one.own is None for one in series):
        return False
    return len({one.own for one in series}) > len({one.hue for one in series}) or len({one.hue for one in series}) == 1


def _problem_entries(series: list[Series], view: View, colours: list[str]) -> Entries:
    """The problems by colour; of very many some, which is said."""
    entries: Entries = {}
    every = list(dict.fromkeys(one.hue for one in series))
    picked = sorted({round(place) for place in np.linspace(0, len(every) - 1, min(len(every), MOST_NAMES))})
    for hue in (every[place] for place in picked):
        its = [one for one in series if one.hue == hue]
        entries[its[0].own or its[0].problem] = _problem_handle(its, colours[hue], view)
    if len(picked) < len(every):
        entries[f"({len(picked)} of {len(every)} named)"] = Line2D([], [], ls="none")
    return entries


def maker_label(series: Series, view: View, alike: Sequence[Series] = ()) -> str:
    """What made a curve and what its error bar or band is; ``alike`` share the label, whatever their number of runs."""
    count, pooled = len(series.members), len(series.members) > 1
    if not series.simulated:
        parts = [series.maker, f"mean of {count} starts" if pooled else ""]
        if _banded(series):
            parts.append("±1 s.d. of a run")
    else:
        notes = [one.note for one in alike or [series] if one.note]
        parts = [series.maker, _sampling(alike or [series], view), *notes[:1]]
    return ",\n".join(filter(None, parts))


def _banded(series: Series) -> bool:
    return len(series.members) == 1 and any(name.endswith("_std") for name in series.first.curves)


def _sampling(alike: Sequence[Series], view: View) -> str:
    if view.runs is not None:
        few = ("run " if len(view.runs) == 1 else "runs ") + ", ".join(map(str, view.runs))
        return few if len(view.runs) <= 4 else f"{len(view.runs)} single runs"
    pooled = len(alike[0].members) > 1
    counts = [len(one.members) if pooled else len(next(iter(one.first.curves.values()))) for one in alike]
    number = " to ".join(str(count) for count in sorted({min(counts), max(counts)}))
    if pooled:
        return f"mean ± s.e. of {number} starts"
    return f"mean ± s.e. of {number} runs" if max(counts) > 1 else "1 run"


def _maker_handle(series: Series, colour: str, view: View) -> Handle:
    if not series.simulated:
        line = Line2D([], [], color=colour, ls=DASHES[series.rank % len(DASHES)])
        return (Patch(color=colour, alpha=0.2, lw=0), line) if _banded(series) else line
    if view.runs is not None:
        return Line2D([], [], color=lighter(colour, 0.35), lw=0.6)
    return Line2D([], [], color=colour, mfc=lighter(colour), ls="none", marker=MARKERS[series.rank % len(MARKERS)])


def _problem_handle(its: list[Series], colour: str, view: View) -> Line2D:
    points = any(one.simulated for one in its) and view.runs is None
    lines = view.runs is not None or not all(one.simulated for one in its)
    return Line2D(
        [], [], color=colour, mfc=lighter(colour), ls="-" if lines else "none", marker="o" if points else "none"
    )


def mark_end(axes: Axes, shown: Curve, series: Series) -> Line2D | None:
    """A cross at the last point of a diverged run; the handle of its legend entry, None where there is none."""
    if not len(shown.x) or all(member.status != "diverged" for member in series.members):
        return None
    last = replace(shown.where(np.array([len(shown.x) - 1])), error=None)
    axes.plot(last.x, last.mean, ls="none", marker="x", ms=8, mew=1.8, color=NEUTRAL, zorder=6, clip_on=False)
    return Line2D([], [], color=NEUTRAL, ls="none", marker="x", ms=8, mew=1.8)
