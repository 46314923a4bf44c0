"""Figure 1 of the paper, with runs placed in it: 1/d, 1/p and γ tell which limit describes a run."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator
from numpy.typing import NDArray

from sgdode.errors import OptionError
from sgdode.plots.groups import label
from sgdode.plots.labels import as_mathematics, differing, literal, phrase
from sgdode.plots.style import NEUTRAL, legend_outside, single_axes
from sgdode.plots.view import View
from sgdode.results.trajectory import Array, Trajectory

_PLACE = ("dimension", "student_width", "gamma")
#: Runs that have a number and a name each, at most.
MOST_NAMES = 10
_MARGIN = 0.6  # decades around the runs


def draw_regimes(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """1/p against 1/d, γ as colour: d → ∞ at the left (Saad–Solla), p → ∞ below (mean field), γ → 0 dark."""
    for run in trajectories:
        if missing := [key for key in _PLACE if key not in run.attributes]:
            raise OptionError("figure", f"regimes: {label(run)} does not say its {', '.join(missing)}")
    runs = list({_place(run): run for run in trajectories}.values())
    x, y = _axis([1 / run.attributes["dimension"] for run in runs]), _axis([_inverse_width(run) for run in runs])
    axes = single_axes(figure, view)
    axes.set(xscale="log", yscale="log", xlim=view.xlim or _padded(x), ylim=view.ylim or _padded(y))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())  # powers of ten alone: the others run into one another
    _lines_of_equal_error(axes, runs)
    rates = np.array([max(run.attributes["gamma"], 1e-300) for run in runs])
    low, high = rates.min(), rates.max()
    norm = LogNorm(low / 1.5, high * 1.5) if np.isfinite(high) else None
    order = np.argsort(-rates)  # at one place the larger rings lie behind
    sizes = 55.0 * (1 + 1.6 * np.array([_behind(x, y, order, n) for n in order]))
    points = axes.scatter(
        x[order], y[order], sizes, rates[order], norm=norm, cmap="viridis", edgecolors="black", linewidths=0.7, zorder=3
    )
    bar = figure.colorbar(points, ax=axes, label=r"learning rate $\gamma$  ($\gamma/p \to 0$: classical)")
    _name_rates(bar, rates)
    axes.set(xlabel=r"$1/d$   ($\leftarrow$ high-dimensional)", ylabel=r"$1/p$   ($\leftarrow$ mean field)")
    if len(runs) <= MOST_NAMES:
        _number(figure, axes, runs, trajectories, view)


def _name_rates(bar: Colorbar, rates: Array) -> None:
    """Few rates stand at the bar as they are; many as powers of ten."""
    few = np.unique(rates)
    if len(few) <= 5 and np.isfinite(few).all():
        bar.ax.yaxis.set_major_locator(FixedLocator(few.tolist()))
        bar.ax.yaxis.set_minor_locator(NullLocator())
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"${as_mathematics(float(f'{value:.3g}'))}$"))


def _number(figure: Figure, axes: Axes, runs: Sequence[Trajectory], every: Sequence[Trajectory], view: View) -> None:
    """A number at every place, and what it stands for below."""
    x, y = _axis([1 / run.attributes["dimension"] for run in runs]), _axis([_inverse_width(run) for run in runs])
    for place in sorted(set(zip(x, y, strict=True))):
        numbers = [str(n + 1) for n, (across, up) in enumerate(zip(x, y, strict=True)) if (across, up) == place]
        crowded = any(across == place[0] and 1 < up / place[1] < 2 for across, up in zip(x, y, strict=True))
        offset = (8, -12) if crowded else (8, 6)
        axes.annotate(", ".join(numbers), place, xytext=offset, textcoords="offset points", zorder=4)
    names = [f"{n + 1}  {name}" for n, name in enumerate(_legend_names(runs, every))]
    if view.axes is None:
        legend_outside(figure, [Line2D([], [], linestyle="none") for _ in names], names, view, below=True)


def _legend_names(runs: Sequence[Trajectory], every: Sequence[Trajectory]) -> list[str]:
    """The names of all runs at the place of each of ``runs``; d, p and γ too where one name is at several places."""
    found = []
    for run in runs:
        names = list(dict.fromkeys(_run_name(other) for other in every if _place(other) == _place(run)))
        namesakes = [other.attributes for other in runs if _run_name(other) == _run_name(run)]
        keys = differing([{key: its[key] for key in _PLACE} for its in namesakes])
        found.append(", ".join([*names, *(phrase(key, run.attributes[key]) for key in keys)]))
    return found


def _run_name(run: Trajectory) -> str:
    return literal(str(run.attributes.get("name", "")))


def _behind(x: Array, y: Array, order: NDArray[np.intp], n: int) -> int:
    """How many runs at the place of run ``n`` are drawn after it, on top."""
    later = list(order)[list(order).index(n) + 1 :]
    return sum(bool(x[m] == x[n] and y[m] == y[n]) for m in later)


def _place(run: Trajectory) -> tuple[float, ...]:
    return tuple(float(run.attributes[key]) for key in _PLACE)


def _inverse_width(run: Trajectory) -> float:
    return 1.0 / float(run.attributes["student_width"])


def _axis(values: list[float]) -> Array:
    """An infinite size stands a decade beyond the largest finite one."""
    finite = [value for value in values if value > 0] or [1e-3]
    return np.array([value or min(finite) / 10 for value in values])


def _padded(values: Array) -> tuple[float, float]:
    pad = 10**_MARGIN
    return float(values.min() / pad**1.5), float(min(values.max() * pad, 2.0))


def _lines_of_equal_error(axes: Axes, runs: Sequence[Trajectory]) -> None:
    """Where √(γ/(p d)), the distance of SGD from `full`, is 10 %, 1 % and 0.1 %, at the middle γ of the runs."""
    gamma = float(np.median([run.attributes["gamma"] for run in runs]))
    if not (math.isfinite(gamma) and gamma > 0):
        return
    low, high = axes.get_xlim()
    bottom, top = axes.get_ylim()
    x = np.geomspace(low, high, 50)
    for error in (0.1, 0.01, 0.001):
        y = error**2 / gamma / x
        inside = (y > bottom * 1.2) & (y < top / 1.2) & (x < high * (low / high) ** 0.15)  # room for the label
        if not inside.any():
            continue
        axes.plot(x, y, color=NEUTRAL, linewidth=0.7, linestyle="--", zorder=1)
        at = int(np.flatnonzero(inside)[7 * inside.sum() // 8])
        label = rf"$\sqrt{{\gamma/pd}} = {error:g}$"
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        axes.annotate(label, (x[at], y[at]), fontsize="x-small", color=NEUTRAL, ha="center", va="center", bbox=box)
