"""The risk: how fast the student learns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from sgdode.errors import UsageError
from sgdode.plots.curves import (
    Curve,
    above_round_off,
    curve,
    draw_curve,
    legend_entries,
    mark_end,
    problem_colours,
    spread_phases,
)
from sgdode.plots.groups import Series, arrange
from sgdode.plots.style import horizontal, place_legend, single_axes, vertical
from sgdode.plots.view import ABSCISSAE, View
from sgdode.results.trajectory import Array, Trajectory


def draw_risk(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """Excess risk R − Δ/2 against t: SGD as points, equations as lines, one hue a problem; nothing below round-off."""
    series = arrange(trajectories, view)
    drawn = [(one, above_round_off(curve(one, view, "risk"), one)) for one in series]
    values = _positive([shown for _, shown in drawn])
    colours, phases = problem_colours(series), spread_phases(series)
    axes = single_axes(figure, view)
    entries = legend_entries(series, view, colours)
    horizontal(axes, _abscissae(drawn), view)
    low = vertical(axes, values, view)
    for one, shown in drawn:
        draw_curve(axes, shown, one, colours[one.hue], low=low, phase=phases.get(one.hue, 0.0))
        if cross := mark_end(axes, shown, one):
            entries["diverged"] = cross
    axes.set(xlabel=ABSCISSAE[view.x], ylabel=r"excess risk $R - \Delta/2$")
    place_legend(axes, list(entries.values()), list(entries), view)


def _positive(curves: list[Curve]) -> Array:
    """The positive risks, bars upwards included; downwards they would take a logarithmic axis with them."""
    values = np.concatenate([_visible(shown) for shown in curves])
    positive = values[values > 0]
    if not len(positive):
        raise UsageError(
            "nothing to draw: no positive risk at a time after 0 within the limits (perfect learning, or t = 0 alone)"
        )
    return positive


def _visible(shown: Curve) -> Array:
    if shown.runs is not None:
        return shown.runs.ravel()
    return np.concatenate([shown.mean, shown.ends[1]])


def _abscissae(drawn: list[tuple[Series, Curve]]) -> Array:
    return np.concatenate([shown.x for _, shown in drawn])
