"""How neurons turn towards their teachers: the distribution of their cosines at several times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sgdode.errors import UsageError
from sgdode.plots.curves import MOST_NAMES
from sgdode.plots.groups import Series, arrange, chosen, moments, nearest_time
from sgdode.plots.labels import as_mathematics
from sgdode.plots.style import Entries, hues, legend_outside, lighter
from sgdode.plots.view import View
from sgdode.results.alignment import cosines
from sgdode.results.trajectory import Array, Trajectory

BINS = 30
_NEEDED = ("M", "Q", "q")


def draw_histogram(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """The share of neurons in 30 bins of M_jr/√(P_rr Q_jj), a column a time and a row a chosen teacher (default: the
    first). SGD is filled, all its runs together; equations are outlines, their particles by weight."""
    series = sorted(arrange(trajectories, view), key=lambda one: one.simulated)
    if len(series) > MOST_NAMES:
        raise UsageError(f"histogram: {len(series)} files; at most {MOST_NAMES} fit over each other")
    teachers = chosen("teachers", view.teachers or (0,), len(series[0].first.P), "teachers", series[0].first)
    times = moments(view, trajectories)
    colours = hues(len(series))
    width, height = figure.get_size_inches()
    height *= (0.45 if view.paper else 0.62) if len(times) > 1 else 0.85
    figure.set_size_inches(width, 0.5 + height * len(teachers))
    grid = figure.subplots(len(teachers), len(times), squeeze=False, sharex=True)
    top = _highest(series, view, teachers) if view.moment is not None else None
    entries: Entries = {}
    for row, teacher in zip(grid, teachers, strict=True):
        for axes, time in zip(row, times, strict=True):
            for one, colour in zip(series, colours, strict=True):
                entries[_legend_label(one, series, view)] = _bars(axes, one, view, teacher, time, colour)
            shown = series[-1].first.time[nearest_time(series[-1].first, time)]
            axes.set_title(f"$t = {as_mathematics(float(f'{shown:.3g}'))}$", fontsize="medium")
            axes.set(xlim=(-1.04, 1.04), ylim=view.ylim or (0, top or 1.06 * axes.dataLim.y1), xticks=(-1, 0, 1))
        row[0].set_ylabel("share of neurons")
    for axes in grid[-1]:
        axes.set_xlabel(r"$M_{jr}/\sqrt{P_{rr}Q_{jj}}$" + (f", $r = {teachers[0]}$" if len(teachers) == 1 else ""))
    legend_outside(figure, list(entries.values()), list(entries), view, below=True)


def _bars(axes: Axes, series: Series, view: View, teacher: int, time: float, colour: str) -> Artist:
    shares, edges = shares_at(series, view, teacher, time)
    if series.simulated:
        return axes.stairs(shares, edges, fill=True, color=lighter(colour, 0.45), zorder=2)
    return axes.stairs(shares, edges, color=colour, lw=1.1, zorder=3)


def shares_at(series: Series, view: View, teacher: int, time: float) -> tuple[Array, Array]:
    """The share of neurons in each bin (BINS,), and its edges (BINS + 1,), at the saved time nearest to ``time``."""
    shares = np.zeros(BINS)
    edges = np.linspace(-1, 1, BINS + 1)
    for member in series.members:
        values = _cosines(member, teacher, time)
        if series.simulated:
            values = values[chosen("runs", view.runs, len(values), "runs", member)]
        students = chosen("students", view.students, values.shape[-1], "neurons", member)
        weight = np.ones(values.shape[-1]) if member.particle_weight is None else member.particle_weight
        weights = np.broadcast_to(weight, values.shape)[..., students]
        # rounding may leave a cosine just beyond its range
        shares += np.histogram(np.clip(values[..., students], -1, 1), edges, weights=weights / weights.sum())[0]
    return shares / len(series.members), edges


def _cosines(run: Trajectory, teacher: int, time: float) -> Array:
    """(S,p) of a simulation, (p,) of an integration."""
    at = nearest_time(run, time)
    axis = int(run.kind == "simulation")
    curves = {name: run.curves[name].take([at], axis) for name in _NEEDED if name in run.curves}
    moment = Trajectory(run.kind, run.time[at : at + 1], run.P, curves, attributes=run.attributes)
    return cosines(moment)[..., 0, :, teacher]


def _highest(series: list[Series], view: View, teachers: list[int]) -> float:
    """The top of an axis that holds at every time: the highest bin at the last one."""
    last = max(float(one.first.time[-1]) for one in series)
    return 1.06 * max(shares_at(one, view, r, t)[0].max() for one in series for r in teachers for t in (0.0, last))


def _legend_label(series: Series, every: list[Series], view: View) -> str:
    if not series.simulated:
        kind = series.maker
    else:
        runs = len(view.runs) if view.runs is not None else len(series.first.M) * len(series.members)
        kind = f"{series.maker}, {runs} run{'s' if runs > 1 else ''}"
    return ", ".join(filter(None, [kind, series.problem if len({one.hue for one in every}) > 1 else ""]))
