"""Figure 2 (left) of the paper: how every neuron moves in the plane of two teachers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.lines import Line2D

from sgdode.errors import OptionError, UsageError
from sgdode.plots.curves import Curve, above_round_off, curve_of, draw_curve
from sgdode.plots.groups import Series, arrange, chosen, label, thinned
from sgdode.plots.labels import as_mathematics
from sgdode.plots.style import DASHES, MARKERS, NEUTRAL, Entries, Handle, horizontal, hues, lighter, log_axis, vertical
from sgdode.plots.view import View
from sgdode.results.alignment import cosines
from sgdode.results.trajectory import Array, Trajectory

#: Neurons that are drawn unless ``students`` names others, and points of each of them.
MOST_NEURONS, MOST_POINTS = 40, 30
#: A neuron has learnt a teacher where their cosine is at least this.
LEARNT = 0.8


def draw_trajectories(figure: Figure, runs: Sequence[Trajectory], view: View) -> None:
    """M_jr/√(Q_jj P_rr) of two teachers against each other: SGD (run 0, or ``runs``) as points, equations as lines.

    A neuron has the colour of the teacher it ends at. Stars are the teachers, the diamond is the end of the linear
    phase, w ∝ Σ a*_r w*_r. Beside it the risk. Raises UsageError for more than one problem, or fewer than two teachers.
    """
    series = arrange(runs, view)
    if len({one.hue for one in series}) > 1:
        raise UsageError("trajectories: the files are of several problems; one fits into the picture")
    pair = chosen("teachers", view.teachers or (0, 1), len(series[0].first.P), "teachers", series[0].first)
    if len(pair) != 2:
        raise OptionError("teachers", f"got {len(pair)}; trajectories are drawn against two teachers")
    plane, risk, key = _panels(figure, view)
    colours = dict(zip(pair, hues(2), strict=True))
    chief = next((one for one in series if not one.simulated), series[0])
    neurons = _neurons(chief, pair, colours, view)
    for one in series:
        for path in _paths(one, pair, view):
            _draw_paths(plane, one, path, neurons, view)
    entries = _landmarks(plane, series[0].first, pair, colours)
    _crop(plane, [path[:, list(neurons)] for one in series for path in _paths(one, pair, view)])
    _draw_risk(risk, series, view)
    key.legend(*_legend(series, entries, view), loc="center", ncols=2 if view.paper else 1)


def _crop(axes: Axes, paths: Sequence[Array]) -> None:
    """Leave out the quarters of the plane where nothing goes."""
    low = min(float(np.min(path, axis=(0, 1))[side]) for path in paths for side in (0, 1))
    if low > -0.4:
        lowest = min(low - 0.1, -0.16)
        axes.set(xlim=(lowest, 1.12), ylim=(lowest, 1.12), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))


def _panels(figure: Figure, view: View) -> tuple[Axes, Axes, Axes]:
    """The plane of the teachers, the risk, and room for the legend."""
    width, height = figure.get_size_inches()
    if view.paper:
        figure.set_size_inches(width, 2.45 * height)
        grid = figure.add_gridspec(3, 1, height_ratios=(3.4, 1.4, 1.25))
        return figure.add_subplot(grid[0]), figure.add_subplot(grid[1]), _blank(figure, grid[2])
    figure.set_size_inches(width * 1.1, height)
    grid = figure.add_gridspec(2, 2, width_ratios=(1.5, 1), height_ratios=(1, 1))
    return figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[0, 1]), _blank(figure, grid[1, 1])


def _blank(figure: Figure, place: SubplotSpec) -> Axes:
    axes = figure.add_subplot(place)
    axes.set_axis_off()
    return axes


def _neurons(series: Series, pair: list[int], colours: dict[int, str], view: View) -> dict[int, str]:
    """The neurons to draw → the colour of the teacher that each has learnt in the end."""
    last = _paths(series, pair, view)[0][-1]
    students = chosen("students", view.students, len(last), "neurons", series.first)
    if view.students is None and len(students) > MOST_NEURONS:
        students = [int(place) for place in np.linspace(0, len(last) - 1, MOST_NEURONS)]
    return {j: colours[pair[last[j].argmax()]] if last[j].max() >= LEARNT else NEUTRAL for j in students}


def _paths(series: Series, pair: list[int], view: View) -> list[Array]:
    """The (T,p,2) cosines of each run to draw."""
    found = cosines(series.first)[..., pair]
    if not series.simulated:
        return [found]
    return list(found[chosen("runs", view.runs or (0,), len(found), "runs", series.first)])


def _draw_paths(axes: Axes, series: Series, path: Array, neurons: dict[int, str], view: View) -> None:
    time = series.first.time
    kept = np.arange(len(time))
    if series.simulated:
        moving = np.flatnonzero(time > 0)
        kept = np.concatenate([kept[:1], moving[thinned(time[moving], MOST_POINTS)] if len(moving) else moving])
    if view.moment is not None:
        kept = kept[time[kept] <= view.moment * (1 + 1e-9)]
    for neuron, colour in neurons.items():
        x, y = path[kept, neuron].T
        if series.simulated:
            marker = MARKERS[series.rank % len(MARKERS)]
            axes.plot(
                x,
                y,
                ls="none",
                marker=marker,
                ms=_marker_size(0.7),
                mew=0.5,
                color=colour,
                mfc=lighter(colour),
                zorder=3,
            )
        else:
            axes.plot(x, y, ls=DASHES[series.rank % len(DASHES)], lw=_marker_size(0.25), color=colour, zorder=4)
        axes.plot(*path[0, neuron], marker="o", ms=_marker_size(1.2), mfc="none", mec=NEUTRAL, mew=0.8, zorder=5)


def _marker_size(factor: float) -> float:
    """A size in points, in units of the style's markers."""
    return factor * float(rcParams["lines.markersize"])


