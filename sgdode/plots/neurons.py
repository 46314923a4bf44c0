"""The neurons that a picture shows: one by one where they are few or chosen, as a distribution where they are many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from sgdode.plots.curves import Curve, curve_of, draw_curve
from sgdode.plots.groups import Series, chosen, thinned
from sgdode.plots.style import hues, lighter
from sgdode.plots.view import View
from sgdode.results.trajectory import Array

#: With more (neuron, teacher) pairs than this, and no choice of neurons, their distribution is drawn instead.
MOST_SINGLY = 64
#: Up to this many pairs each has a colour and a name of its own.
MOST_COLOURED = 7
#: Points of a simulation in one of many curves.
FEW_POINTS = 14
#: Single neurons drawn faintly within a distribution.
SAMPLE = 12
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Neurons:
    """The neurons of one problem that are shown: their indices, and whether one by one or as a distribution."""

    students: list[int]
    teachers: list[int]
    singly: bool

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Every (neuron, teacher)."""
        return [(student, teacher) for student in self.students for teacher in self.teachers]

    @property
    def named(self) -> bool:
        """Whether each pair has a colour of its own."""
        return self.singly and len(self.pairs) <= MOST_COLOURED

    def colours(self) -> dict[tuple[int, int], str]:
        """Colour by (neuron, teacher): by pair where they are few, else by teacher."""
        if self.named:
            return dict(zip(self.pairs, hues(len(self.pairs)), strict=True))
        teachers = self.teacher_colours()
        return {(student, teacher): teachers[teacher] for student, teacher in self.pairs}

    def teacher_colours(self) -> dict[int, str]:
        """Colour by teacher."""
        return dict(zip(self.teachers, hues(len(self.teachers)), strict=True))

    def student_colours(self) -> dict[int, str]:
        """Colour by neuron: with one teacher that of the pair; with several, where colour says the teacher, greys."""
        if self.named and len(self.teachers) == 1:
            return dict(zip(self.students, hues(len(self.students)), strict=True))
        shades = np.linspace(0, 0.6, len(self.students)) if self.named else np.full(len(self.students), 0.25)
        return {student: f"{shade:.3f}" for student, shade in zip(self.students, shades, strict=True)}


def shown_neurons(series: list[Series], view: View) -> Neurons:
    """The neurons to show of one problem; chosen ones are always drawn singly. Raises UsageError out of range."""
    students: list[int] = []
    teachers: list[int] = []
    for one in series:
        p, k = one.samples("M").shape[-2:]
        students = chosen("students", view.students, p, "neurons", one.first)
        teachers = chosen("teachers", view.teachers, k, "teachers", one.first)
    singly = view.students is not None or len(students) * len(teachers) <= MOST_SINGLY
    return Neurons(students, teachers, singly)


def distribution(
    axes: Axes, series: Series, view: View, name: str, colour: str, pick: Callable[[Array], Array], band: bool
) -> Curve:
    """The distribution over neurons of ``pick``, (...,T,...) → (...,T,p): its median as a curve, 10% and 90% around it.

    ``band`` fills between them; for SGD the two are marked at the points of the median too. Returns the median.
    """
    weight = series.first.particle_weight
    samples = series.samples(name, lambda values: quantiles(pick(values), weight))
    low, middle, high = (curve_of(samples[..., place], series, view) for place in range(len(QUANTILES)))
    if not len(middle.x):
        return middle
    if band:
        axes.fill_between(low.x, low.mean, high.mean, color=colour, alpha=0.18, lw=0, zorder=1)
    marked = thinned(low.x, FEW_POINTS, log=view.log_x) if series.simulated else np.arange(len(low.x))
    style = {"ls": "none", "marker": "_", "mew": 1.2} if series.simulated else {"lw": 0.7}
    for edge in (low, high):
        if view.runs is None or not series.simulated:
            axes.plot(edge.x[marked], edge.mean[marked], color=lighter(colour, 0.15), zorder=2, **style)
    draw_curve(axes, middle, series, colour, most=FEW_POINTS)
    return middle


def faint_sample(
    axes: Axes, series: Series, view: View, name: str, colour: str, pick: Callable[[Array], Array]
) -> None:
    """A few neurons one by one, faintly, of one run: what the quantiles are made of."""
    x, values = series.abscissa(view.x), pick(series.samples(name)[:1])[0]
    kept = x > 0 if view.log_x else x >= 0
    for neuron in np.unique(np.linspace(0, values.shape[-1] - 1, SAMPLE).astype(int)):
        axes.plot(x[kept], values[kept, neuron], color=lighter(colour, 0.5), lw=0.4, zorder=1.5)


def quantiles(values: Array, weight: Array | None) -> Array:
    """QUANTILES over the last axis, (...,p) → (...,3): of neurons, or of particles each standing for a ``weight``."""
    values = np.ascontiguousarray(values)
    if weight is None:
        return np.moveaxis(np.quantile(values, QUANTILES, axis=-1), 0, -1)
    order = np.argsort(values, axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    share = np.cumsum(np.take(weight, order), axis=-1)
    places = [np.argmax(share >= level * share[..., -1:], axis=-1) for level in QUANTILES]
    return np.stack([np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0] for place in places], axis=-1)
