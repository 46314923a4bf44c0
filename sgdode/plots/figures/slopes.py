"""The slopes of the theorems: one panel each, measured points, the fit, and the proven exponent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from sgdode.analysis.theorems import Slope
from sgdode.plots.style import NEUTRAL, PALETTE, lighter, log_axis, log_limits

_AXES = {"γ/(pd)": r"$\gamma/(pd)$", "p": "student width $p$", "d": "dimension $d$"}


def slope_figure(slopes: Sequence[Slope]) -> Figure:
    """A picture of measured slopes."""
    figure = Figure(figsize=(3.4 * len(slopes), 3.4), layout="constrained", dpi=150)
    panels = figure.subplots(1, len(slopes), squeeze=False)[0]
    for axes, slope, colour in zip(panels, slopes, PALETTE, strict=False):
        middle = np.exp(np.mean(np.log(slope.x))), np.exp(np.mean(np.log(slope.y)))
        axes.set(xscale="log", yscale="log", xlim=log_limits(slope.x, 0.1), ylim=log_limits(slope.y, 0.1))
        axes.errorbar(slope.x, slope.y, yerr=slope.y_error, fmt="o", color=colour, mfc=lighter(colour), zorder=3)
        fitted = middle[1] * (slope.x / middle[0]) ** slope.slope
        proven = middle[1] * (slope.x / middle[0]) ** slope.expected
        axes.plot(slope.x, fitted, color=colour, label=f"slope {slope.slope:.3f} ± {slope.error:.3f}")
        axes.plot(slope.x, proven, color=NEUTRAL, ls="--", lw=0.9, label=f"proven: {slope.expected:g}")
        axes.set(xlabel=_AXES[slope.against], ylabel=f"distance, {slope.deviation}", title=f"Theorem {slope.theorem}")
        log_axis(axes.xaxis)
        log_axis(axes.yaxis)
        axes.legend(frameon=False, fontsize="small")
    return figure
