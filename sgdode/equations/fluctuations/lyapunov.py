"""Linear equations for a covariance, dC/dt = J(t) C + C J(t)ᵀ + S(t), by Magnus steps of order 4.

The pair (J, S) is the generator of an affine flow of C, so that Magnus expansions hold for it as they do for matrices,
with [(J, S), (J', S')] = ([J, J'], J S' + S' Jᵀ − J' S − S J'ᵀ). The exponential of a pair is built by doubling a short
step: stable however stiff J is, while J may take any step that resolves how J and S change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from sgdode.model.overlaps import Array

#: Relative error of a variance that one step may have, as estimated at order 2 (the result is of order 4).
_TOLERANCE = 2e-3
#: A commutator above this share of the mean is no correction.
_CORRECTION = 0.3
_SMALLEST = 1e-6
_TERMS = 9


class Affine(NamedTuple):
    """J (m,m) and S (m,m), symmetric."""

    J: Array
    S: Array

    def times(self, factor: float) -> Affine:
        """The pair multiplied by a number."""
        return Affine(factor * self.J, factor * self.S)

    def plus(self, other: Affine) -> Affine:
        """The sum."""
        return Affine(self.J + other.J, self.S + other.S)


Generator = Callable[[float], Affine]
#: J (m,m) and u (m,) of dm/dt = J m + u.
Drive = tuple[Array, Array]
Source = Callable[[float, Array], Array]


def commutator(one: Affine, other: Affine) -> Affine:
    """[one, other] of the affine flows."""
    mixed = one.J @ other.S - other.J @ one.S
    return Affine(one.J @ other.J - other.J @ one.J, mixed + mixed.T)


def exponential(pair: Affine) -> tuple[Array, Array]:
    """(Φ, G) with C(1) = Φ C(0) Φᵀ + G for constant J and S."""
    norm = float(np.abs(pair.J).sum(axis=0).max())
    if not norm < np.inf:
        raise FloatingPointError("the linear flow is not finite")
    doublings = max(0, int(np.ceil(np.log2(max(norm, 1e-300) / 0.25))))
    short = pair.times(0.5**doublings)
    power, term = np.eye(len(pair.J)), short.S
    flow, gained = power.copy(), term.copy()
    for order in range(1, _TERMS):
        power = short.J @ power / order
        flow += power
        term = short.J @ term / (order + 1)
        term = term + term.T
        gained += term
    for _ in range(doublings):
        gained = gained + flow @ gained @ flow.T
        flow = flow @ flow
    return flow, gained


def _moved(C: Array, pair: Affine) -> Array:
    flow, gained = exponential(pair)
    return np.asarray(flow @ C @ flow.T + gained)


def _step(C: Array, h: float, first: Affine, middle: Affine, last: Affine) -> Array:
    """C after a step of length h: Simpson's rule for the mean of the pair, and the commutator (Blanes et al. 2009)."""
    return _moved(C, _exponent(h, first, middle, last))


def _exponent(h: float, first: Affine, middle: Affine, last: Affine) -> Affine:
    """h (mean of the pair) − h²/12 [first, last]. The commutator is left out where it is no correction but of the size
    of the mean: a long step over a stiff J, where it could make a stable flow grow."""
    mean = first.plus(middle.times(4.0)).plus(last).times(h / 6.0)
    turning = commutator(first, last).times(-(h**2) / 12.0)
    return mean.plus(turning) if np.abs(turning.J).max() <= _CORRECTION * np.abs(mean.J).max() else mean


def _within(share: float, first: Affine, middle: Affine, last: Affine) -> Affine:
    """The pair at a share of a step, on the parabola through its values at 0, 1/2 and 1."""
    x = share
    parts = first.times((1 - x) * (1 - 2 * x)), middle.times(4 * x * (1 - x)), last.times(x * (2 * x - 1))
    return parts[0].plus(parts[1]).plus(parts[2])


def _difference(one: Array, other: Array) -> float:
    """The largest relative difference of two covariances, between variances that are not negligible."""
    variance = np.maximum(np.diag(one), _SMALLEST * np.diag(one).max())
    if not variance.max() > 0:
        return 0.0
    scale = np.sqrt(np.where(variance > 0, variance, variance.max()))
    return float(np.max(np.abs(one - other) / np.outer(scale, scale)))


def _carried(m: Array, h: float, first: Drive, middle: Drive, last: Drive) -> Array:
    """dm/dt = J m + u over a step of length h, as :func:`_step` with the linear flow of (m, 1)."""
    size = len(m)

    def flow(drive: Drive) -> Affine:
        J = np.zeros((size + 1, size + 1))
        J[:size, :size], J[:size, size] = drive
        return Affine(J, np.zeros_like(J))

    pairs = [flow(drive) for drive in (first, middle, last)]
    moved, _ = exponential(_exponent(h, *pairs))
    return np.asarray(moved[:size, :size] @ m + moved[:size, size])


def propagate(generator: Generator, source: Source, times: Array, step: float) -> Iterator[tuple[Array, Array]]:
    """C (m,m), and the solution (m,) of dm/dt = J m + u with u = ``source(t, C)``, at each of ``times``.

    Both start at 0 at the first of the times; ``step`` is the length of the first step tried. Steps follow the error of
    C, not the times; between their ends J, S and u are interpolated. Raises FloatingPointError where C is not finite.
    """
    t, stop, first = float(times[0]), float(times[-1]), generator(float(times[0]))
    C, m, following = np.zeros_like(first.J), np.zeros(len(first.J)), 1
    drive: Drive = (first.J, source(t, C))
    known: dict[float, Affine] = {}
    yield C, m
    while following < len(times):
        step = min(step, stop - t) if stop - t > 1.01 * step else stop - t
        ends = [t + 0.5 * step, stop if step == stop - t else t + step]
        for time in ends:
            known[time] = known.get(time) or generator(time)
        middle, last = (known[time] for time in ends)
        moved = _step(C, step, first, middle, last)
        error = _difference(moved, _moved(C, middle.times(step)))
        if not error <= _TOLERANCE and step > 1e-12 * max(stop, 1e-300):
            step *= 0.5 if error < 40 * _TOLERANCE else 0.25
            continue
        if not np.isfinite(moved).all():
            raise FloatingPointError("the covariance grows beyond all numbers")
        halfway = _step(C, 0.5 * step, first, *(_within(x, first, middle, last) for x in (0.25, 0.5)))
        drives = [drive, (middle.J, source(ends[0], halfway)), (last.J, source(ends[1], moved))]
        while following < len(times) and times[following] <= ends[1]:
            share = (float(times[following]) - t) / step
            pairs = [_within(share * x, first, middle, last) for x in (0.5, 1.0)]
            partial = [drive, *(_drive_within(share * x, drives) for x in (0.5, 1.0))]
            yield _step(C, share * step, first, *pairs), _carried(m, share * step, *partial)
            following += 1
        m = _carried(m, step, *drives)
        t, C, first, drive, known = ends[1], moved, last, drives[2], {}
        step *= min(3.0, 0.9 * (_TOLERANCE / max(error, 1e-300)) ** (1 / 3))


def _drive_within(share: float, drives: list[Drive]) -> Drive:
    weights = (1 - share) * (1 - 2 * share), 4 * share * (1 - share), share * (2 * share - 1)
    J, u = (sum(weight * drive[part] for weight, drive in zip(weights, drives, strict=True)) for part in (0, 1))
    return np.asarray(J), np.asarray(u)
