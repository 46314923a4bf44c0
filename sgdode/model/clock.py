"""The clock of SGD, and the times at which a run is saved: the same for simulation and equations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sgdode.spec.schema import Spec


@dataclass(frozen=True)
class Clock:
    """t against the number of SGD steps ν, for γ(t) = γ (1 + t/t0)^(−β): dt/dν = γ(t)/(p d).

    ``step_size`` is δt at t = 0; ``power`` β (0: constant, and then t = ν δt exactly); ``scale`` is t0.
    """

    step_size: float
    power: float = 0.0
    scale: float = 1.0

    def time(self, step: NDArray[np.int64] | int) -> NDArray[np.float64]:
        """t of step ν."""
        if self.power == 0:
            return np.asarray(step * self.step_size, dtype=float)
        b = 1.0 + self.power
        return np.asarray(self.scale * np.expm1(np.log1p(b * self.step_size / self.scale * step) / b))

    def step(self, time: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """ν, not rounded, at time t."""
        if self.power == 0:
            return np.asarray(time / self.step_size)
        b = 1.0 + self.power
        return np.asarray(np.expm1(b * np.log1p(time / self.scale)) * self.scale / (b * self.step_size))

    def factor(self, time: float) -> float:
        """γ(t)/γ(0)."""
        return 1.0 if self.power == 0 else float((1.0 + time / self.scale) ** -self.power)

    def step_sizes(self, first: int, count: int) -> NDArray[np.float64]:
        """δt_ν = γ(t_ν)/(p d) of the steps ν = first, ..., first + count − 1."""
        if self.power == 0:
            return np.full(count, self.step_size)
        time = self.time(np.arange(first, first + count))
        return np.asarray(self.step_size * (1.0 + time / self.scale) ** -self.power)


@dataclass(frozen=True)
class Grid:
    """Saved ``time`` (T,), 0 first, and the SGD ``step`` (T,) of each where p and d are finite."""

    time: NDArray[np.float64]
    step: NDArray[np.int64] | None


def clock(spec: Spec) -> Clock:
    """The clock of a spec."""
    schedule = spec.learning_rate.schedule
    if schedule is None:
        return Clock(spec.step_size)
    return Clock(spec.step_size, schedule.power, schedule.time)


def saved_grid(spec: Spec) -> Grid:
    """t = 0, then ``time.points`` values from start to stop, each moved to the nearest SGD step; equal ones dropped."""
    request = spec.time
    if request.points == 1:
        wanted = np.array([request.stop])
    elif request.spacing == "linear":
        wanted = np.linspace(request.first, request.stop, request.points)
    else:
        wanted = np.geomspace(request.first, request.stop, request.points)
    wanted[-1] = request.stop
    if not (spec.finite and math.isfinite(spec.step_size)):
        return Grid(np.concatenate([[0.0], np.unique(wanted)]), None)
    ticks = clock(spec)
    steps = np.maximum(1, np.rint(ticks.step(wanted))).astype(np.int64)
    steps = np.concatenate([[0], np.unique(steps)])
    return Grid(ticks.time(steps), steps)
