"""The local slope of the risk, beside the exponent of a scaling law."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sgdode.errors import UsageError
from sgdode.plots.curves import curve_of, draw_curve, legend_entries, problem_colours, spread_phases
from sgdode.plots.groups import arrange
from sgdode.plots.style import log_axis, log_limits, place_legend, plain_numbers
from sgdode.plots.view import ABSCISSAE, View
from sgdode.results.trajectory import Array, Trajectory


def draw_exponent(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """−d log R/d log t against t; dashed, (α − 1 + δ)/α of a spectrum j^(−α) and teachers j^(−δ). One hue a problem."""
    series = arrange(trajectories, view)
    drawn = [(one, curve_of(one.of(local_exponent), one, view)) for one in series]
    x = np.concatenate([shown.x for _, shown in drawn])
    if not len(x):
        raise UsageError("nothing to draw: no time after 0 within the limits")
    colours, phases, axes = problem_colours(series), spread_phases(series), figure.subplots()
    entries = legend_entries(series, view, colours)
    for one, shown in drawn:
        draw_curve(axes, shown, one, colours[one.hue], phase=phases.get(one.hue, 0.0))
        if (law := scaling_law(one.first)) is not None:
            axes.axhline(law, color=colours[one.hue], ls="--", lw=0.8, zorder=1)
    axes.set(xscale="log", xlim=view.xlim or log_limits(x), xlabel=ABSCISSAE[view.x])
    axes.set(ylabel=r"exponent, $-\mathrm{d}\,\log R\,/\,\mathrm{d}\,\log t$")
    low, high = axes.get_ylim()
    axes.set_ylim(view.ylim or (min(low, 0.0), high))
    axes.yaxis.set_major_locator(MaxNLocator(6))  # not by the height, which the labels change in turn
    plain_numbers(axes.yaxis)
    log_axis(axes.xaxis)
    place_legend(axes, list(entries.values()), list(entries), view)


def local_exponent(run: Trajectory) -> Array:
    """−d log R/d log t, (...,T), from neighbouring times; NaN at t = 0 and where the risk is 0."""
    log_t, log_risk = (np.log(np.where(values > 0, values, np.nan)) for values in (run.time, np.asarray(run.risk)))
    found = np.full(log_risk.shape, np.nan)
    if len(run.time) > 3:
        found[..., 1:] = -np.gradient(log_risk[..., 1:], log_t[1:], axis=-1)
    return found


def scaling_law(run: Trajectory) -> float | None:
    """(α − 1 + δ)/α of the settings of a run; None where its spectrum is no power law."""
    inputs, teacher = run.resolved.get("inputs", {}), run.resolved.get("teacher", {})
    spectrum, placement = inputs.get("spectrum"), teacher.get("placement") or {}
    if not isinstance(spectrum, dict) or "power" not in spectrum or not set(placement) <= {"power"}:
        return None
    alpha, delta = float(spectrum["power"]), float(placement.get("power", 0.0))
    return (alpha - 1.0 + delta) / alpha