def _landmarks(axes: Axes, run: Trajectory, pair: list[int], colours: dict[int, str]) -> Entries:
    """The teachers, the end of the linear phase, and the edge of what is possible; returns legend entries."""
    length = np.sqrt(np.diag(run.P))
    targets = (run.P / np.outer(length, length))[np.ix_(pair, pair)]
    angle, between = np.linspace(0, 2 * np.pi, 200), np.arccos(np.clip(targets[0, 1], -1, 1))
    axes.plot(np.cos(angle), np.cos(angle - between), color="0.75", lw=0.7, zorder=1)
    axes.set(aspect="equal", xlim=(-1.12, 1.12), ylim=(-1.12, 1.12))
    for axis, teacher in zip("xy", pair, strict=True):
        symbol = rf"$M_{{j{teacher}}}/\sqrt{{Q_{{jj}}P_{{{teacher}{teacher}}}}}$"
        axes.set(**{f"{axis}label": symbol, f"{axis}ticks": (-1, -0.5, 0, 0.5, 1)})
    entries: Entries = {
        "start": Line2D([], [], ls="none", marker="o", ms=_marker_size(1.2), mfc="none", mec=NEUTRAL, mew=0.8)
    }
    for teacher, target in zip(pair, targets, strict=True):
        style: dict[str, Any] = {
            "ls": "none",
            "marker": "*",
            "ms": _marker_size(2.9),
            "mew": 0.8,
            "mec": "black",
            "color": colours[teacher],
        }
        entries[f"teacher $r = {teacher}$"] = axes.plot(*target, zorder=6, **style)[0]
    phase = linear_phase(run)
    if phase is not None:
        style = {"ls": "none", "marker": "D", "ms": _marker_size(1.6), "mew": 0.9, "mec": "black", "color": hues(3)[2]}
        entries["end of the linear phase"] = axes.plot(*phase[pair], zorder=6, **style)[0]
    return entries


def linear_phase(run: Trajectory) -> Array | None:
    """The cosines (k,) of w = Σ_r a*_r w*_r with the teachers: where the part of the activations that is linear in the
    fields leads to, before any other is felt. None where there is no such part (square), or no such direction."""
    weights = run.settings.get("teacher.output_weights", 1.0)
    a_star = np.broadcast_to(1.0 if isinstance(weights, str) else np.asarray(weights, dtype=float), len(run.P))
    if "square" in (run.attributes.get("student_activation"), run.attributes.get("teacher_activation")):
        return None
    direction = run.P @ a_star
    square = float(a_star @ direction)
    return None if square <= 1e-12 else np.asarray(direction / np.sqrt(square * np.diag(run.P)))


def _draw_risk(axes: Axes, series: list[Series], view: View) -> None:
    drawn = [(one, _risk_of(one, view)) for one in series]
    x = np.concatenate([shown.x[np.isfinite(shown.mean)] for _, shown in drawn])
    values = np.concatenate([shown.mean for _, shown in drawn])
    if not (values > 0).any():
        raise UsageError(f"nothing to draw: {label(series[0].first)} has no positive risk at a time after 0")
    horizontal(axes, x, view, labels=4)
    low = vertical(axes, values[values > 0], view)
    axes.set_xlabel("$t$")
    axes.set_title(r"excess risk $R - \Delta/2$", fontsize="medium")
    for one, shown in drawn:
        draw_curve(axes, shown, one, hues(1)[0], low=low, most=20)
    if view.moment is not None:
        axes.axvline(max(view.moment, axes.get_xlim()[0]), color=NEUTRAL, lw=0.8)
        axes.set_title(f"risk, $t = {as_mathematics(float(f'{view.moment:.2g}'))}$", fontsize="medium")
    if view.log_y:
        log_axis(axes.yaxis, labels=5)


def _risk_of(series: Series, view: View) -> Curve:
    """The risk of the runs whose paths are drawn, as points; of the equations."""
    samples = series.samples("risk")
    if series.simulated:
        samples = samples[chosen("runs", view.runs or (0,), len(samples), "runs", series.first)]
    return above_round_off(curve_of(samples, series, replace(view, runs=None)), series)


def _legend(series: list[Series], entries: Entries, view: View) -> tuple[list[Handle], list[str]]:
    made: Entries = {}
    for one in series:
        if one.simulated:
            runs = view.runs or (0,)
            name = f"{one.maker}, run{'s' if len(runs) > 1 else ''} {', '.join(map(str, runs[:4]))}"
            marker = MARKERS[one.rank % len(MARKERS)]
            made[name] = Line2D([], [], ls="none", marker=marker, color=NEUTRAL, mfc=lighter(NEUTRAL))
        else:
            made[one.maker] = Line2D([], [], color=NEUTRAL, ls=DASHES[one.rank % len(DASHES)])
    made |= entries
    return list(made.values()), list(made)
