"""The clock of SGD, and the times at which a run is saved: the same for simulation and equations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgdode.model.record import Record


@dataclass(frozen=True)
class Clock(Record):
    """t against the number of SGD steps ν, for γ(t) = γ (1 + t/t0)^(−β): dt/dν = γ(t)/(p d).

    ``step_size`` is δt at t = 0; ``power`` β (0: constant, and then t = ν δt exactly); ``scale`` is t0.
    """

    step_size: float
    power: float = 0.0
    scale: float = 1.0

    @property
    def constant(self) -> bool:
        """Whether γ(t) = γ."""
        return self.power == 0

    def time(self, step: NDArray[np.int64] | int) -> NDArray[np.float64]:
        """t of step ν."""
        if self.constant:
            return np.asarray(step * self.step_size, dtype=float)
        b = 1.0 + self.power
        return np.asarray(self.scale * np.expm1(np.log1p(b * self.step_size / self.scale * step) / b))

    def step(self, time: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """ν, not rounded, at time t."""
        if self.constant:
            return np.asarray(time / self.step_size)
        b = 1.0 + self.power
        return np.asarray(np.expm1(b * np.log1p(time / self.scale)) * self.scale / (b * self.step_size))

    def factor(self, time: float) -> float:
        """γ(t)/γ(0)."""
        return 1.0 if self.constant else float((1.0 + time / self.scale) ** -self.power)

    def step_sizes(self, first: int, count: int) -> NDArray[np.float64]:
        """δt_ν = γ(t_ν)/(p d) of the steps ν = first, ..., first + count − 1."""
        if self.constant:
            return np.full(count, self.step_size)
        time = self.time(np.arange(first, first + count))
        return np.asarray(self.step_size * (1.0 + time / self.scale) ** -self.power)


@dataclass(frozen=True)
class Saving(Record):
    """When to save and what: t = 0, then ``points`` values from ``first`` to ``stop``, evenly in
    log t or (``logarithmic`` false) in t; ``names`` of quantities (None: risk and M, and Q while that is small)."""

    first: float
    stop: float
    points: int
    logarithmic: bool = True
    names: tuple[str, ...] | None = None


#: By default Q is saved while its dataset stays below this many bytes.
LARGEST_SAVED_Q = 256 * 2**20


def saved_names(names: tuple[str, ...] | None, p: float, times: int, seeds: int) -> tuple[str, ...]:
    """``names``, or by default risk and M, and Q while its dataset stays below 256 MB."""
    if names is not None:
        return names
    return ("risk", "M", "Q") if p**2 * times * seeds * 8 < LARGEST_SAVED_Q else ("risk", "M")


@dataclass(frozen=True)
class Grid:
    """Saved ``time`` (T,), 0 first, and the SGD ``step`` (T,) of each where p and d are finite."""

    time: NDArray[np.float64]
    step: NDArray[np.int64] | None


def saved_grid(saving: Saving, clock: Clock, finite: bool) -> Grid:
    """The times asked for, each moved to the nearest SGD step where p and d are ``finite``; equal ones dropped."""
    if saving.points == 1:
        wanted = np.array([saving.stop])
    elif saving.logarithmic:
        wanted = np.geomspace(saving.first, saving.stop, saving.points)
    else:
        wanted = np.linspace(saving.first, saving.stop, saving.points)
    wanted[-1] = saving.stop
    if not (finite and np.isfinite(clock.step_size)):
        return Grid(np.concatenate([[0.0], distinct(wanted)]), None)
    steps = np.maximum(1, np.rint(clock.step(wanted))).astype(np.int64)
    steps = np.concatenate([[0], distinct(steps)])
    return Grid(clock.time(steps), steps)


#: The first saved t by default. A solver chooses its first step for a solve until then, whatever is saved.
USUAL_FIRST = 0.01


def first_step_until(clock: Clock, finite: bool) -> float:
    """Until when the first step of a solver is chosen for: the saved time nearest to ``USUAL_FIRST``."""
    return float(saved_grid(Saving(USUAL_FIRST, USUAL_FIRST, 1), clock, finite).time[-1])


def joined(earlier: Grid, longer: Grid) -> Grid:
    """The times of ``earlier``, and those of ``longer`` after them."""
    time, step = earlier.time, earlier.step
    if step is None or longer.step is None:
        return Grid(np.concatenate([time, longer.time[longer.time > time[-1]]]), None)
    after = longer.step > step[-1]
    return Grid(np.concatenate([time, longer.time[after]]), np.concatenate([step, longer.step[after]]))


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """np.unique, in a tenth of its time for values that are all but sorted, and without its import of masked arrays."""
    values = np.sort(values, kind="stable")
    return np.asarray(values[np.append(True, values[1:] != values[:-1])])
