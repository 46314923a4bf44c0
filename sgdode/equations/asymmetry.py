"""How nearly alike hidden units start, and the tolerances that this asks of a solver.

Units that are alike stay on a plateau until their differences have grown by e^{λt} from what they were at the start. A
solver whose errors are a part of the overlaps, rather than of these differences, leaves the plateau at a wrong time.
"""

from __future__ import annotations

import numpy as np

from sgdode.model.overlaps import Array
from sgdode.model.start_laws import Start

#: Units are alike where they differ by less than this part of the largest overlap.
_ALIKE = 1e-4
#: A group is one where its units differ by less than this part of their distance to any other: no chance neighbours.
_APART = 1e-4
#: Of the asymmetry: the relative and the absolute tolerance that resolve it. (Escape times to 1e-6, measured.)
_RELATIVE, _ABSOLUTE = 1e-5, 1e-6
#: No solver in double precision does better than this.
_TIGHTEST = 1e-13
#: Asymmetries below this, relative to the largest overlap, are lost in the rounding of the overlaps themselves.
RESOLVED = 1e-11
#: Of more units the pairs are not looked at.
_MOST_UNITS = 500


def smallest_asymmetry(start: Start) -> float | None:
    """The smallest difference within a group of hidden units that are nearly alike, relative to the largest overlap:
    max_ij max(|M_i − M_j|, |Q_ii − Q_jj|, |Q_il − Q_jl|, |a_i − a_j|) over a group far from all other units.

    None where no units are alike, or those that are differ by nothing.
    """
    Q, M = start.overlaps.Q, start.overlaps.M
    p, scale = len(Q), max(float(np.abs(Q).max()), float(np.abs(M).max(initial=0.0)), np.finfo(float).tiny)
    if not 1 < p <= _MOST_UNITS:
        return None
    apart = np.zeros((p, p))
    for column in np.column_stack([M / scale, np.diag(Q) / scale, start.a]).T:
        apart = np.maximum(apart, np.abs(column[:, None] - column))
    others = ~np.eye(p, dtype=bool)
    if not (apart[others] < _ALIKE).any():
        return None
    for i in range(p):
        near = np.flatnonzero((apart[i] < _ALIKE) & others[i])
        rows = np.abs(Q[near] - Q[i]) / scale
        rows[:, i] = rows[np.arange(len(near)), near] = 0.0
        apart[i, near] = np.maximum(apart[i, near], rows.max(axis=1, initial=0.0))
    return min(_diameters(apart), default=None)


def _diameters(apart: Array) -> list[float]:
    """The largest distance within each group of units that are alike, and far from others; ``apart`` (p,p)."""
    from scipy.sparse.csgraph import connected_components

    _, group = connected_components(apart < _ALIKE, directed=False)
    found = []
    for inside in (group == g for g in range(group.max() + 1)):
        size = float(apart[np.ix_(inside, inside)].max())
        if 0.0 < size < min(_ALIKE, _APART * apart[np.ix_(inside, ~inside)].min(initial=np.inf)):
            found.append(size)
    return found


def tolerances(rtol: float, atol: float, smallest: float | None) -> tuple[float, float]:
    """``rtol`` and ``atol``, as tight as the smallest asymmetry of the start needs."""
    if smallest is None:
        return rtol, atol
    return min(rtol, max(_RELATIVE * smallest, _TIGHTEST)), min(atol, _ABSOLUTE * smallest)


def unresolved(smallest: float | None) -> tuple[str, ...]:
    """A warning where no tolerance resolves the asymmetry."""
    if smallest is None or smallest > RESOLVED:
        return ()
    return (
        f"hidden units start alike but for {smallest:.1g} of the largest overlap: double precision does not resolve "
        f"that (from {RESOLVED:g} on it does), so the time at which the equations leave a plateau is uncertain; a "
        "larger initial.spread, or overlaps that differ more, make it certain",
    )
