"""Stationary points followed while a number of the problem changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sgdode.equations.fixed_points.flow import Flow
from sgdode.equations.fixed_points.newton import newton
from sgdode.equations.fixed_points.points import FixedPoint, fixed_point
from sgdode.model.overlaps import Array

#: The smallest step, and how well a change of stability is located, as shares of the range.
_SMALLEST, _LOCATED = 1e-4, 1e-6
#: Overlaps beyond which a branch has gone to infinity; a step that changes a point by more is halved.
_LARGEST, _JUMP = 1e3, 0.3
FlowAt = Callable[[float], Flow]


@dataclass(frozen=True)
class Branch:
    """One point (N,) at ``values`` (N,) of the number that changes, ascending. ``changes``: values at which the number
    of unstable directions changes. ``lost``: where it could not be followed further, below and above (None: it was)."""

    values: Array
    points: tuple[FixedPoint, ...]
    changes: tuple[float, ...]
    lost: tuple[float | None, float | None]


def branch(flow_at: FlowAt, grid: Array, value: float, point: FixedPoint) -> Branch:
    """``point``, which is one at ``value``, at all numbers of the ascending ``grid`` that it can be followed to."""
    span = float(grid[-1] - grid[0]) or 1.0
    below, low = _followed(flow_at, grid[grid < value][::-1], value, point.y, span)
    above, high = _followed(flow_at, grid[grid >= value], value, point.y, span)
    path = [*reversed(below), *above]
    values = np.array([at for at, _ in path])
    points = tuple(fixed_point(flow_at(at), y) for at, y in path)
    changes = [
        _change(flow_at, (one, values[at].item()), (two, values[at + 1].item()), span)
        for at, (one, two) in enumerate(pairwise(points))
        if one.unstable != two.unstable
    ]
    return Branch(values, points, tuple(changes), (low, high))


def branches(flow_at: FlowAt, grid: Array, value: float, points: list[FixedPoint]) -> list[Branch]:
    """The branches through ``points`` at ``value``, each once."""
    found = [branch(flow_at, grid, value, point) for point in points]
    return [one for one in found if len(one.values)]


def _followed(
    flow_at: FlowAt, grid: Array, value: float, y: Array, span: float
) -> tuple[list[tuple[float, Array]], float | None]:
    """The point along ``grid``, and where it was lost."""
    path: list[tuple[float, Array]] = []
    known: list[tuple[float, Array]] = [(value, y)]
    for target in grid.tolist():
        at, step = known[-1][0], target - known[-1][0]
        while at != target:
            there = target if abs(target - at) <= abs(step) else at + step
            found = _next(flow_at, known, there)
            if found is None:
                step /= 2.0
                if abs(step) < _SMALLEST * span:
                    return path, at
                continue
            known = [*known[-1:], (there, found)]
            at = there
        if not path or path[-1][0] != target:
            path.append((target, known[-1][1]))
    return path, None


def _next(flow_at: FlowAt, known: list[tuple[float, Array]], there: float) -> Array | None:
    """The point at ``there``, from a line through the last two; None where there is none near."""
    (at, y), guess = known[-1], known[-1][1]
    if len(known) > 1 and at != known[-2][0]:
        before, former = known[-2]
        guess = y + (y - former) * ((there - at) / (at - before))
    flow = flow_at(there)
    found = newton(flow, guess, _LARGEST)
    if found is None:
        return None
    scale = max(1.0, float(np.abs(y).max()))
    return found if np.abs(found - y).max() <= _JUMP * scale else None


def _change(flow_at: FlowAt, one: tuple[FixedPoint, float], two: tuple[FixedPoint, float], span: float) -> float:
    """Where between two neighbours the number of unstable directions changes, by bisection."""
    (low, a), (high, b) = one, two
    while abs(b - a) > _LOCATED * span:
        middle = 0.5 * (a + b)
        y = newton(flow_at(middle), 0.5 * (low.y + high.y), _LARGEST)
        if y is None:
            break
        point = fixed_point(flow_at(middle), y)
        if point.unstable == low.unstable:
            low, a = point, middle
        else:
            high, b = point, middle
    return 0.5 * (a + b)
