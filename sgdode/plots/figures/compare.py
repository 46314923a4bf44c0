"""Simulation against equations: the risk with its predicted band, and the deviation in standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sgdode.analysis.compare import Comparison
from sgdode.analysis.compare import compare as judge
from sgdode.analysis.deviation import ratio
from sgdode.errors import OptionError, UsageError
from sgdode.plots.curves import ROUND_OFF
from sgdode.plots.groups import ABSCISSAE, View, abscissa
from sgdode.plots.style import NEUTRAL, PALETTE, horizontal, lighter, place_legend, vertical
from sgdode.results.trajectory import Trajectory


def draw_comparison(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """Above the excess risk: mean ± standard error of the runs, the equations ± one predicted standard deviation of a
    run. Below its raw z, what is allowed of it, what is left, and the verdict over all overlaps."""
    kinds = [run.kind for run in trajectories]
    if sorted(kinds) != ["integration", "simulation"]:
        raise OptionError("figure", "compare needs one file of simulate and one of integrate")
    simulation, integration = sorted(trajectories, key=lambda run: run.kind != "simulation")
    found = judge(simulation, integration)
    x = abscissa(simulation, view.x)[1 : 1 + len(found.time)]
    figure.set_size_inches(figure.get_figwidth(), 1.25 * figure.get_figheight())
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    _risk(above, found, x, view)
    _deviation(below, found, x)
    horizontal(above, x, view)
    below.set_xlabel(ABSCISSAE[view.x])


def _risk(axes: Axes, found: Comparison, x: np.ndarray, view: View) -> None:
    mean, theory = (np.where(one > ROUND_OFF * found.theory[0], one, np.nan) for one in (found.mean, found.theory))
    shown = np.concatenate([mean, theory])
    if not (shown > 0).any():
        raise UsageError("nothing to draw: no positive risk at a time after 0")
    foot = vertical(axes, shown[shown > 0], view)
    low = 0.0 if foot is None else foot
    axes.set_ylabel(r"excess risk $R - \Delta/2$")
    colour = PALETTE[0]
    entries: dict[str, Any] = {}
    if found.predicted_std is not None:
        lower = np.maximum(found.theory - found.predicted_std, low)
        band = axes.fill_between(x, lower, found.theory + found.predicted_std, color=colour, alpha=0.2, lw=0)
        entries["±1 s.d. of a run, predicted"] = band
    (line,) = axes.plot(x, theory, color=colour, zorder=3)
    lower = np.minimum(found.standard_error, np.maximum(mean - low, 0.0))
    points = axes.errorbar(
        x, mean, yerr=[lower, found.standard_error], fmt="o", color=PALETTE[1], mfc=lighter(PALETTE[1]), ms=3
    )
    entries |= {"equations": line, f"mean ± s.e. of {found.seeds} run{'s' if found.seeds > 1 else ''}": points}
    place_legend(axes, list(entries.values()), list(entries), view)


def _deviation(axes: Axes, found: Comparison, x: np.ndarray) -> None:
    """Raw z, what is allowed of it, and the z that is left."""
    axes.axhline(0, color=NEUTRAL, lw=0.6)
    allowed = np.minimum(ratio(found.allowed, found.standard_error), 1e3)
    seen = float(np.abs(found.raw_z[np.isfinite(found.raw_z)]).max(initial=2.5))
    reach = 1.15 * max(seen, min(float(np.nanmax(allowed)), 1.5 * seen))
    shown = np.minimum(allowed, reach)
    band = axes.fill_between(x, -shown, shown, color=NEUTRAL, alpha=0.15, lw=0)
    (raw,) = axes.plot(x, found.raw_z, "o", color=PALETTE[1], mfc=lighter(PALETTE[1]), ms=3)
    (left,) = axes.plot(x, found.z, "-", color=PALETTE[2], lw=1.2)
    axes.set(ylim=(-reach, 2 * reach), ylabel=r"$z$ of the risk")  # room for the legend
    if reach > 30:
        axes.set(yscale="symlog", ylim=(-reach, 10 * reach))
    axes.legend([raw, band, left], ["raw", "allowed", "what is left"], loc="upper right", ncols=3)
    text = f"{found.word()}: $z$ = {found.max_z:.2f} corrected for {found.points} points, {found.where}"
    axes.set_title(text, fontsize="small", loc="left")
