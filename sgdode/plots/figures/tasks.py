"""The risk on every task of a teacher that changes: what is learnt, and what is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sgdode.errors import UsageError
from sgdode.plots.curves import curve, draw_curve, legend_entries, mark_end
from sgdode.plots.groups import arrange
from sgdode.plots.style import NEUTRAL, hues, log_axis, log_limits, place_legend
from sgdode.plots.view import ABSCISSAE, View
from sgdode.results.trajectory import Array, Trajectory


def draw_tasks(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """Excess risk on each task against t: a hue for each task, points for SGD, lines for the equations; dashed
    verticals where another task begins. t is linear, as tasks have lengths."""
    if any("task_risk" not in run.curves for run in trajectories):
        raise UsageError("nothing to draw: a file has no task_risk; it is saved where teacher.tasks are given")
    series = arrange(trajectories, view)
    tasks = max(run.curves["task_risk"].shape[-1] for run in trajectories)
    colours, axes = hues(tasks), figure.subplots()
    entries = {f"task {task}": Line2D([], [], color=colours[task]) for task in range(tasks)} | dict(
        legend_entries(series, view, None)
    )
    drawn = [
        (one, task, curve(one, view, "task_risk", partial(_of_task, task)))
        for one in series
        for task in range(one.first.curves["task_risk"].shape[-1])
    ]
    shown = np.concatenate([found.mean for _, _, found in drawn])
    if not (shown > 0).any():
        raise UsageError("nothing to draw: no positive risk at a time after 0 within the limits")
    limits = view.ylim or log_limits(shown[shown > 0])
    axes.set(yscale="log", ylim=limits, xlabel=ABSCISSAE[view.x], ylabel=r"excess risk on a task, $R - \Delta/2$")
    for one, task, found in drawn:
        draw_curve(axes, found, one, colours[task], low=limits[0])
        if cross := mark_end(axes, found, one):
            entries["diverged"] = cross
    if view.x == "t":
        for start in _starts(trajectories):
            axes.axvline(start, color=NEUTRAL, ls="--", lw=0.8, zorder=0)
    if view.xlim is not None:
        axes.set_xlim(view.xlim)
    log_axis(axes.yaxis)
    place_legend(axes, list(entries.values()), list(entries), view)


def _of_task(task: int, values: Array) -> Array:
    return np.asarray(values[..., task])


def _starts(trajectories: Sequence[Trajectory]) -> list[float]:
    """When tasks begin after 0, in any of the runs, before all of them end."""
    found, last = set(), max(float(run.time[-1]) for run in trajectories)
    for run in trajectories:
        for task in run.resolved.get("teacher", {}).get("tasks") or ():
            found.add(float(task["start"]))
    return sorted(start for start in found if 0 < start < last)
