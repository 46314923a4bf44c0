"""Which neuron learns which teacher: M and Q as heat maps at several times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from sgdode.errors import UsageError
from sgdode.plots.groups import Series, arrange, chosen, label, moments, nearest_time
from sgdode.plots.labels import as_mathematics
from sgdode.plots.view import View
from sgdode.results.trajectory import Array, Trajectory

#: Files below each other, at most.
MOST_ROWS = 4
#: Neurons with a number each, at most.
MOST_NUMBERED = 20


def draw_specialisation(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """M (p,k) beside Q (p,p), or beside q where that was saved instead: a column a time, a row a file.

    Neurons are ordered by the teacher that they overlap most with in the end. Of several runs of SGD the first, or the
    one of ``runs``, is shown: neurons of different runs may learn different teachers.
    """
    series = arrange(trajectories, view)
    if len(series) > MOST_ROWS:
        raise UsageError(f"specialisation: {len(series)} files; at most {MOST_ROWS} fit below each other")
    times = moments(view, trajectories)
    matrices = [[_matrices(one.first, view, time) for time in times] for one in series]
    limit, beyond = _colour_limit(series, matrices)
    width, _ = figure.get_size_inches()
    figure.set_size_inches(width, 0.6 + len(series) * (1.5 if view.paper else 2.4))
    grid = figure.subplots(len(series), len(times), squeeze=False)
    for place, (row, one, its) in enumerate(zip(grid, series, matrices, strict=True)):
        order = _order(one.first, view)
        for axes, time, (M, second) in zip(row, times, its, strict=True):
            image = _heat(axes, M[order], second[np.ix_(order, order)] if second.shape[1] > 1 else second[order], limit)
            parts = chosen("teachers", view.teachers, len(one.first.P), "teachers", one.first), order
            _name_parts(axes, parts, second.shape[1], axes is row[0])
            if place == 0:
                shown = one.first.time[nearest_time(one.first, time)]
                axes.set_title(f"$t = {as_mathematics(float(f'{shown:.3g}'))}$", fontsize="medium")
        row[0].set_ylabel(f"{_row_label(one, series, view)}\nneuron $j$", linespacing=1.5)
    figure.colorbar(image, ax=grid, shrink=0.8, label="overlap", extend="both" if beyond else "neither")


def _colour_limit(series: Sequence[Series], matrices: Sequence[Sequence[tuple[Array, Array]]]) -> tuple[float, bool]:
    """The largest overlap of the runs that did not diverge (else, twice the largest of the teachers), and whether any
    lies beyond it."""

    def largest(row: Sequence[tuple[Array, Array]]) -> float:
        return max(float(np.abs(part).max()) for parts in row for part in parts)

    whole = [largest(row) for one, row in zip(series, matrices, strict=True) if one.first.status != "diverged"]
    limit = max(whole, default=2 * float(np.abs(series[0].first.P).max())) or 1.0
    return limit, max(map(largest, matrices)) > limit


def _matrices(run: Trajectory, view: View, time: float) -> tuple[Array, Array]:
    """M (p,k) and Q (p,p), or q as (p,1), at a time; of chosen neurons and teachers."""
    name = next((name for name in ("Q", "q") if name in run.curves), None)
    if name is None or "M" not in run.curves:
        held = f"{label(run)} holds {', '.join(run.curves)}"
        raise UsageError(f"specialisation: {held}; M and Q or q are needed, add them to `save` in the spec")
    at = nearest_time(run, time)
    M, second = (np.asarray(_one_run(run, view, part)[at], dtype=float) for part in ("M", name))
    students = chosen("students", view.students, M.shape[0], "neurons", run)
    teachers = chosen("teachers", view.teachers, M.shape[1], "teachers", run)
    return M[np.ix_(students, teachers)], second[np.ix_(students, students)] if name == "Q" else second[students, None]


def _one_run(run: Trajectory, view: View, name: str) -> Array:
    if run.kind != "simulation":
        return run.curves[name]
    return run.curves[name][chosen("runs", (view.runs or (0,))[:1], len(run.curves[name]), "runs", run)[0]]


def _order(run: Trajectory, view: View) -> NDArray[np.intp]:
    """Neurons by the teacher of their largest overlap at the end, the surest first."""
    last, _ = _matrices(run, view, float(run.time[-1]))
    return np.lexsort((-last.max(axis=1), last.argmax(axis=1)))


def _heat(axes: Axes, M: Array, second: Array, limit: float) -> AxesImage:
    gap = np.full((len(M), 1), np.nan)
    both = np.concatenate([M, gap, second], axis=1)
    return axes.imshow(both, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")


def _name_parts(axes: Axes, indices: tuple[list[int], NDArray[np.intp]], others: int, first: bool) -> None:
    """Below, M and Q (or q) with the numbers of teachers and neurons where they are few; at the left, of neurons."""
    teachers, order = indices
    ends = (len(teachers) - 1) / 2, len(teachers) + 1 + (others - 1) / 2
    axes.tick_params(bottom=False, top=False, left=False, right=False)
    numbers = [*teachers, *(order if others > 1 else [])]
    few = len(numbers) <= MOST_NUMBERED // 2
    places = [*range(len(teachers)), *range(len(teachers) + 1, len(numbers) + 1)]
    axes.set_xticks(places if few else [], numbers if few else [])
    axes.tick_params(axis="x", pad=1, labelsize="x-small")
    for place, name in zip(ends, ("$M$", "$Q$" if others > 1 else "$q$"), strict=True):
        below: dict[str, Any] = {
            "xytext": (0, -14 if few else -4),
            "textcoords": "offset points",
            "ha": "center",
            "va": "top",
        }
        axes.annotate(name, (place, 0), xycoords=("data", "axes fraction"), **below)
    numbered = first and len(order) <= MOST_NUMBERED
    axes.set_yticks(range(len(order)) if numbered else [], order if numbered else [])
    axes.tick_params(axis="y", labelsize="small")


def _row_label(series: Series, every: list[Series], view: View) -> str:
    several = len({one.hue for one in every}) > 1
    run = f", run {(view.runs or (0,))[0]}" if series.simulated else ""
    return ",\n".join(filter(None, [f"{series.maker}{run}", series.problem if several else ""]))
