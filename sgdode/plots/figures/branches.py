"""The branches of stationary points in a key: stable solid, unstable dashed; the risk above, the escape rate below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from sgdode.plots.style import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sgdode.equations.fixed_points.continuation import Branch
    from sgdode.runs.fixed_points import FixedPoints

_LABELS = {"learning_rate.gamma": r"learning rate $\gamma$", "teacher.noise": r"label noise $\Delta$"}
#: A risk that is round-off is not drawn.
_NOTHING = 1e-13


def branches_figure(found: FixedPoints) -> Figure:
    """A picture of the branches of ``found``, which has some."""
    assert found.along is not None
    figure = Figure(figsize=(5.6, 5.2), layout="constrained", dpi=150)
    above, below = figure.subplots(2, 1, sharex=True)
    colours = {name: PALETTE[at % len(PALETTE)] for at, name in enumerate(_names(found))}
    for branch in found.along.branches:
        colour = colours[branch.points[0].name]
        risk = np.array([point.risk if point.risk > _NOTHING else 0.0 for point in branch.points])
        rate = np.array([point.escape_rate for point in branch.points])
        _draw(above, branch, risk, colour)
        _draw(below, branch, rate, colour)
    for name, colour in colours.items():
        above.plot([], [], color=colour, label=name)
    above.plot([], [], color="0.3", ls="--", label="unstable")
    above.set(ylabel=r"excess risk $R-\Delta/2$")
    below.set(ylabel="escape rate, per unit of $t$", xlabel=_LABELS.get(found.along.key, found.along.key))
    below.axhline(0.0, color="0.6", lw=0.8)
    for changes in (branch.changes for branch in found.along.branches):
        for at in changes:
            below.axvline(at, color="0.75", lw=0.6, zorder=0)
    figure.legend(*above.get_legend_handles_labels(), loc="outside right upper", frameon=False)
    return figure


def _names(found: FixedPoints) -> list[str]:
    assert found.along is not None
    return list(dict.fromkeys(branch.points[0].name for branch in found.along.branches))


def _draw(axes: Axes, branch: Branch, values: np.ndarray, colour: str) -> None:
    """One line, dashed where it is unstable; a stability that changes does so between two values."""
    x, stable = branch.values, np.array([point.unstable == 0 for point in branch.points])
    for at in range(len(x) - 1):
        solid = stable[at] and stable[at + 1]
        axes.plot(x[at : at + 2], values[at : at + 2], color=colour, ls="-" if solid else (0, (3, 2)))
    if len(x) == 1:
        axes.plot(x, values, "o", color=colour)
