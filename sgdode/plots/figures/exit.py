"""The time to leave a plateau: the predicted share of runs that are still there, and that of runs with its band."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from sgdode.plots.style import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sgdode.runs.exit import ExitTimes

_MARGIN = 0.25


def exit_figure(found: ExitTimes) -> Figure:
    """A picture of both distributions of ``found``."""
    figure = Figure(figsize=(5.6, 3.6), layout="constrained", dpi=150)
    axes = figure.subplots()
    first, last = _range(found)
    t = np.linspace(first, last, 600)
    axes.plot(t, found.law.survival(t), color=PALETTE[0], label=f"predicted ({found.law.kind})")
    if found.simulated is not None:
        _draw_runs(axes, found, last)
    axes.set_xlim(first, last)
    axes.set_ylim(-0.02, 1.02)
    axes.set(xlabel="time $t$", ylabel=f"share of runs {_level(found)}")
    axes.legend(frameon=False)
    return figure


def _draw_runs(axes: Axes, found: ExitTimes, last: float) -> None:
    """The Kaplan–Meier steps of the runs, their band, and where those that are censored were stopped."""
    runs = found.simulated
    assert runs is not None
    t, value, low, high = runs.curve()
    t, value, low, high = (
        np.append(one, end) for one, end in ((t, last), (value, value[-1]), (low, low[-1]), (high, high[-1]))
    )
    told = f"{runs.runs} runs of SGD, 95 % band"
    axes.fill_between(t, low, high, step="post", color=PALETTE[1], alpha=0.25, lw=0)
    axes.step(t, value, where="post", color=PALETTE[1], label=told)
    if runs.censored:
        axes.plot(runs.stop, value[-1], "|", color=PALETTE[1], ms=12, label=f"{runs.censored} not passed by then")


def _range(found: ExitTimes) -> tuple[float, float]:
    """Where there is something to see."""
    times = found.law.times[np.isfinite(found.law.times)]
    if found.simulated is not None:
        times = np.concatenate([times, np.minimum(found.simulated.times, found.simulated.stop)])
    low, high = np.quantile(times, [0.001, 0.999])
    return max(0.0, float(low - _MARGIN * (high - low))), float(high + _MARGIN * (high - low))


def _level(found: ExitTimes) -> str:
    if found.observable.name == "risk":
        return f"with $R-\\Delta/2$ above {found.observable.level:.3g}"
    return f"with a specialisation below {found.observable.level:.3g}"
