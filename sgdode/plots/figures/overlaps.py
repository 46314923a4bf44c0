"""The overlaps: which neuron learns which teacher."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sgdode.errors import UsageError
from sgdode.plots.curves import MOST_NAMES, Curve, curve, draw_curve, legend_entries, mark_end
from sgdode.plots.groups import Series, arrange
from sgdode.plots.neurons import Neurons, distribution, faint_sample, shown_neurons
from sgdode.plots.style import NEUTRAL, Entries, horizontal, legend_outside, lighter
from sgdode.plots.view import ABSCISSAE, View
from sgdode.results.permutation import aligned
from sgdode.results.trajectory import Array, Trajectory

#: Problems side by side, at most.
MOST_COLUMNS = 4
#: Teachers with a panel each, at most.
MOST_PANELS = 8
#: Bands of teachers over each other, at most.
MOST_BANDS = 2

_NORMS = {"Q": r"$Q_{jj}$", "q": r"$Q^{\perp}_{jj}$"}


def draw_overlaps(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """M_jr against t, and diag(Q) or diag(Q⊥) where it was saved.

    Few or chosen neurons: a line each, coloured by teacher, one column a problem. Many: their distribution, with the
    median over neurons and the 10% and 90% quantiles, one panel a teacher.
    """
    series = [_in_one_order(one, every) for every in [arrange(trajectories, view)] for one in every]
    problems = [[one for one in series if one.hue == hue] for hue in range(1 + max(one.hue for one in series))]
    if len(problems) > MOST_COLUMNS:
        raise UsageError(f"overlaps: {len(problems)} problems; at most {MOST_COLUMNS} fit side by side: fewer files")
    neurons = [shown_neurons(problem, view) for problem in problems]
    if len(problems) == 1 and not neurons[0].singly and len(neurons[0].teachers) <= MOST_PANELS:
        entries = _panel_a_teacher(figure, series, neurons[0], view)
        below = True
    else:
        entries = _column_a_problem(figure, problems, neurons, view)
        below = view.paper
    entries |= legend_entries(series, view, None)
    legend_outside(figure, list(entries.values()), list(entries), view, below)


def _in_one_order(series: Series, every: Sequence[Series]) -> Series:
    """A series of runs whose neurons have one order, that of the equations of the same problem, if there are, else that
    of its first run: runs that specialise to the teachers in another order have no mean otherwise."""
    if not series.simulated or not series.has("M"):
        return series
    theory = next((one for one in every if one.hue == series.hue and not one.simulated and one.has("M")), None)
    first = series.first.M[0, -1] if theory is None else theory.first.M[-1]
    found = [aligned(member, np.asarray(first)) for member in series.members]
    moved, runs = sum(count for _, count in found), sum(len(member.M) for member in series.members)
    note = f"{moved} of {runs} in another order" if moved else ""
    return replace(series, members=tuple(member for member, _ in found), note=note)


def _column_a_problem(figure: Figure, problems: list[list[Series]], neurons: list[Neurons], view: View) -> Entries:
    """M above and the norms below, a column for each problem; returns legend entries."""
    columns = len(problems)
    rows = 2 if any(_diagonal(one) for problem in problems for one in problem) else 1
    width, height = figure.get_size_inches()
    figure.set_size_inches(width * (1 + 0.5 * (columns - 1)), height * (1 + 0.3 * (rows - 1)))
    grid = figure.subplots(rows, columns, sharex="col", sharey="row", squeeze=False, height_ratios=[1.6, 1][:rows])
    entries: Entries = {}
    for column, (problem, its) in enumerate(zip(problems, neurons, strict=True)):
        entries |= _teacher_panel(grid[0, column], problem, its, view)
        if rows == 2:
            entries |= _norm_panel(grid[1, column], problem, its, view)
        if columns > 1:
            grid[0, column].set_title(problem[0].problem, fontsize="medium")
        _time_axis(grid[-1, column], problem, view)
    _label_axis(grid[0, 0], r"overlap $M_{jr}$", neurons)
    if rows == 2:
        _label_axis(grid[1, 0], f"norm {_norm_symbol(problems)}", neurons)
    return entries


def _panel_a_teacher(figure: Figure, series: list[Series], neurons: Neurons, view: View) -> Entries:
    """The distribution of M_jr over neurons, a panel for each teacher, and of the norms in the last one."""
    colours = neurons.teacher_colours()
    columns, height = (2, 1.25) if view.paper else (3, 2.1)
    count = len(neurons.teachers) + any(_diagonal(one) for one in series)
    columns = min(columns, count)
    rows = -(-count // columns)
    figure.set_size_inches(figure.get_size_inches()[0], 0.7 + height * rows)
    panels = [figure.add_subplot(rows, columns, 1 + place) for place in range(count)]
    entries: Entries = {
        "10% to 90% of the neurons": Patch(color=NEUTRAL, alpha=0.25, lw=0),
        "single neurons of a run": Line2D([], [], color=lighter(NEUTRAL), lw=0.5),
    }
    for axes, teacher in zip(panels, neurons.teachers, strict=False):
        axes.axhline(0, color="0.8", lw=0.6, zorder=0)
        entries |= _distributions(axes, series, view, "M", colours[teacher], _column(teacher))
        axes.set_title(f"teacher $r = {teacher}$", fontsize="medium")
    if count > len(neurons.teachers):
        for name in ("Q", "q"):
            its = [one for one in series if _diagonal(one) == name]
            entries |= _distributions(panels[-1], its, view, name, NEUTRAL, _diagonal_of(name))
        panels[-1].set_title(f"norm {_norm_symbol([series])}", fontsize="medium")
    _share_axes(panels, len(neurons.teachers), columns, series, view)
    return entries


def _distributions(
    axes: Axes, series: list[Series], view: View, name: str, colour: str, pick: Callable[[Array], Array]
) -> Entries:
    """Every series of a problem in one panel; the band and the single neurons are those of its equations, if any.

    Returns legend entries.
    """
    chief = next((one for one in series if not one.simulated), series[0] if series else None)
    entries: Entries = {}
    for one in series:
        entries |= _end(axes, distribution(axes, one, view, name, colour, pick, band=one is chief), one)
    if chief is not None:
        faint_sample(axes, chief, view, name, colour, pick)
    return entries


def _share_axes(panels: list[Axes], teachers: int, columns: int, series: list[Series], view: View) -> None:
    """One time axis for all panels, one vertical axis for the teachers, labels at the rim alone."""
    low, high = zip(*(axes.get_ylim() for axes in panels[:teachers]), strict=True)
    for place, axes in enumerate(panels):
        _time_axis(axes, series, view, labels=5)
        if place < teachers:
            axes.set_ylim(view.ylim or (min(low), max(high)))
            axes.tick_params(labelleft=place % columns == 0)
            if place % columns == 0:
                axes.set_ylabel(r"$M_{jr}$, median over $j$")
        if place + columns < len(panels):
            axes.tick_params(labelbottom=False)
            axes.set_xlabel("")
        else:
            axes.set_xlabel(ABSCISSAE[view.x].removeprefix("rescaled "))


def _teacher_panel(axes: Axes, series: list[Series], neurons: Neurons, view: View) -> Entries:
    """M_jr of one problem; returns legend entries."""
    axes.axhline(0, color="0.8", lw=0.6, zorder=0)
    colours, teachers = neurons.colours(), neurons.teacher_colours()
    entries: Entries = _teacher_entries(neurons)
    for one in series:
        if neurons.singly:
            for student, teacher in neurons.pairs:
                pick = _entry(student, teacher)
                entries |= _single(
                    axes, one, view, "M", colours[student, teacher], pick, neurons.named, (student, teacher)
                )
        else:
            for teacher in neurons.teachers:
                band = len(teachers) <= MOST_BANDS and not one.simulated
                median = distribution(axes, one, view, "M", teachers[teacher], _column(teacher), band=band)
                entries |= _end(axes, median, one)
    if view.ylim is not None:
        axes.set_ylim(view.ylim)
    return entries


def _teacher_entries(neurons: Neurons) -> Entries:
    if neurons.named:
        return {
            rf"$M_{{{student},{teacher}}}$": Line2D([], [], color=colour)
            for (student, teacher), colour in neurons.colours().items()
        }
    places = np.linspace(0, len(neurons.teachers) - 1, min(len(neurons.teachers), MOST_NAMES))
    colours = neurons.teacher_colours()
    named = [neurons.teachers[round(place)] for place in places]
    entries: Entries = {f"teacher $r = {teacher}$": Line2D([], [], color=colours[teacher]) for teacher in named}
    if not neurons.singly:
        entries["10% and 90%\nof the neurons"] = Line2D([], [], color=lighter(NEUTRAL, 0.15), lw=0.7)
    return entries


def _norm_panel(axes: Axes, series: list[Series], neurons: Neurons, view: View) -> Entries:
    """Q_jj, or q_j = Q⊥_jj, of one problem; returns legend entries."""
    colours = neurons.student_colours()
    entries: Entries = {}
    if neurons.named and len(neurons.students) > 1 and len(neurons.teachers) > 1:
        entries = {f"neuron $j = {student}$": Line2D([], [], color=colour) for student, colour in colours.items()}
    for one in series:
        if not (name := _diagonal(one)):
            continue
        if not neurons.singly:
            median = distribution(axes, one, view, name, NEUTRAL, _diagonal_of(name), band=not one.simulated)
            entries |= _end(axes, median, one)
            continue
        for student in neurons.students:
            pick = _norm_of(name, student)
            entries |= _single(axes, one, view, name, colours[student], pick, neurons.named, (student, student))
    return entries


def _single(
    axes: Axes,
    series: Series,
    view: View,
    name: str,
    colour: str,
    pick: Callable[[Array], Array],
    few: bool,
    place: tuple[int, int],
) -> Entries:
    """One curve of one neuron, the entry ``place`` of ``name``; returns the legend entry of its end, where it
    diverged."""
    shown = curve(series, view, name, pick)
    label = rf"${name}_{{{place[0]},{place[1]}}}$"
    draw_curve(axes, shown, series, colour, most=40 if few else 20, width=1.0 if few else 0.6, name=label)
    return _end(axes, shown, series)


def _end(axes: Axes, shown: Curve, series: Series) -> Entries:
    """The cross of a diverged run, as a legend entry."""
    cross = mark_end(axes, shown, series)
    return {"diverged": cross} if cross else {}


def _diagonal(series: Series) -> str | None:
    """What was saved of the norms: Q, else q."""
    return next((name for name in _NORMS if series.has(name)), None)


def _norm_symbol(problems: list[list[Series]]) -> str:
    names = {_diagonal(one) for problem in problems for one in problem}
    return ", ".join(symbol for name, symbol in _NORMS.items() if name in names)


def _diagonal_of(name: str) -> Callable[[Array], Array]:
    return (lambda Q: np.diagonal(Q, axis1=-2, axis2=-1)) if name == "Q" else (lambda q: q)


def _entry(student: int, teacher: int) -> Callable[[Array], Array]:
    return lambda M: M[..., student, teacher]


def _column(teacher: int) -> Callable[[Array], Array]:
    return lambda M: M[..., teacher]


def _norm_of(name: str, student: int) -> Callable[[Array], Array]:
    return lambda values: _diagonal_of(name)(values)[..., student]


def _time_axis(axes: Axes, series: list[Series], view: View, labels: int = 9) -> None:
    x = np.concatenate([one.abscissa(view.x) for one in series])
    if not (x > 0).any():
        raise UsageError("nothing to draw: no time after 0")
    horizontal(axes, x, view, labels)
    axes.set_xlabel(ABSCISSAE[view.x])
    if view.log_y:
        axes.set_yscale("log")


def _label_axis(axes: Axes, text: str, neurons: list[Neurons]) -> None:
    axes.set_ylabel(text if all(its.singly for its in neurons) else f"{text}, median")
