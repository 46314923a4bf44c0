"""Which stationary point a start lies on, or its path passes, before the level."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sgdode.equations.dense_path import DensePath
from sgdode.equations.exits.law import ExitLaw, closed_form, handed_over, sampled_orbits
from sgdode.equations.exits.observable import Observable
from sgdode.equations.exits.orbits import Orbits, approach
from sgdode.equations.exits.unstable import Unstable, unstable
from sgdode.equations.fixed_points.flow import Flow
from sgdode.equations.fixed_points.guesses import students_alike
from sgdode.equations.fixed_points.newton import newton
from sgdode.equations.fixed_points.points import FixedPoint, fixed_point
from sgdode.errors import RunError
from sgdode.model.overlaps import Array

#: A start counts as the point itself where it is nearer than this, and by this share of the noise.
_ON, _SHARE_OF_NOISE = 1e-3, 0.02
#: A path passes a point that it comes nearer to than this share of its length.
_NEAR, _SLOWEST = 0.5, 6


@dataclass(frozen=True)
class Passed:
    """The ``point`` that is left, its unstable directions ``left``, the ``path`` of the equations from the start, and
    when and how near that comes, ``time`` and ``distance``; ``on``: the start is the point."""

    point: FixedPoint
    left: Unstable
    path: DensePath
    time: float
    distance: float
    on: bool


def plateau_of(flow: Flow, stop: float) -> Passed:
    """The unstable point that the start of ``flow`` lies on, or that its path comes nearest to before ``stop``.

    Raises RunError where there is none: the point is stable, or none is near.
    """
    orbits = Orbits(flow, Observable("risk", 1.0))
    path = orbits.path(stop)
    found: list[tuple[float, float, FixedPoint]] = []
    for y in _points(flow, path):
        t, distance = approach(path, y, stop)
        if distance < _NEAR * np.linalg.norm(y):
            found.append((distance, t, fixed_point(flow, y)))
    leaving = [one for one in found if one[2].unstable]
    if not leaving:
        raise RunError(_nothing_to_leave(found, stop))
    distance, t, point = min(leaving, key=lambda one: one[0])
    left = unstable(flow, point.y)
    assert left is not None
    off = np.linalg.norm(left.left.T @ (path.states[0] - point.y))
    noise = math.sqrt(float(np.linalg.eigvalsh(left.covariance)[0]))
    on = bool(np.linalg.norm(path.states[0] - point.y) < _ON and off < _SHARE_OF_NOISE * noise)
    return Passed(point, left, path, 0.0 if on else t, distance, on)


def exit_law(flow: Flow, passed: Passed, observable: Observable) -> ExitLaw:
    """The law of the time at which runs of SGD pass the level of ``observable``."""
    orbits, left = Orbits(flow, observable), passed.left
    if passed.on and left.single_rate:
        return closed_form(orbits, left)
    if passed.on:
        return sampled_orbits(orbits, left, left.y, np.zeros((len(left.y),) * 2), 0.0)
    t_a, C = handed_over(orbits, left, passed.path, passed.time)
    return sampled_orbits(orbits, left, passed.path(t_a), C, t_a)


def _points(flow: Flow, path: DensePath) -> Iterator[Array]:
    """Stationary points by Newton's method from the start, from where the path is slowest, and from students that are
    alike."""
    speed = np.linalg.norm(path.slopes, axis=1)
    least = [at for at in range(1, len(speed) - 1) if speed[at] <= min(speed[at - 1], speed[at + 1])]
    slow = path.states[sorted(least, key=lambda at: speed[at])[:_SLOWEST]]
    for guess in (path.states[0], *slow, *students_alike(flow), path.states[-1]):
        if (y := newton(flow, guess)) is not None:
            yield y


def _nothing_to_leave(found: list[tuple[float, float, FixedPoint]], stop: float) -> str:
    """Why there is no exit."""
    if not found:
        return (
            f"exit: not a plateau: up to t = {stop:g} the equations pass near no stationary point; a longer time.stop, "
            "or a start on one (initial.file: points.h5 of fixed-points) may help"
        )
    _, _, point = min(found, key=lambda one: one[0])
    return (
        f"exit: not a plateau: the {point.name} point of risk {point.risk:.6g} that the equations pass or end on is "
        f"stable, nothing to escape: r = {point.escape_rate:+.4g}"
    )
