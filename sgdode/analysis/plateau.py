"""The plateau of a learning curve, which it leaves, and the floor, on which it ends: where the risk stays while log t
goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sgdode.results.trajectory import Array

#: −d log R/d log t over a doubling of t, below which the risk counts as staying: 16% a doubling.
FLAT = 0.25
#: A fall is by at least this much in log R: by a quarter.
_FALL = 0.3
#: A run that starts on its plateau leaves it by a fall; an ordinary start is slower than this in the next doubling.
_ESCAPE = 0.5
_PER_DOUBLING = 24
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Plateau:
    """``risk``: the geometric mean of the risk over log t from ``start`` to ``end``; ``end`` is None for the floor,
    which the run does not leave."""

    risk: float
    start: float
    end: float | None


def plateau(time: Array, risk: Array) -> Plateau | None:
    """The last plateau that a curve ``risk`` (T,) over ``time`` (T,) leaves, or None.

    It is a longest stretch of t such that over every doubling of t within it −d log R/d log t is below 0.25 (the risk
    falls by less than 16%, or rises), interpolated in the logarithms between saved times. The risk has fallen by a
    quarter before it, or the run starts on it, and then the risk halves within the doubling after its end (every smooth
    curve is flat in log t while t is small, and that is no plateau); and it falls by a quarter below it later. What
    lies below rounding is left out.
    """
    curve = _doublings(time, risk)
    if curve is None:
        return None
    u, v = curve
    left = [
        (first, last)
        for first, last in _stretches(v)
        if (_falls_before(v, first) or _escapes(v, last)) and v[last:].min() < v[first : last + 1].mean() - _FALL
    ]
    return _level(u, v, *left[-1], ends=True) if left else None


def floor(time: Array, risk: Array) -> Plateau | None:
    """The stretch that a curve ends on, flat as :func:`plateau` has it, after a fall; or None. A longer run may leave
    it."""
    curve = _doublings(time, risk)
    if curve is None:
        return None
    u, v = curve
    stays = [(first, last) for first, last in _stretches(v) if last == len(u) - 1 and _falls_before(v, first)]
    return _level(u, v, *stays[0], ends=False) if stays else None


def _doublings(time: Array, risk: Array) -> tuple[Array, Array] | None:
    """log t at even steps and log R there; None where there are too few times."""
    good = (time > 0) & np.logical_and.accumulate((time <= 0) | (risk > _ROUNDING * risk[0]))
    if good.sum() < 3 or time[good][-1] < 2 * time[good][0]:
        return None
    x, y = np.log(time[good]), np.log(risk[good])
    u = np.linspace(x[0], x[-1], int((x[-1] - x[0]) / (np.log(2) / _PER_DOUBLING)) + 1)
    return u, np.interp(u, x, y)


def _stretches(v: Array) -> list[tuple[int, int]]:
    """First and last index of every stretch in which each doubling is flat."""
    flat = v[:-_PER_DOUBLING] - v[_PER_DOUBLING:] < FLAT * np.log(2)
    edges = np.diff(np.concatenate([[0], flat.astype(int), [0]]))
    ends = np.flatnonzero(edges == -1) - 1 + _PER_DOUBLING
    return list(zip(np.flatnonzero(edges == 1).tolist(), ends.tolist(), strict=True))


def _level(u: Array, v: Array, first: int, last: int, *, ends: bool) -> Plateau:
    risk = float(np.exp(v[first : last + 1].mean()))
    return Plateau(risk, float(np.exp(u[first])), float(np.exp(u[last])) if ends else None)


def _falls_before(v: Array, first: int) -> bool:
    return first > 0 and bool(v[0] - v[first] > _FALL)


def _escapes(v: Array, last: int) -> bool:
    after = v[min(last + _PER_DOUBLING, len(v) - 1)]
    return bool(after - v[last] < np.log(_ESCAPE))
