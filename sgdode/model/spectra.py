"""Many eigenvalues, λ_1 ≥ λ_2 ≥ ..., gathered into blocks at a cost that does not depend on d.

The first few eigenvalues are blocks of their own; the others lie in bins, of two blocks each. Their integer counts are
next to the weights of the two-point Gauss rule of the bin, and their values match its mean and variance for those
counts; so Σ n_b = d and Σ n_b c_b = tr C are exact. Squared components of teachers, w_j² ∝ j^(−δ), are shared between
the two so that Σ w² and Σ λ w² are those of the bin. The error falls as the fourth power of the width of the bins.

A power law is smooth beyond its first hundred eigenvalues: sums over j are integrals over log j there, and the blocks
are the nodes of the Gauss–Legendre rule of it all, whose error falls exponentially with their number (the rule is the
same for learning, Σ λ w² e^(−2λt), and for noise, Σ λ² e^(−2λt), with whole counts that add up to its weights).
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
#: The first eigenvalue of the smooth part of a power law, and the fewest blocks and eigenvalues to take it as one.
SMOOTH_FROM, _FEWEST_BLOCKS, _FEWEST_VALUES = 96, 20, 4096
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

    def edges(self, first: int, bins: int) -> list[int]:
        """Where ``bins`` bins of those beyond the first ``first`` begin and end."""


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

    def edges(self, first: int, bins: int) -> list[int]:
        """Equal in log j."""
        return _log_edges(first, self.d, bins)

    def smooth_from(self, nodes: int) -> int:
        """From where on a rule of so many nodes has two eigenvalues at least for each; d where there are too few."""
        smallest, first = float(np.polynomial.legendre.leggauss(nodes)[1][0]), SMOOTH_FROM
        while 2 * first < self.d:
            needed = math.ceil(4.0 / (smallest * math.log(self.d / first)))
            if needed <= first:
                return first
            first = needed
        return self.d

    def smooth(self, first: int, nodes: int) -> list[tuple[int, float, float]]:
        """(count, value, weight) of the blocks of j = first + 1, ..., d: nodes of the Gauss–Legendre rule in log j from
        first + ½ to d + ½."""
        x, share = np.polynomial.legendre.leggauss(nodes)
        low, high = math.log(first + 0.5), math.log(self.d + 0.5)
        log = low + (high - low) * (x + 1.0) / 2.0
        counts, weights = (share * np.exp(log * (1.0 - power)) for power in (0.0, self.delta))
        counts *= (self.d - first) / counts.sum()
        counts = np.diff(np.rint(np.cumsum(counts)), prepend=0.0)
        weights *= power_sum(self.delta, first, self.d) / weights.sum()
        values = np.exp(-self.alpha * log)
        values *= power_sum(self.alpha, first, self.d) / float(counts @ values)
        blocks = zip(counts, values, weights, strict=True)
        return [(int(n), float(c), float(w)) for n, c, w in blocks]


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

    def edges(self, first: int, bins: int) -> list[int]:
        """Equal in log λ; what is 0 is a bin of its own."""
        positive = int(np.count_nonzero(self.values > 0))
        first = min(first, positive)
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
    """A spectrum in at most ``blocks`` blocks (and one more where it has eigenvalues 0)."""
    found: list[tuple[int, float, float]] = []
    single = min(SINGLE, values.d) if blocks >= SINGLE + 2 else 0
    for j in range(single):
        one = values.moments(j, j + 1)
        found.append((1, one.mean, one.weight))
    edges, rest = values.edges(single, max(1, (blocks - single) // 2)), list[tuple[int, float, float]]()
    if isinstance(values, PowerLaw) and blocks >= _FEWEST_BLOCKS and values.d >= _FEWEST_VALUES:
        bins = round((blocks - single) / 6)
        nodes = blocks - single - 2 * bins
        if (first := values.smooth_from(nodes)) < values.d:
            edges, rest = _log_edges(single, first, bins), values.smooth(first, nodes)
    for first, end in pairwise(edges):
        bin = values.moments(first, end)
        found += _two(bin) if blocks > 1 else [(bin.size, bin.mean, bin.weight)]
    return _scaled(found + rest, values.d)


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
        size += 2 if isinstance(values, PowerLaw) else max(2, size // 5)


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
    """4 and 5 for each decade, or 3.5 of a power law."""
    last = values.d
    ends = values.moments(0, 1).mean, values.moments(last - 1, last).mean
    if not ends[1] > 0:
        return SINGLE + 20
    each = 1.75 if isinstance(values, PowerLaw) and last >= _FEWEST_VALUES else 2.5
    return SINGLE + 2 * math.ceil(each * math.log10(ends[0] / ends[1]))


def _log_edges(first: int, end: int, bins: int) -> list[int]:
    """Edges from ``first`` to ``end``, at whole numbers, of bins that are equal in log j."""
    edges = np.geomspace(max(first, 1), end, bins + 1)
    return sorted({first, *(round(float(edge)) for edge in edges[1:])})


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
