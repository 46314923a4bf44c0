"""Many eigenvalues, λ_1 ≥ λ_2 ≥ ..., gathered into blocks at a cost that does not depend on d.

The first few eigenvalues are blocks of their own; the others lie in bins, of two blocks each. Their integer counts are
next to the weights of the two-point Gauss rule of the bin, and their values match its mean and variance for those
counts; so Σ n_b = d and Σ n_b c_b = tr C are exact. Squared components of teachers, w_j² ∝ j^(−δ), are shared between
the two so that Σ w² and Σ λ w² are those of the bin. The error falls as the fourth power of the width of the bins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np

from sgdode.model.overlaps import Array

#: Eigenvalues that are blocks of their own.
SINGLE = 4
#: What ``auto`` aims at, and up to how many blocks.
TARGET, _MOST = 1e-3, 400
#: Sums of fewer terms are summed; of longer ones the first terms, before the Euler–Maclaurin formula takes over.
_SHORT, _FIRST = 4096, 48
#: A spread of eigenvalues, relative to their mean, that is round-off.
_EQUAL = 1e-12


class BinMoments(NamedTuple):
    """Of the eigenvalues of a bin: their number ``size``, mean, standard deviation and skewness; and of the teachers
    Σ w² and Σ λ w²."""

    size: int
    mean: float
    deviation: float
    skewness: float
    weight: float
    weighted: float


class Eigenvalues(Protocol):
    """Eigenvalues λ_j, j = 1, ..., d, in falling order, of any scale."""

    @property
    def d(self) -> int:
        """Their number."""

    def moments(self, first: int, end: int) -> BinMoments:
        """Of the eigenvalues j = first + 1, ..., end."""

    def edges(self, bins: int) -> list[int]:
        """Where ``bins`` bins of those beyond the single ones begin and end."""


def power_sum(exponent: float, first: int, end: int) -> float:
    """Σ_j j^(−exponent), j = first + 1, ..., end: summed, or by Euler and Maclaurin to round-off."""
    if end - first <= _SHORT:
        return float(np.sum(np.arange(first + 1, end + 1, dtype=float) ** -exponent))
    n, m, s = float(first + 1 + _FIRST), float(end), 1.0 - exponent
    total = power_sum(exponent, first, first + _FIRST)
    log = math.log(m / n)
    total += n**s * (math.expm1(s * log) / s if abs(s * log) > 1e-12 else log)
    total += 0.5 * (n**-exponent + m**-exponent)
    rise, factors = 1.0, (1 / 12, -1 / 720, 1 / 30240)
    for order, factor in enumerate(factors):  # derivatives 1, 3, 5 of x^(−exponent)
        steps = range(2 * order - 1, 2 * order + 1) if order else range(1)
        for step in steps:
            rise *= exponent + step
        power = -exponent - (2 * order + 1)
        total += factor * rise * (n**power - m**power)
    return total


@dataclass(frozen=True)
class PowerLaw:
    """λ_j = j^(−alpha), with w_j² = j^(−delta)."""

    alpha: float
    d: int
    delta: float = 0.0

    def moments(self, first: int, end: int) -> BinMoments:
        """See Eigenvalues. Eigenvalues are taken relative to the first, so that no digits are lost."""
        top = float(first + 1) ** -self.alpha
        m = end - first
        raw = [power_sum(k * self.alpha, first, end) / (m * top**k) for k in (1, 2, 3)]
        mean, variance = raw[0], max(raw[1] - raw[0] ** 2, 0.0)
        third = raw[2] - 3.0 * raw[1] * raw[0] + 2.0 * raw[0] ** 3
        deviation = math.sqrt(variance)
        skewness = third / deviation**3 if deviation > _EQUAL else 0.0
        weight = power_sum(self.delta, first, end)
        return BinMoments(
            m, top * mean, top * deviation, skewness, weight, power_sum(self.alpha + self.delta, first, end)
        )

    def edges(self, bins: int) -> list[int]:
        """Equal in log j."""
        return _distinct(np.geomspace(min(SINGLE, self.d), self.d, bins + 1))


@dataclass(frozen=True, eq=False)
class Listed:
    """Eigenvalues ``values`` (d,) in falling order, with w_j² = j^(−delta)."""

    values: Array
    delta: float = 0.0

    @property
    def d(self) -> int:
        """Their number."""
        return len(self.values)

    def moments(self, first: int, end: int) -> BinMoments:
        """See Eigenvalues."""
        x = self.values[first:end]
        w = np.arange(first + 1, end + 1, dtype=float) ** -self.delta
        mean, deviation = float(x.mean()), float(x.std())
        skewness = float(((x - mean) ** 3).mean()) / deviation**3 if deviation > _EQUAL * max(mean, 1e-300) else 0.0
        return BinMoments(len(x), mean, deviation, skewness, float(w.sum()), float(w @ x))

    def edges(self, bins: int) -> list[int]:
        """Equal in log λ; what is 0 is a bin of its own."""
        positive = int(np.count_nonzero(self.values > 0))
        first = min(SINGLE, positive)
        if positive <= first:
            return sorted({first, self.d})
        levels = np.geomspace(self.values[first], self.values[positive - 1], bins + 1)[1:-1]
        inner = positive - np.searchsorted(self.values[:positive][::-1], levels, side="left")
        return sorted({first, *(int(edge) for edge in inner if edge > first), positive, self.d})


class Binned(NamedTuple):
    """Blocks in the order of falling bins: ``counts`` d_b (B,), ``eigenvalues`` c_b (B,) with Σ d_b c_b = d, and
    ``weights`` (B,), Σ w² of the teachers' components in each."""

    counts: Array
    eigenvalues: Array
    weights: Array


