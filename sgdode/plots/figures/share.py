"""The share of the students' norm that lies in the teachers' span."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from sgdode.errors import UsageError
from sgdode.plots.curves import curve_of, draw_curve, legend_entries, mark_end, problem_colours, spread_phases
from sgdode.plots.groups import arrange
from sgdode.plots.style import horizontal, place_legend, single_axes
from sgdode.plots.view import ABSCISSAE, View
from sgdode.results.alignment import share_inside
from sgdode.results.trajectory import Trajectory


def draw_share(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """Σ_j (M P⁺ Mᵀ)_jj / Σ_j Q_jj against t: 1 where the students stay in the teachers' span. One hue a problem."""
    series = arrange(trajectories, view)
    drawn = [(one, curve_of(one.of(share_inside), one, view)) for one in series]
    x = np.concatenate([shown.x for _, shown in drawn])
    if not len(x):
        raise UsageError("nothing to draw: no time after 0 within the limits")
    colours, phases = problem_colours(series), spread_phases(series)
    axes = single_axes(figure, view)
    entries = legend_entries(series, view, colours)
    for one, shown in drawn:
        draw_curve(axes, shown, one, colours[one.hue], phase=phases.get(one.hue, 0.0))
        if cross := mark_end(axes, shown, one):
            entries["diverged"] = cross
    horizontal(axes, x, view)
    axes.set(xlabel=ABSCISSAE[view.x])
    axes.set(ylabel=r"share in the teachers' span, $\mathrm{tr}(MP^+M^T)/\mathrm{tr}\,Q$")
    if view.ylim is not None:
        axes.set_ylim(view.ylim)
    place_legend(axes, list(entries.values()), list(entries), view)
