"""A schedule of the learning rate in samples per dimension α = νB/d: the rate of step ν is γ · factor(νB/d).

It is made of smooth pieces; t = γ/(pB) ∫ factor dα is found from them to round-off. Where they meet, at kinks, a solver
begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sgdode.model.overlaps import Array

#: Gauss's rule on panels that the shapes call smooth: exact to round-off.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
#: α beyond which no run comes, times the α where the last piece begins.
_FAR = 1e18
_BISECTIONS = 200


class Shape(Protocol):
    """A smooth function of α; it may be asked for a little beyond the piece that it is of."""

    def __call__(self, alpha: Array) -> Array:
        """The factor of γ."""

    def smooth_over(self, alpha: float) -> float:
        """How far from α on Gauss's rule is exact to round-off; in the last piece, which never ends, ever further."""


@dataclass(frozen=True)
class Line:
    """level + slope (α − at)."""

    at: float
    level: float
    slope: float = 0.0

    def __call__(self, alpha: Array) -> Array:
        if self.slope == 0.0:
            return np.full_like(alpha, self.level)
        return self.level + self.slope * (alpha - self.at)

    def smooth_over(self, alpha: float) -> float:
        """Anywhere."""
        return np.inf


@dataclass(frozen=True)
class Fall:
    """((α + shift)/scale)^(−power)."""

    scale: float
    power: float
    shift: float = 0.0

    def __call__(self, alpha: Array) -> Array:
        return np.asarray(((alpha + self.shift) / self.scale) ** -self.power)

    def smooth_over(self, alpha: float) -> float:
        """Half of what it takes to change by as much as itself."""
        return 0.5 * (alpha + self.shift) / max(1.0, self.power / 4.0)


@dataclass(frozen=True)
class HalfWave:
    """floor + (1 − floor)(1 + cos(πα/end))/2."""

    end: float
    floor: float

    def __call__(self, alpha: Array) -> Array:
        return np.asarray(self.floor + (1.0 - self.floor) * 0.5 * (1.0 + np.cos(np.pi * alpha / self.end)))

    def smooth_over(self, alpha: float) -> float:
        """A quarter of the wave."""
        return 0.5 * self.end


@dataclass(frozen=True)
class WarmingUp:
    """α/until times another shape."""

    shape: Shape
    until: float

    def __call__(self, alpha: Array) -> Array:
        return self.shape(alpha) * (alpha / self.until)

    def smooth_over(self, alpha: float) -> float:
        """As far as the other."""
        return self.shape.smooth_over(alpha)


@dataclass(frozen=True)
class _Panels:
    """Where Gauss's rule is exact: ``edges`` (n + 1,), the piece of each (n,), and the integral up to each edge."""

    edges: Array
    pieces: NDArray[np.int64]
    upto: Array


@dataclass(frozen=True)
class Schedule:
    """``shapes[i]`` from ``starts[i]`` on, the first from 0."""

    starts: tuple[float, ...]
    shapes: tuple[Shape, ...]

    @property
    def kinks(self) -> tuple[float, ...]:
        """α at which pieces meet."""
        return self.starts[1:]

    def piece(self, alpha: float) -> int:
        """Which piece α is in; a kink is in the later one."""
        return int(np.searchsorted(self.starts, alpha, side="right")) - 1

    def factor_of_piece(self, piece: int, alpha: float) -> float:
        """That of one piece at α, which may lie a little beyond it; not below 0."""
        return max(0.0, float(self.shapes[piece](np.array([alpha]))[0]))

    def factor(self, alpha: Array) -> Array:
        """γ(α)/γ, of the shape of ``alpha``."""
        alpha = np.asarray(alpha, dtype=float)
        found = np.empty_like(alpha)
        which = np.searchsorted(self.starts, alpha, side="right") - 1
        for piece in range(len(self.shapes)):
            here = which == piece
            if here.any():
                found[here] = self.shapes[piece](alpha[here])
        return np.maximum(found, 0.0)

    def integral(self, alpha: Array) -> Array:
        """∫₀^α factor dα', of the shape of ``alpha``."""
        alpha = np.asarray(alpha, dtype=float)
        at = alpha.reshape(-1)
        panels = self._panels
        panel = np.clip(np.searchsorted(panels.edges, at, side="right") - 1, 0, len(panels.pieces) - 1)
        found = panels.upto[panel] + self._gauss(panels.pieces[panel], panels.edges[panel], at)
        return np.asarray(found.reshape(alpha.shape))

    def inverse(self, integral: float) -> float:
        """The first α at which the integral is that; infinite where it never comes so far."""
        panels = self._panels
        if integral <= 0.0:
            return 0.0
        if not integral <= panels.upto[-1]:
            return np.inf
        panel = max(0, int(np.searchsorted(panels.upto, integral, side="left")) - 1)
        piece, low, high = panels.pieces[panel : panel + 1], panels.edges[panel], panels.edges[panel + 1]
        first, wanted = panels.edges[panel : panel + 1], integral - panels.upto[panel]
        alpha = 0.5 * (low + high)
        for _ in range(_BISECTIONS):
            here = np.array([alpha])
            off = float(self._gauss(piece, first, here)[0]) - wanted
            low, high = (low, alpha) if off >= 0 else (alpha, high)
            slope = self.factor_of_piece(int(piece[0]), alpha)
            step = alpha - off / slope if slope > 0 else np.nan
            moved = step if low < step < high else 0.5 * (low + high)
            if moved in (low, high, alpha):
                break
            alpha = moved
        return float(alpha)

    def _gauss(self, pieces: NDArray[np.int64], first: Array, last: Array) -> Array:
        """∫ of the pieces (N,) from ``first`` to ``last`` (N,), each within one panel."""
        found, half = np.empty_like(last), 0.5 * (last - first)
        for piece in np.unique(pieces):
            here = pieces == piece
            at = first[here, np.newaxis] + half[here, np.newaxis] * (1.0 + _NODES)
            values = np.maximum(self.shapes[piece](at), 0.0)
            found[here] = half[here] * np.sum(values * _WEIGHTS, axis=1)
        return found

    @cached_property
    def _panels(self) -> _Panels:
        edges, pieces = [0.0], []
        ends = [*self.starts[1:], _FAR * max(1.0, self.starts[-1])]
        for piece, end in enumerate(ends):
            while edges[-1] < end:
                pieces.append(piece)
                edges.append(min(end, edges[-1] + self.shapes[piece].smooth_over(edges[-1])))
        at, which = np.array(edges), np.array(pieces)
        each = self._gauss(which, at[:-1], at[1:])
        return _Panels(at, which, np.concatenate([[0.0], np.cumsum(each)]))


def warmed_up(schedule: Schedule, until: float) -> Schedule:
    """The same with the factor α/until below ``until``."""
    starts: list[float] = []
    shapes: list[Shape] = []
    for start, shape in zip(schedule.starts, schedule.shapes, strict=True):
        if start < until:
            starts.append(start)
            shapes.append(WarmingUp(shape, until))
    starts.append(until)
    shapes.append(schedule.shapes[schedule.piece(until)])
    later = [at for at, start in enumerate(schedule.starts) if start > until]
    return Schedule(
        (*starts, *(schedule.starts[at] for at in later)), (*shapes, *(schedule.shapes[at] for at in later))
    )
