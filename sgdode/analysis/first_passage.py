"""Time to threshold: the first t at which the excess risk falls below a value, as on leaving a plateau."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sgdode.results.crossing import first_below, refuse_level
from sgdode.results.trajectory import Trajectory


@dataclass(frozen=True)
class Passage:
    """When runs pass below ``level``: ``reached`` of ``runs`` do; ``mean`` and ``std`` of their t.

    None where no run (for ``std``: fewer than two) gets there; an integration has the std that follows from risk_std.
    """

    level: float
    runs: int
    reached: int
    mean: float | None
    std: float | None

    def summary(self) -> dict[str, int | float | None]:
        """As JSON."""
        return {"runs": self.runs, "reached": self.reached, "mean": self.mean, "std": self.std}


def passage(run: Trajectory, level: float) -> Passage:
    """When the risk of ``run`` passes below ``level``, over its seeds or as predicted."""
    refuse_level(level)
    risks = np.atleast_2d(run.risk)
    found = [first_below(run.time, risk, level) for risk in risks]
    times = np.array([t for t in found if t is not None])
    if run.kind == "integration":
        spread = None if not len(times) else _predicted(run, float(times[0]))
    else:
        spread = float(times.std(ddof=1)) if len(times) > 1 else None
    return Passage(level, len(risks), len(times), float(times.mean()) if len(times) else None, spread)


def _predicted(run: Trajectory, t: float) -> float | None:
    """The spread of the time, std(R)/|dR/dt| at the passage; None where none is predicted, or R does not fall."""
    predicted = run.predicted("risk")
    if predicted is None or t <= 0:
        return None
    at = int(np.clip(np.searchsorted(run.time, t), 1, len(run.time) - 1))
    fall = (run.risk[at - 1] - run.risk[at]) / (run.time[at] - run.time[at - 1])
    spread = float(np.interp(t, run.time, predicted))
    return spread / float(fall) if fall > 0 and np.isfinite(spread) else None
