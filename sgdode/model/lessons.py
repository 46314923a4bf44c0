"""Teachers that change in time: which of them teach from when, and how they turn or drift.

All that ever teaches are the rows of one fixed frame, w*_r, r = 1, ..., k, and overlaps are those with the frame. A
lesson is a stretch of time in which some rows teach, y their mean; so the others have a* = 0, and all else is as if
there were no lessons. A rotation turns two rows in their plane, R(t); fields follow, λ* = R(t) W* x.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array
from sgdode.model.record import Record

#: Times this close, relative to them, are the same.
_SAME = 1e-12


@dataclass(frozen=True, eq=False)
class Lesson(Record):
    """From t = ``start`` on, the rows with ``a`` (k,) other than 0 teach, with the activation and the variance
    ``noise`` of the label noise. ``task``: which of the tasks this is (one may come back)."""

    start: float
    task: int
    activation: Activation
    a: Array
    noise: float


@dataclass(frozen=True)
class Rotation(Record):
    """w*_r(t) = cos(ωt) w*_r + sin(ωt) w*_s, w*_s(t) = −sin(ωt) w*_r + cos(ωt) w*_s, with ``rate`` ω and rows r, s."""

    rate: float
    first: int
    second: int

    def matrix(self, t: float, k: int) -> Array:
        """R(t) (k,k)."""
        R, (c, s) = np.eye(k), (math.cos(self.rate * t), math.sin(self.rate * t))
        R[self.first, self.first] = R[self.second, self.second] = c
        R[self.first, self.second], R[self.second, self.first] = s, -s
        return R


def active(lessons: tuple[Lesson, ...], t: float) -> int:
    """The index of the lesson at time t: the last that has begun."""
    return max(0, sum(lesson.start <= t * (1.0 + _SAME) for lesson in lessons) - 1)


def switches(lessons: tuple[Lesson, ...]) -> tuple[float, ...]:
    """The times after 0 at which a lesson begins."""
    return tuple(lesson.start for lesson in lessons if lesson.start > 0)


def distinct_tasks(lessons: tuple[Lesson, ...]) -> list[Lesson]:
    """One lesson of every task, in their order."""
    return [next(lesson for lesson in lessons if lesson.task == task) for task in sorted({one.task for one in lessons})]
