"""When a risk first falls below a level: log R is interpolated in log t between saved times."""

from __future__ import annotations

import math

import numpy as np

from sgdode.errors import UsageError
from sgdode.results.contents import Array


def first_below(time: Array, risk: Array, level: float) -> float | None:
    """First t at which ``risk`` (T,) is at or below ``level``; log R is interpolated in log t (in t from t = 0)."""
    below = np.flatnonzero(risk <= level)
    if not len(below):
        return None
    at = int(below[0])
    if at == 0:
        return float(time[0])
    early, late = float(time[at - 1]), float(time[at])
    high, low = float(risk[at - 1]), max(float(risk[at]), 1e-300)
    share = np.log(high / level) / np.log(high / low)
    if early > 0:
        return float(early * (late / early) ** share)
    return float(early + (late - early) * share)


def times_below(time: Array, risk: Array, level: float) -> Array:
    """The same for curves (...,T) → (...,), NaN where one stays above. Raises UsageError for a level not above 0."""
    refuse_level(level)
    found = [first_below(time, one, level) for one in risk.reshape(-1, len(time))]
    return np.array([math.nan if t is None else t for t in found]).reshape(risk.shape[:-1])


def refuse_level(level: float) -> None:
    """Raises UsageError for a level that no risk can fall below."""
    if not 0 < level < math.inf:
        raise UsageError(f"threshold: got {level:g}; must be a number above 0")
