"""The verdict of a comparison in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sgdode.analysis.allowance import MOST_STATED, PARTED
from sgdode.results.trajectory import Array

if TYPE_CHECKING:
    from sgdode.analysis.compare import Comparison


def sentence(found: Comparison, threshold: float) -> str:
    """One line: the word, over which times it decides, and what would have been found."""
    word = found.word(threshold)
    reach = f"{spans(found.time, found.decided)}" if found.decided.any() else "no time"
    last = found.windows[-1].detectable
    power = (
        f"; an error of {last:.2g} of the risk over the last half would have been found" if np.isfinite(last) else ""
    )
    start = {
        "DISAGREE": "simulation and equations DISAGREE",
        "agree": f"simulation and equations agree at {reach}{power}",
        "cannot decide": f"cannot decide whether simulation and equations agree (decided at {reach}{power})",
    }[word]
    return (
        f"{start}: largest z of {found.points} deviations {found.largest_z:.2f}, {found.where}; corrected for their "
        f"number {found.max_z:.2f} (allowed {threshold:g})"
    )


def notes(found: Comparison) -> list[str]:
    """Lines on where nothing is decided, or overlaps are not judged, and why."""
    from sgdode.analysis.compare import LARGE

    unknown = np.isnan(found.z)
    stated = unknown & (found.stated_error > MOST_STATED * np.abs(found.theory))
    cases = (
        (stated, f"nothing is decided at {{}}: the stated error of the risk is above {MOST_STATED:.0%} of it"),
        (unknown & ~stated, "nothing is decided at {}: one run, and no predicted spread"),
        (
            ~found.decided & ~unknown,
            f"nothing is decided at {{}}: only a risk off by more than {LARGE:.0%} would be found (more seeds help)",
        ),
        (
            found.parted,
            f"overlaps are not judged at {{}}: they differ between runs by more than {PARTED:g} of their scale, as "
            "where runs specialise to different teachers",
        ),
    )
    return [line.format(spans(found.time, mask)) for mask, line in cases if mask.any()]


def spans(time: Array, mask: NDArray[np.bool_]) -> str:
    """The times where ``mask``, as runs of neighbours: "t = 0.1 to 2, 8"."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    parts = zip(edges[::2], edges[1::2] - 1, strict=True)
    return "t = " + ", ".join(f"{time[a]:.3g}" if a == b else f"{time[a]:.3g} to {time[b]:.3g}" for a, b in parts)
