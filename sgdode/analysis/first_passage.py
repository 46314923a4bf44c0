"""Time to threshold: the first t at which the excess risk falls below a value, as on leaving a plateau."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sgdode.results.crossing import refuse_level, times_below
from sgdode.results.trajectory import Array, Trajectory


@dataclass(frozen=True)
class Passage:
    """When runs pass below ``level``: ``reached`` of ``runs`` do; ``mean``, ``std`` and ``median`` of their t.

    Runs that do not get there are censored: there is no mean then, of none but the fast ones, and the median is that of
    Kaplan and Meier, None where half do not get there. An integration has the std that follows from risk_std.
    """

    level: float
    runs: int
    reached: int
    mean: float | None
    std: float | None
    median: float | None

    def summary(self) -> dict[str, int | float | None]:
        """As JSON."""
        told = {"runs": self.runs, "reached": self.reached, "mean": self.mean, "std": self.std}
        return {**told, "median": self.median}


def passage(run: Trajectory, level: float) -> Passage:
    """When the risk of ``run`` passes below ``level``, over its seeds or as predicted."""
    refuse_level(level)
    risks = np.atleast_2d(run.risk)
    times = np.nan_to_num(times_below(run.time, risks, level), nan=math.inf)
    reached = int(np.isfinite(times).sum())
    every = reached == len(times)
    if run.kind == "integration":
        spread = _predicted(run, float(times[0])) if every else None
    else:
        spread = float(times.std(ddof=1)) if every and reached > 1 else None
    mean = float(times.mean()) if every else None
    return Passage(level, len(times), reached, mean, spread, _median(times))


def _median(times: Array) -> float | None:
    """The time by which half has passed: all censored ones outlast those that pass, so that it is the plain one."""
    middle = np.sort(times)[[(len(times) - 1) // 2, len(times) // 2]]
    return float(middle.mean()) if np.isfinite(middle).all() else None


def _predicted(run: Trajectory, t: float) -> float | None:
    """The spread of the time, std(R)/|dR/dt| at the passage; None where none is predicted, or R does not fall."""
    predicted = run.predicted("risk")
    if predicted is None or t <= 0:
        return None
    at = int(np.clip(np.searchsorted(run.time, t), 1, len(run.time) - 1))
    fall = (run.risk[at - 1] - run.risk[at]) / (run.time[at] - run.time[at - 1])
    spread = float(np.interp(t, run.time, predicted))
    return spread / float(fall) if fall > 0 and np.isfinite(spread) else None
