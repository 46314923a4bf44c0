"""First-passage times of runs of which some never pass: by Kaplan–Meier those count for as long as they lasted."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from scipy.stats import CensoredData, ecdf

from sgdode.results.contents import Array

#: The level of all intervals; the runs that have to pass before a quantile has one.
CONFIDENCE, _FEWEST = 0.95, 20
_DRAWS, _SEED = 1000, 20240611


@dataclass(frozen=True)
class Bracketed:
    """A ``value`` with its interval from ``low`` to ``high``: ∞ where it lies beyond the last run, NaN where too few
    runs pass."""

    value: float
    low: float
    high: float

    def summary(self) -> list[float | None]:
        """[value, low, high] as JSON takes them."""
        return [number if math.isfinite(number) else None for number in (self.value, self.low, self.high)]


@dataclass(frozen=True)
class Passages:
    """``times`` (S,): when each of S runs passes, ∞ where it has not by ``stop``: a run that is *censored* there."""

    times: Array
    stop: float

    @property
    def runs(self) -> int:
        """S."""
        return len(self.times)

    @property
    def censored(self) -> int:
        """The runs that have not passed by ``stop``."""
        return int(np.isinf(self.times).sum())

    def curve(self) -> tuple[Array, Array, Array, Array]:
        """The Kaplan–Meier estimate of P(T > t): t, 0 first, and S(t) with its lower and upper 95 % limits (Greenwood,
        log–log); straight on until the next t."""
        survival, low, high = _estimated(self.times, self.stop)
        value, low, high = (np.concatenate([[1.0], one]) for one in (survival[1], low, high))
        return np.concatenate([[0.0], survival[0]]), value, low, high

    def quantile(self, share: float) -> Bracketed:
        """The t by which a ``share`` of runs has passed, with the times at which the limits of the curve reach it."""
        t, value, low, high = self.curve()
        enough = self.runs - self.censored >= _FEWEST
        limits = (_reached(t, low, share), _reached(t, high, share)) if enough else (math.nan, math.nan)
        return Bracketed(_reached(t, value, share), *limits)

    @property
    def mean(self) -> Bracketed | None:
        """The mean, by the bootstrap; None where a run is censored: those that passed are no fair sample."""
        return None if self.censored else self._bootstrap(np.mean)

    @property
    def std(self) -> Bracketed | None:
        """The standard deviation, likewise."""
        return None if self.censored or self.runs < 2 else self._bootstrap(np.std, ddof=1)

    @property
    def restricted_mean(self) -> float:
        """The mean of min(T, stop)."""
        return float(np.minimum(self.times, self.stop).mean())

    def _bootstrap(self, statistic: object, **options: int) -> Bracketed:
        assert callable(statistic)
        draws = np.random.default_rng(_SEED).integers(0, self.runs, (_DRAWS, self.runs))
        low, high = np.percentile(statistic(self.times[draws], axis=1, **options), [2.5, 97.5])
        return Bracketed(float(statistic(self.times, **options)), float(low), float(high))


def _estimated(times: Array, stop: float) -> tuple[tuple[Array, Array], Array, Array]:
    """t and S(t), and the limits of S."""
    sample = CensoredData.right_censored(np.minimum(times, stop), np.isinf(times))
    survival = ecdf(sample).sf
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of limits that are no numbers: see below
        band = survival.confidence_interval(CONFIDENCE, method="log-log")
    low, high = (np.asarray(one.probabilities) for one in (band.low, band.high))
    # where S is 0 the limits are no numbers: the lower is 0, the upper stays
    low, high = np.nan_to_num(low, nan=0.0), np.fmin.accumulate(np.where(np.isnan(high), np.inf, high))
    return (np.asarray(survival.quantiles), np.asarray(survival.probabilities)), low, np.minimum(high, 1.0)


def _reached(t: Array, survival: Array, share: float) -> float:
    """When a curve of survival comes down to 1 − ``share``, or ∞."""
    at = np.flatnonzero(survival <= 1.0 - share + 1e-12)
    return float(t[at[0]]) if len(at) else math.inf
