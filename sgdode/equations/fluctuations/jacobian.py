"""∂F/∂y of a system along its path: in closed form where there is one, else by differences of its right-hand side."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from sgdode.equations.dense_path import DensePath
from sgdode.equations.fluctuations.erf_jacobian import ErfJacobian
from sgdode.equations.system import System
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start

#: How far the state moves between knots, relative to the largest that it is.
_APART = 0.06
_KEPT_BYTES = 5e8
#: Larger ones are kept, and worked with, in single precision: a percent is asked for.
_DOUBLE_UP_TO = 300
#: J (m,m) at time t and state y (m,).
Jacobian = Callable[[float, Array], Array]
#: Steps to both sides and to one, at least; and at most, where a right-hand side is known to few digits.
_CENTRAL, _FORWARD, _MOST = 1e-5, 1e-6, 1e-2


def jacobian(problem: Problem, start: Start, system: System, forward: bool = False) -> Jacobian:
    """J of ``system``, which is `full` of ``problem`` from ``start``. By differences it costs two right-hand sides a
    number of the state, or one (``forward``), of an error of order 1e-6 or the root of that of the right-hand side."""
    if ErfJacobian.serves(problem):
        return ErfJacobian(problem, start)
    difference = min(_MOST, max(_FORWARD if forward else _CENTRAL, system.error**0.5))
    return lambda t, y: (_forward if forward else central)(system, t, y, difference)


def between_knots(exact: Jacobian, path: DensePath, factor: Callable[[float], float]) -> Jacobian:
    """J on straight lines between knots of the path, which lie where the state, or the ``factor`` of the step size, has
    changed by a few percent; few of many are kept: calls are for times that go one way."""
    knots, kept = [0], [path.states[0], factor(0.0)]
    largest = np.maximum(np.abs(path.states).max(axis=0), 0.1)
    for at, (t, y) in enumerate(zip(path.times, path.states, strict=True)):
        moved = np.max(np.abs(y - kept[0]) / largest), abs(factor(float(t)) / kept[1] - 1.0)
        if max(moved) > _APART or at == len(path.times) - 1:
            knots.append(at)
            kept = [y, factor(float(t))]
    times = path.times[knots]
    many = max(3, int(_KEPT_BYTES / (8 * len(largest) ** 2)))
    kind = np.dtype("d" if len(largest) <= _DOUBLE_UP_TO else "f")

    @lru_cache(many)
    def at_knot(knot: int) -> Array:
        return np.asarray(exact(float(times[knot]), path.states[knots[knot]]), dtype=kind)

    def jacobian_at(t: float, y: Array) -> Array:
        knot = min(max(int(np.searchsorted(times, t)), 1), len(times) - 1)
        J = at_knot(knot) - at_knot(knot - 1)
        J *= (t - times[knot - 1]) / (times[knot] - times[knot - 1])
        J += at_knot(knot - 1)
        return J

    return jacobian_at


def central(system: System, t: float, y: Array, difference: float) -> Array:
    """J (m,m) by central differences, of ``difference`` times each number of the state or a tenth; one-sided where a
    neighbour has no finite F (a boundary of Ω)."""
    J, size = np.empty((len(y), len(y))), len(y)
    here, above, below = np.empty(size), np.empty(size), np.empty(size)
    system.rhs(t, y, here)
    for i in range(size):
        h = difference * max(abs(float(y[i])), 0.1)
        for sign, found in ((1.0, above), (-1.0, below)):
            beside = y.copy()
            beside[i] += sign * h
            system.rhs(t, beside, found)
        sides = [side if np.isfinite(side).all() else here for side in (above, below)]
        width = h * sum(side is not here for side in sides)
        J[:, i] = (sides[0] - sides[1]) / width if width else 0.0
    return J


def _forward(system: System, t: float, y: Array, difference: float) -> Array:
    """By differences to one side: to the other where F is not finite there."""
    J, here, beside = np.empty((len(y), len(y))), np.empty(len(y)), np.empty(len(y))
    system.rhs(t, y, here)
    for i in range(len(y)):
        for h in (1.0, -1.0):
            moved = y.copy()
            moved[i] += h * difference * max(abs(float(y[i])), 0.1)
            system.rhs(t, moved, beside)
            J[:, i] = (beside - here) / (moved[i] - y[i])
            if np.isfinite(beside).all():
                break
        else:
            J[:, i] = 0.0
    return J
