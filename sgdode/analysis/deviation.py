"""Deviations of runs from a theory as z-scores: at every time, over windows of time, and corrected for their number.

A deviation at neighbouring times is one deviation, seen again and again. What lasts is found by the mean over a window
of time: that is one number a run, so that its standard error knows of the correlation whatever it is.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgdode.results.trajectory import Array

#: Normal tails end here in double precision.
LARGEST = 37.0


class Deviation(NamedTuple):
    """Of E numbers at T times, in units of their scale.

    ``runs`` (S,T,E): simulation − theory (− predicted shift of the mean), one seed each; ``allowed`` (T,E): the part of
    its mean that a right theory may have; ``predicted`` (T,E): the predicted standard deviation of a run, NaN where
    there is none; ``judged`` (T,): the times at which anything is claimed.
    """

    runs: Array
    allowed: Array
    predicted: Array
    judged: NDArray[np.bool_]


class Scores(NamedTuple):
    """At the T times and, after them, over the windows: N = T + windows rows, (N,E) each.

    ``mean`` and ``spread`` (standard deviation of one run) and ``allowed`` in units of the scale; ``error`` of the
    mean; ``degrees`` of freedom of the error, infinite where it is predicted; ``z`` ≥ 0 of what exceeds ``allowed``,
    NaN where not judged.
    """

    mean: Array
    spread: Array
    allowed: Array
    error: Array
    degrees: Array
    z: Array

    @property
    def points(self) -> int:
        """How many deviations were judged."""
        return int(np.isfinite(self.z).sum())

    @property
    def largest(self) -> float:
        """The largest z, 0 where nothing is judged."""
        return float(np.nanmax(self.z)) if self.points else 0.0

    def corrected(self) -> float:
        """The z of a single number that is as unlikely as the largest of these (Šidák)."""
        return corrected(self.largest, self.points)

    def smallest_found(self, threshold: float) -> Array:
        """The deviation (N,E), in units of the scale, that exceeds a corrected ``threshold`` in every second try."""
        from scipy import stats

        chance = stats.norm.sf(single(threshold, self.points))
        found = self.allowed + stats.t.isf(chance, self.degrees) * self.error
        return np.where(np.isfinite(self.z), found, np.nan)


def windows(times: int) -> list[slice]:
    """The quarters of ``times`` saved times, and their last half."""
    ends = [round(quarter * times / 4) for quarter in range(5)]
    quarters = [slice(start, end) for start, end in itertools.pairwise(ends) if end > start]
    return [*quarters, slice(ends[2], times)]


def spread_of(runs: Array) -> Array:
    """Standard deviation over runs (S,...); NaN for a single one."""
    return np.asarray(runs.std(axis=0, ddof=1)) if len(runs) > 1 else np.full(runs.shape[1:], np.nan)


def scores(deviation: Deviation) -> Scores:
    """The mean over runs against what is allowed, at every time and over every window.

    The spread is the larger one of predicted and observed; where none is predicted, Student's t with S − 1 degrees of
    freedom is turned into the normal z that is as unlikely.
    """
    judged = deviation.judged
    runs, allowed = _with_windows(deviation.runs, judged, axis=1), _with_windows(deviation.allowed, judged)
    whole = [deviation.predicted[part].mean(axis=0) for part in windows(len(judged))]  # NaN where a part has none
    predicted = np.concatenate([deviation.predicted, whole])
    mean, size = runs.mean(axis=0), np.fmax(spread_of(runs), predicted)
    degrees = np.where(np.isfinite(predicted), np.inf, max(len(runs) - 1, 1))
    error = np.asarray(size / np.sqrt(len(runs)))
    z = _normal_equivalent(ratio(np.maximum(np.abs(mean) - allowed, 0.0), error), degrees)
    z[: len(judged)][~judged] = np.nan
    return Scores(mean, size, allowed, error, degrees, z)


def _with_windows(values: Array, judged: NDArray[np.bool_], axis: int = 0) -> Array:
    """``values`` (..., T, E) and, along ``axis`` after them, their means over the windows: over what is judged."""
    means = []
    for part in windows(len(judged)):
        kept = np.flatnonzero(judged[part]) + part.start
        nothing = np.full_like(np.take(values, 0, axis), np.nan)
        means.append(np.take(values, kept, axis).mean(axis=axis) if len(kept) else nothing)
    return np.concatenate([values, np.stack(means, axis)], axis)


def ratio(part: Array, whole: Array) -> Array:
    """``part``/``whole``: 0 where both vanish, and finite where the whole does alone."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(part == 0, 0.0 * whole, part / whole)
    return np.clip(found, -1e6, 1e6)


def _normal_equivalent(t: Array, degrees: Array) -> Array:
    """The normal deviate that is as unlikely as Student's ``t`` ≥ 0."""
    from scipy import stats

    return np.asarray(np.minimum(stats.norm.isf(np.maximum(stats.t.sf(t, degrees), 1e-300)), LARGEST))


def corrected(z: float, points: int) -> float:
    """The single-point z that is as unlikely as a largest |z| over ``points`` (Šidák)."""
    from scipy import stats

    if z <= 0 or z >= LARGEST:
        return z
    chance = -np.expm1(points * np.log1p(-2.0 * stats.norm.sf(z)))
    return float(stats.norm.isf(chance / 2.0))


def single(z: float, points: int) -> float:
    """The largest |z| over ``points`` that a corrected one of ``z`` stands for: the inverse of `corrected`."""
    from scipy import stats

    if z <= 0 or points < 1:
        return max(z, 0.0)
    chance = -np.expm1(np.log1p(-min(2.0 * stats.norm.sf(z), 1.0 - 1e-16)) / points)
    return float(stats.norm.isf(chance / 2.0))
