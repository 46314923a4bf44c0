"""Orbits of the equations: when they pass a level, and how near to a stationary point they come."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from sgdode.equations.dense_path import DensePath, dense_path
from sgdode.equations.exits.observable import Observable, specialisation
from sgdode.equations.fixed_points.flow import Flow
from sgdode.errors import RunError
from sgdode.model.overlaps import Array
from sgdode.signals import stop_if_asked

#: The tolerances of the path from a start, and of orbits near a point in their distance from it (the absolute one: as a
#: share of the relative one).
_RTOL, _ATOL, _NEAR_ATOL = 1e-9, 1e-13, 1e-5
#: An orbit is followed for so many times 1/r, in so many parts.
_LONGEST, _PARTS = 60.0, 30


@dataclass(frozen=True)
class Orbits:
    """The equations of ``flow`` with the level of ``observable``."""

    flow: Flow
    observable: Observable

    def margin(self, states: Array) -> Array:
        """That of states (T,m): (T,)."""
        if self.observable.name == "risk":
            return self.observable.margin(self.flow.equations.curves(states)["risk"])
        curves = self.flow.equations.curves(states)
        return self.observable.margin(specialisation(curves["Q"], curves["M"], self.flow.start.overlaps.P))

    def path(self, stop: float) -> DensePath:
        """The equations from the start until ``stop``. Raises RunError where they cannot be followed."""
        return dense_path(self.flow.equations.rhs, self.flow.equations.y0, stop, _RTOL, _ATOL)

    def passage(self, y: Array, offset: Array, rate: float, rtol: float = _RTOL) -> float:
        """When the orbit from ``y`` + ``offset`` passes the level; ∞ where it does not within 60/``rate``.

        What is solved for is the distance from the point ``y``, so that errors are small beside that however near the
        orbit begins.
        """

        def departing(t: float, x: Array, xdot: Array) -> None:
            self.flow.equations.rhs(t, y + x, xdot)

        stop, t = _LONGEST / rate, 0.0
        while t < stop:
            stop_if_asked()
            try:
                path = dense_path(departing, offset, stop / _PARTS, rtol, _NEAR_ATOL * rtol)
            except RunError:
                return math.inf
            found = self._passed(y, path)
            if found < math.inf:
                return t + found
            t, offset = t + float(path.times[-1]), path.states[-1]  # the last step goes beyond the end of a part
        return math.inf

    def _passed(self, y: Array, path: DensePath) -> float:
        """When ``y`` + a path passes the level, or ∞."""
        below = np.flatnonzero(self.margin(y + path.states) <= 0.0)
        if not len(below):
            return math.inf
        at = int(below[0])
        if at == 0:
            return 0.0

        def margin(t: float) -> float:
            return float(self.margin((y + path(t))[np.newaxis])[0])

        low, high = float(path.times[at - 1]), float(path.times[at])
        return high if margin(high) > 0.0 else float(brentq(margin, low, high, xtol=1e-10 * max(high, 1.0)))


def approach(path: DensePath, y: Array, until: float) -> tuple[float, float]:
    """When, before ``until``, and how near a path comes to ``y`` (m,)."""
    last = min(until, float(path.times[-1]))
    times = np.unique(np.concatenate([np.linspace(0.0, last, 2001), path.times[path.times <= last]]))
    far = np.linalg.norm(path.at(times) - y, axis=1)
    at = int(np.argmin(far))
    return float(times[at]), float(far[at])