def binned(values: Eigenvalues, blocks: int) -> Binned:
    """A spectrum in at most ``blocks`` blocks (with the single ones, and a few more where it has few eigenvalues)."""
    found: list[tuple[int, float, float]] = []
    for j in range(min(SINGLE, values.d)):
        one = values.moments(j, j + 1)
        found.append((1, one.mean, one.weight))
    edges = values.edges(max(1, (blocks - SINGLE) // 2))
    for first, end in pairwise(edges):
        found += _two(values.moments(first, end))
    return _scaled(found, values.d)


def every(values: Array, delta: float) -> Binned:
    """Every distinct eigenvalue of ``values`` (d,), in falling order, as a block of its own."""
    distinct, first, counts = np.unique(-values, return_index=True, return_counts=True)
    ends = first + counts
    w = np.concatenate([[0.0], np.cumsum(np.arange(1, len(values) + 1, dtype=float) ** -delta)])
    blocks = zip(counts, -distinct, w[ends] - w[first], strict=True)
    return _scaled([(int(n), float(c), float(share)) for n, c, share in blocks], len(values))


def gathered(values: Eigenvalues, blocks: int | None) -> tuple[Binned, float]:
    """A spectrum in ``blocks`` blocks (None: as many as the target asks for), and what they are off by: see
    ``binning_error``."""
    size = blocks or _first_guess(values)
    while True:
        found = binned(values, size)
        error = binning_error(found, binned(values, 2 * size))
        if blocks is not None or error <= TARGET or size > _MOST:
            return found, error
        size += max(2, size // 5)


def binning_error(found: Binned, finer: Binned) -> float:
    """The largest relative difference of Σ λ w² e^(−2λt), which is the risk of a linear student at rest, and of
    Σ n λ² e^(−2λt), the noise of its steps, between two binnings, over t from 0.1/c_max to 1/c_min."""
    values = finer.eigenvalues[finer.eigenvalues > 0]
    t = np.geomspace(0.1 / values.max(), 1.0 / values.min(), 200)
    worst = 0.0
    for amount in (_learnt, _noisy):
        one, other = (amount(law) @ np.exp(-2.0 * law.eigenvalues[:, None] * t) for law in (found, finer))
        worst = max(worst, float(np.max(np.abs(one / other - 1.0))))
    return worst


def _learnt(law: Binned) -> Array:
    return np.asarray(law.eigenvalues * law.weights)


def _noisy(law: Binned) -> Array:
    return np.asarray(law.counts * law.eigenvalues**2)


def _first_guess(values: Eigenvalues) -> int:
    """4 and 5 for each decade."""
    last = values.d
    ends = values.moments(0, 1).mean, values.moments(last - 1, last).mean
    if not ends[1] > 0:
        return SINGLE + 20
    return SINGLE + 2 * math.ceil(2.5 * math.log10(ends[0] / ends[1]))


def _distinct(edges: Array) -> list[int]:
    return sorted({round(float(edge)) for edge in edges})


def _two(bin: BinMoments) -> list[tuple[int, float, float]]:
    """(count, value, weight) of the two blocks of a bin, or of one where it holds a single value."""
    m, mean, deviation, skewness, weight, weighted = bin
    if m == 1 or deviation <= 1e-7 * mean or mean <= 0.0:
        return [(m, mean, weight)]
    lower = 0.5 * (1.0 + skewness / math.sqrt(4.0 + skewness**2))  # the Gauss weight of the lower node
    n2 = min(max(round(m * lower), 1), m - 1)
    n1 = m - n2
    c1, c2 = mean + deviation * math.sqrt(n2 / n1), mean - deviation * math.sqrt(n1 / n2)
    share = (weighted - c2 * weight) / (c1 - c2)
    if c2 <= 0.0 or not 0.0 <= share <= weight:
        return [(m, mean, weight)]
    return [(n1, c1, share), (n2, c2, weight - share)]


def _scaled(found: list[tuple[int, float, float]], d: int) -> Binned:
    counts, values, weights = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    return Binned(counts, values * (d / float(counts @ values)), weights)


def power_weights(counts: Array, eigenvalues: Array, delta: float) -> Array:
    """Σ_j j^(−delta) over the dimensions of each block (B,), j counted from the largest eigenvalue on."""
    out, first = np.empty(len(counts)), 0
    for b in np.argsort(-eigenvalues, kind="stable"):
        out[b] = power_sum(delta, first, first + int(counts[b]))
        first += int(counts[b])
    return out
