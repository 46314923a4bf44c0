"""What a step of SGD costs against the dimension, from the time that files say they took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sgdode.errors import OptionError
from sgdode.plots.groups import label
from sgdode.plots.labels import differing, parameters, phrase
from sgdode.plots.style import MARKERS, NEUTRAL, hues, lighter, log_axis, log_limits, place_legend, single_axes
from sgdode.plots.view import View
from sgdode.results.trajectory import Array, Trajectory


def draw_cost(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """Microseconds a step and run against d, both logarithmic: a line for every method and setting.

    Several runs of one file at once share its time. Starting, saving and a first compilation count, so the files should
    have many steps; a run that was resumed knows the time of its last part alone.
    """
    axes = single_axes(figure, view)
    lines: dict[str, list[Trajectory]] = {}
    simulations = [run for run in trajectories if run.kind == "simulation"] or list(trajectories)
    for run, name in zip(simulations, _line_names(simulations), strict=True):
        lines.setdefault(name, []).append(run)
    for place, (name, runs) in enumerate(lines.items()):
        runs.sort(key=_d)
        colour, marker = hues(len(lines))[place], MARKERS[place % len(MARKERS)]
        style: dict[str, Any] = {"marker": marker, "color": colour, "mfc": lighter(colour)}
        axes.plot([_d(run) for run in runs], [_microseconds(run) for run in runs], label=name, **style)
    d, times = _drawn(axes.lines, "x"), _drawn(axes.lines, "y")
    xlim, ylim = view.xlim or log_limits(d, 0.05), view.ylim or log_limits(times, 0.08)
    axes.set(xscale="log", yscale="log", xlim=xlim, ylim=ylim, xlabel="dimension $d$", ylabel="µs a step")
    _proportional(axes, d, times)
    log_axis(axes.xaxis)
    log_axis(axes.yaxis)
    place_legend(axes, *axes.get_legend_handles_labels(), view)


def _proportional(axes: Axes, d: Array, times: Array) -> None:
    """A guide ∝ d through the most expensive point."""
    top = int(np.argmax(times))
    ends = np.array([d.min(), d.max()])
    axes.plot(ends, times[top] * ends / d[top], color=NEUTRAL, ls=":", lw=0.9, zorder=1, label=r"$\propto d$")


def _line_names(runs: Sequence[Trajectory]) -> list[str]:
    """The method, and what differs besides the dimension."""
    records = [{key: value for key, value in parameters(run).items() if key != "dimension"} for run in runs]
    keys = differing(records)
    methods = [str(run.attributes.get("method", "exact")) for run in runs]
    return [
        ", ".join([method, *(phrase(key, record[key]) for key in keys if key in record)])
        for method, record in zip(methods, records, strict=True)
    ]


def _drawn(lines: Sequence[object], axis: str) -> Array:
    return np.concatenate([np.asarray(getattr(line, f"get_{axis}data")(), dtype=float) for line in lines])


def _d(run: Trajectory) -> float:
    if "dimension" not in run.attributes:
        raise OptionError("figure", f"cost: {label(run)} does not say its dimension")
    return float(run.attributes["dimension"])


def _microseconds(run: Trajectory) -> float:
    """Of one step of one run. Raises UsageError for a file that is no simulation, or does not tell."""
    seconds = run.environment.get("seconds")
    if run.kind != "simulation" or run.step is None or not run.step[-1] or not seconds:
        raise OptionError("figure", f"cost: {label(run)} is no simulation that tells its seconds and steps")
    return float(1e6 * seconds / (float(run.step[-1]) * len(run.risk)))
