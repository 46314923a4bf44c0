"""The plateau of a learning curve: where the risk stays while log t goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sgdode.results.trajectory import Array

#: −d log R/d log t below which the risk counts as hardly falling, over a doubling of t: 7%.
FLAT = 0.1
#: A run that starts on its plateau leaves it by a fall; an ordinary start is slower than this in the next doubling.
_ESCAPE = 0.5
_PER_DOUBLING = 24
_ROUNDING = 1e-13


@dataclass(frozen=True)
class Plateau:
    """``risk``: the geometric mean of the risk over log t from ``start`` to ``end``; ``end`` is None where the run ends
    before the plateau does (``risk`` is then that up to the last t)."""

    risk: float
    start: float
    end: float | None


def plateau(time: Array, risk: Array) -> Plateau | None:
    """The plateau of one curve ``risk`` (T,) over ``time`` (T,), or None.

    A plateau is a longest stretch of t such that over every doubling of t within it the risk changes by less than 7%
    (a slope of 0.1 in log R against log t, interpolated between saved times). It comes after a fall of the risk; or the
    run starts on it, and then the risk halves within the doubling after its end (every smooth curve is flat in log t
    while t is small, and that is no plateau). Of several, the longest in log t among those that the run leaves is
    given; only where it leaves none, the one that it ends on, without ``end``. What lies below rounding is left out.
    """
    good = (time > 0) & np.logical_and.accumulate((time <= 0) | (risk > _ROUNDING * risk[0]))
    if good.sum() < 3 or time[good][-1] < 2 * time[good][0]:
        return None
    x, y = np.log(time[good]), np.log(risk[good])
    u = np.arange(x[0], x[-1], np.log(2) / _PER_DOUBLING)
    v = np.interp(u, x, y)
    flat = np.abs(v[:-_PER_DOUBLING] - v[_PER_DOUBLING:]) < FLAT * np.log(2)
    found = [(first, last + _PER_DOUBLING) for first, last in _stretches(flat)]
    left = [(a, b) for a, b in found if b < len(u) - 1 and (_falls_before(v, a) or _escapes(v, b))]
    stays = [(a, b) for a, b in found if b == len(u) - 1]
    chosen = max(left, key=lambda ends: ends[1] - ends[0]) if left else (stays[0] if stays else None)
    if chosen is None:
        return None
    first, last = chosen
    level = float(np.exp(v[first : last + 1].mean()))
    return Plateau(level, float(np.exp(u[first])), float(np.exp(u[last])) if left else None)


def _stretches(flat: Array) -> list[tuple[int, int]]:
    """First and last index of every run of true values."""
    edges = np.diff(np.concatenate([[0], flat.astype(int), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))


def _falls_before(v: Array, first: int) -> bool:
    """Whether the risk fell, by more than one doubling may change it, before a stretch."""
    return first > 0 and bool(v[0] - v[first] > FLAT * np.log(2))


def _escapes(v: Array, last: int) -> bool:
    after = v[min(last + _PER_DOUBLING, len(v) - 1)]
    return bool(after - v[last] < np.log(_ESCAPE))
