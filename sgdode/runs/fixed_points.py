"""``fixed_points`` as users call it: the stationary points of the equations of a spec, and their branches in a key."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sgdode.equations.fixed_points.continuation import Branch, branches
from sgdode.equations.fixed_points.flow import Flow, flow
from sgdode.equations.fixed_points.points import FixedPoint, is_trap, search
from sgdode.equations.fixed_points.stability import largest_stable_share
from sgdode.equations.validity import plan, right_hand_side_seconds
from sgdode.errors import Defect, RunError, SpecError, UsageError
from sgdode.model.start_laws import start
from sgdode.results.contents import by_dotted_key
from sgdode.runs.engines import Progress
from sgdode.spec.build import build, end_time
from sgdode.spec.checks import located, require
from sgdode.spec.schema import Spec

#: Random guesses: as many as are affordable, and no more than find what is there.
_TRIES, _FEWEST, _AFFORDABLE_SECONDS = 200, 10, 60.0
#: Right-hand sides that one guess takes: per number of the state, where ∂F/∂y is by differences.
_STEPS_A_GUESS = 15


@dataclass(frozen=True)
class Along:
    """A key of the spec and the branches of every point in it."""

    key: str
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class FixedPoints:
    """The stationary points of ``equations``, traps first, then by risk: a search, not a proof that there are no more.

    ``largest_stable_gamma``: the largest learning_rate.gamma at which perfect learning is stable, None where nothing is
    learnt perfectly, or at any rate. ``samples_per_time``: samples per dimension in a unit of t (None: no steps).
    ``flow``: the equations.
    """

    spec: Spec = field(repr=False)
    equations: str
    points: tuple[FixedPoint, ...]
    largest_stable_gamma: float | None
    samples_per_time: float | None
    flow: Flow = field(repr=False)
    along: Along | None = None

    @property
    def traps(self) -> list[FixedPoint]:
        """Stable points above the best risk: learning may end there."""
        return [point for point in self.points if is_trap(point, list(self.points))]

    def summaries(self) -> list[dict[str, Any]]:
        """As JSON takes them: one object a point, then one of the largest stable γ, then one a branch."""
        gamma = {"largest_stable_gamma": self.largest_stable_gamma}
        return [*(point.summary() for point in self.points), gamma, *self._branches()]

    def save(self, path: str | Path) -> Path:
        """Write an HDF5 file of the points and branches. Raises FileError."""
        from sgdode.runs.fixed_points_file import write_points

        return write_points(self, Path(path))

    def _branches(self) -> list[dict[str, Any]]:
        if self.along is None:
            return []
        return [
            {
                "along": self.along.key,
                "value": one.values.tolist(),
                "name": [point.name for point in one.points],
                "risk": [point.risk for point in one.points],
                "escape_rate": [point.escape_rate for point in one.points],
                "unstable": [point.unstable for point in one.points],
                "stability_changes_at": list(one.changes),
                "lost_at": list(one.lost),
            }
            for one in self.along.branches
        ]


@located
def fixed_points(
    spec: Spec,
    *,
    along: tuple[str, Sequence[float]] | None = None,
    tries: int | None = None,
    progress: Progress | None = None,
) -> FixedPoints:
    """The stationary points of the equations of ``spec`` (full, gradient-flow, gradient-flow-noise), by Newton's method
    from the path of the equations, symmetric states, students on teachers and ``tries`` random states (None: up to
    200).

    ``along``: a dotted key and ascending numbers, in which every point is followed. ``progress(done, total)`` counts
    guesses. Raises SpecError for a spec without such points, RunError where none is found.
    """
    require(spec, "integrate")
    problem = build(spec)
    if not math.isfinite(problem.p):
        raise SpecError([Defect("", "student.width", "got inf; fixed points are of a finite width")])
    if not math.isfinite(problem.d) and spec.initial.kind == "gaussian":
        raise SpecError([Defect("", "dimension", "a gaussian start needs a finite d; give one, or another start")])
    flowing = flow(problem, start(problem), plan(problem, spec.integrate.equations).equations)
    tries = _affordable(flowing) if tries is None else tries
    points = search(flowing, end_time(spec), tries, progress)
    if not points:
        raise RunError("fixed-points: Newton's method ended nowhere; a longer time.stop or more --tries may help")
    perfect = next((point for point in points if point.name == "perfect"), None)
    share = None if perfect is None else largest_stable_share(flowing, perfect)
    gamma = None if share is None else share * spec.learning_rate.gamma
    return FixedPoints(
        spec,
        flowing.name,
        tuple(points),
        gamma,
        None if problem.step_size == 0.0 else problem.rule.batch / (problem.step_size * problem.d),
        flowing,
        None if along is None else _along(spec, *along, points, flowing.name),
    )


def _affordable(flowing: Flow) -> int:
    """Random guesses."""
    cost = _STEPS_A_GUESS * right_hand_side_seconds(flowing.problem)
    cost *= 4.0 if flowing.closed else 8.0 * len(flowing.free)
    return min(_TRIES, max(_FEWEST, int(_AFFORDABLE_SECONDS / cost)))


def _along(spec: Spec, key: str, numbers: Sequence[float], points: list[FixedPoint], name: str) -> Along:
    grid = np.unique(np.asarray(numbers, dtype=float))
    value = by_dotted_key(spec.model_dump()).get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(grid).all() or len(grid) < 2:
        raise UsageError(f"--along {key}: must be a key of one real number, such as learning_rate.gamma, and numbers")

    @cache
    def flow_at(number: float) -> Flow:
        problem = build(spec.replace({key: number}))
        return flow(problem, start(problem), name)

    return Along(key, tuple(branches(flow_at, grid, float(value), points)))
