"""Equations of a schedule in samples per dimension α: integrated in α, where t = t(α) may stand still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sgdode.equations.pieces import enter, with_breaks
from sgdode.equations.system import Rhs, System
from sgdode.model.clock import ClockInSamples, Grid, first_step_until
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem


class InSamples:
    """dy/dα = γ(α)/(pB) dy/dt at t(α), which is exact, as a right-hand side; the piece of the schedule that the solver
    is in goes on a little beyond its end."""

    def __init__(self, rhs: Rhs, clock: ClockInSamples):
        self.rhs, self.clock, self.piece = rhs, clock, 0

    def enter(self, samples: float) -> None:
        """A solver begins at α."""
        self.piece = self.clock.schedule.piece(samples)
        enter(self.rhs, float(self.clock.at_samples(samples)))

    def __call__(self, samples: float, y: Array, ydot: Array) -> None:
        time, factor = self.clock.moment(self.piece, samples)
        self.rhs(time, y, ydot)
        ydot *= self.clock.rate * factor


@dataclass(frozen=True)
class Course:
    """What a solver goes along, t or α: the right-hand side, its times with the breaks, which of these are saved ones,
    the breaks, until when the first step is chosen for, and how errors name the variable."""

    rhs: Rhs
    times: Array
    saved: NDArray[np.bool_]
    breaks: Sequence[float]
    hint: float
    name: str


def course_of(problem: Problem, grid: Grid, equations: System) -> Course:
    """The course of a problem on the saved times of ``grid``."""
    clock, breaks = problem.clock, equations.breaks
    hint = first_step_until(clock, problem.finite)
    if not isinstance(clock, ClockInSamples):
        return Course(equations.rhs, *with_breaks(grid.time, breaks), breaks, hint, "t")
    assert grid.samples is not None
    kinks = sorted({*clock.schedule.kinks, *(float(clock.samples_at(t)) for t in breaks)})
    found = with_breaks(grid.samples, kinks)
    return Course(InSamples(equations.rhs, clock), *found, kinks, hint, "samples/d")


def with_rows_at_breaks(course: Course, states: Array) -> Array:
    """The states (T,m) at leading saved times as those of the course; those at its breaks are never looked at."""
    which = np.cumsum(course.saved) - 1
    end = int(np.flatnonzero(course.saved)[len(states) - 1]) + 1
    return np.asarray(states[which[:end]])
