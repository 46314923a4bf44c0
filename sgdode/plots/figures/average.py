"""The risk of averaged weights next to that of the iterate: what averaging gains at a constant rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sgdode.errors import UsageError
from sgdode.plots.curves import above_round_off, curve, draw_curve, legend_entries, mark_end
from sgdode.plots.groups import arrange
from sgdode.plots.style import Entries, horizontal, hues, place_legend, single_axes, vertical
from sgdode.plots.view import ABSCISSAE, View
from sgdode.results.trajectory import Trajectory

_NAMES = {"risk": "iterate", "risk_average": "average"}


def draw_average(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """Excess risk of W and of W̄ against t: a hue each; points for SGD, lines for the equations."""
    if any("risk_average" not in run.curves for run in trajectories):
        raise UsageError("nothing to draw: a file has no risk_average; it is saved where algorithm.average is set")
    series = arrange(trajectories, view)
    colours, axes = dict(zip(_NAMES, hues(len(_NAMES)), strict=True)), single_axes(figure, view)
    entries: Entries = {label: Line2D([], [], color=colours[name]) for name, label in _NAMES.items()}
    entries |= legend_entries(series, view, None)
    drawn = [(one, name, above_round_off(curve(one, view, name), one)) for one in series for name in _NAMES]
    values = np.concatenate([np.concatenate([shown.mean, shown.ends[1]]) for _, _, shown in drawn])
    positive = values[values > 0]
    if not len(positive):
        raise UsageError("nothing to draw: no positive risk at a time after 0 within the limits")
    horizontal(axes, np.concatenate([shown.x for _, _, shown in drawn]), view)
    low = vertical(axes, positive, view)
    for one, name, shown in drawn:
        draw_curve(axes, shown, one, colours[name], low=low, name=_NAMES[name])
        if cross := mark_end(axes, shown, one):
            entries["diverged"] = cross
    axes.set(xlabel=ABSCISSAE[view.x], ylabel=r"excess risk $R - \Delta/2$")
    place_legend(axes, list(entries.values()), list(entries), view)
