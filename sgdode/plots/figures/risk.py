"""The risk: how fast the student learns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from sgdode.errors import UsageError
from sgdode.plots.curves import Curve, curve, draw_curve, legend_entries, mark_end, problem_colours, spread_phases
from sgdode.plots.groups import Series, arrange
from sgdode.plots.style import log_axis, log_limits, place_legend
from sgdode.plots.view import ABSCISSAE, View
from sgdode.results.trajectory import Array, Trajectory

#: Risks smaller than this share of the largest one are the round-off of its sum, not learning.
ROUND_OFF = 1e-17


def draw_risk(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """Excess risk R − Δ/2 against t, both logarithmic: SGD as points, equations as lines, one hue a problem."""
    series = arrange(trajectories, view)
    drawn = [(one, curve(one, view, "risk")) for one in series]
    limits = _risk_limits([shown for _, shown in drawn], view)
    colours, phases = problem_colours(series), spread_phases(series)
    axes = figure.subplots()
    entries = legend_entries(series, view, colours)
    axes.set(xscale="log", yscale="log", xlim=view.xlim or log_limits(_abscissae(drawn)), ylim=limits)
    for one, shown in drawn:
        draw_curve(axes, shown, one, colours[one.hue], low=limits[0], phase=phases.get(one.hue, 0.0))
        if cross := mark_end(axes, shown, one):
            entries["diverged"] = cross
    axes.set(xlabel=ABSCISSAE[view.x], ylabel=r"excess risk $R - \Delta/2$")
    log_axis(axes.xaxis)
    log_axis(axes.yaxis)
    place_legend(axes, list(entries.values()), list(entries), view.paper)


def _risk_limits(curves: list[Curve], view: View) -> tuple[float, float]:
    """Around the positive risks, bars upwards included; downwards they would take the axis with them."""
    values = np.concatenate([_visible(shown) for shown in curves])
    positive = values[values > 0]
    if not len(positive):
        raise UsageError(
            "nothing to draw: no positive risk at a time after 0 within the limits (perfect learning, or t = 0 alone)"
        )
    return view.ylim or log_limits(positive[positive >= ROUND_OFF * positive.max()])


def _visible(shown: Curve) -> Array:
    if shown.runs is not None:
        return shown.runs.ravel()
    return np.concatenate([shown.mean, shown.ends[1]])


def _abscissae(drawn: list[tuple[Series, Curve]]) -> Array:
    return np.concatenate([shown.x for _, shown in drawn])
