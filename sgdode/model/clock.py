"""The clock of SGD, and the times at which a run is saved: the same for simulation and equations."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgdode.model.record import Record
from sgdode.model.schedule import Schedule


@dataclass(frozen=True)
class Clock(Record):
    """t against the number of SGD steps ν, for γ(t) = γ (1 + t/t0)^(−β): dt/dν = γ(t)/(p d).

    ``step_size`` is δt at t = 0; ``power`` β (0: constant, and then t = ν δt exactly); ``scale`` is t0.
    ``per_step``: B/d, the samples per dimension α of a step (0 at d = ∞); ``rate``: γ/(pB), dt/dα at t = 0.
    """

    step_size: float
    power: float = 0.0
    scale: float = 1.0
    per_step: float = 0.0
    rate: float = 0.0

    #: Whether γ is a function of α, in which equations are integrated then.
    in_samples = False

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

    def at_samples(self, samples: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """t at α samples per dimension, where steps are infinitely small, too."""
        if self.constant:
            return np.asarray(samples * self.rate, dtype=float)
        b = 1.0 + self.power
        return np.asarray(self.scale * np.expm1(np.log1p(b * self.rate / self.scale * samples) / b))

    def samples_at(self, time: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """α at time t."""
        if self.constant:
            return np.asarray(time / self.rate)
        b = 1.0 + self.power
        return np.asarray(np.expm1(b * np.log1p(time / self.scale)) * self.scale / (b * self.rate))

    def factor(self, time: float) -> float:
        """γ(t)/γ(0)."""
        return 1.0 if self.constant else float((1.0 + time / self.scale) ** -self.power)

    def stands_still(self, samples: float, after_start: bool = False) -> float | None:
        """The first α up to ``samples`` (``after_start``: above 0) at which γ is 0; None where it is above 0."""
        return None

    def step_sizes(self, first: int, count: int) -> NDArray[np.float64]:
        """δt_ν = γ(t_ν)/(p d) of the steps ν = first, ..., first + count − 1."""
        if self.constant:
            return np.full(count, self.step_size)
        time = self.time(np.arange(first, first + count))
        return np.asarray(self.step_size * (1.0 + time / self.scale) ** -self.power)


@dataclass(frozen=True)
class ClockInSamples(Clock):
    """The clock of a ``schedule`` of γ in samples per dimension: dt/dα = γ(α)/(pB)."""

    schedule: Schedule = field(kw_only=True)
    latest: list[float] = field(default_factory=lambda: [math.nan, math.nan], compare=False, repr=False)

    in_samples = True

    @property
    def constant(self) -> bool:
        """Never."""
        return False

    def time(self, step: NDArray[np.int64] | int) -> NDArray[np.float64]:
        """t of step ν."""
        return self.at_samples(np.asarray(step * self.per_step, dtype=float))

    def step(self, time: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """ν, not rounded, at time t; infinite where t never comes so far."""
        return np.asarray(self.samples_at(time) / self.per_step)

    def at_samples(self, samples: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """t at α."""
        return self.rate * self.schedule.integral(np.asarray(samples, dtype=float))

    def samples_at(self, time: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """The first α at time t."""
        times = np.asarray(time, dtype=float)
        found = [self.schedule.inverse(float(one) / self.rate) for one in times.reshape(-1)]
        return np.array(found).reshape(times.shape)

    def moment(self, piece: int, samples: float) -> tuple[float, float]:
        """t at α and γ(α)/γ of one piece of the schedule, which :meth:`factor` then knows of this t."""
        found = float(self.at_samples(samples)), self.schedule.factor_of_piece(piece, samples)
        self.latest[:] = found
        return found

    def factor(self, time: float) -> float:
        """γ/γ(0) at time t, by the inverse of t(α) where it is not that of the latest moment."""
        if time == self.latest[0]:
            return self.latest[1]
        samples = self.schedule.inverse(time / self.rate)
        return float(self.schedule.factor(np.array([samples]))[0]) if samples < math.inf else 0.0

    def stands_still(self, samples: float, after_start: bool = False) -> float | None:
        """See :meth:`Clock.stands_still`: between its kinks γ is above 0."""
        for at in (0.0, *(kink for kink in self.schedule.kinks if kink < samples), samples):
            if after_start and at == 0.0:
                continue
            if self.schedule.factor_of_piece(self.schedule.piece(at), at) == 0.0:
                return at
        return None

    def step_sizes(self, first: int, count: int) -> NDArray[np.float64]:
        """δt_ν = γ(νB/d)/(p d) of the steps ν = first, ..., first + count − 1."""
        samples = np.asarray(np.arange(first, first + count) * self.per_step, dtype=float)
        return self.step_size * self.schedule.factor(samples)


@dataclass(frozen=True)
class Saving(Record):
    """When to save and what: t = 0, then ``points`` values from ``first`` to ``stop``, evenly in
    log t or (``logarithmic`` false) in t; ``names`` of quantities (None: risk and M, and Q while that is small).
    ``in_samples``: whether these are α, samples per dimension, in place of t."""

    first: float
    stop: float
    points: int
    logarithmic: bool = True
    names: tuple[str, ...] | None = None
    in_samples: bool = False


#: By default Q is saved while its dataset stays below this many bytes.
LARGEST_SAVED_Q = 256 * 2**20


def saved_names(names: tuple[str, ...] | None, p: float, times: int, seeds: int) -> tuple[str, ...]:
    """``names``, or by default risk and M, and Q while its dataset stays below 256 MB."""
    if names is not None:
        return names
    return ("risk", "M", "Q") if p**2 * times * seeds * 8 < LARGEST_SAVED_Q else ("risk", "M")


@dataclass(frozen=True)
class Grid:
    """Saved ``time`` (T,), 0 first, and the SGD ``step`` (T,) of each where p and d are finite; ``samples`` (T,) per
    dimension where the schedule, or the end of the run, is told in them."""

    time: NDArray[np.float64]
    step: NDArray[np.int64] | None
    samples: NDArray[np.float64] | None = None


def saved_grid(saving: Saving, clock: Clock, finite: bool) -> Grid:
    """The times asked for, each moved to the nearest SGD step where p and d are ``finite``; equal ones dropped."""
    if saving.points == 1:
        wanted = np.array([saving.stop])
    elif saving.logarithmic:
        wanted = np.geomspace(saving.first, saving.stop, saving.points)
    else:
        wanted = np.linspace(saving.first, saving.stop, saving.points)
    wanted[-1] = saving.stop
    if saving.in_samples or clock.in_samples:
        return _grid_in_samples(wanted if saving.in_samples else clock.samples_at(wanted), clock, finite)
    if not (finite and np.isfinite(clock.step_size)):
        return Grid(np.concatenate([[0.0], distinct(wanted)]), None)
    steps = np.maximum(1, np.rint(clock.step(wanted))).astype(np.int64)
    steps = np.concatenate([[0], distinct(steps)])
    return Grid(clock.time(steps), steps)


def _grid_in_samples(samples: NDArray[np.float64], clock: Clock, finite: bool) -> Grid:
    if not finite:
        samples = np.concatenate([[0.0], distinct(samples)])
        return Grid(clock.at_samples(samples), None, samples)
    steps = np.maximum(1, np.rint(samples / clock.per_step)).astype(np.int64)
    steps = np.concatenate([[0], distinct(steps)])
    return Grid(clock.time(steps), steps, np.asarray(steps * clock.per_step, dtype=float))


#: The first saved t by default. A solver chooses its first step for a solve until then, whatever is saved.
USUAL_FIRST = 0.01


def first_step_until(clock: Clock, finite: bool) -> float:
    """Until when the first step of a solver is chosen for: the saved time nearest to ``USUAL_FIRST``, of α where it
    goes by that."""
    if clock.in_samples:
        return USUAL_FIRST
    return float(saved_grid(Saving(USUAL_FIRST, USUAL_FIRST, 1), clock, finite).time[-1])


def joined(earlier: Grid, longer: Grid) -> Grid:
    """The times of ``earlier``, and those of ``longer`` after them."""
    after = longer.time > earlier.time[-1]
    for name in ("samples", "step"):  # t may stand still
        before, later = getattr(earlier, name), getattr(longer, name)
        if before is not None and later is not None:
            after = later > before[-1]
    return Grid(
        *(_appended(getattr(earlier, name), getattr(longer, name), after) for name in ("time", "step", "samples"))
    )


def _appended(before: Any, later: Any, after: NDArray[np.bool_]) -> Any:
    return None if before is None or later is None else np.concatenate([before, later[after]])


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """np.unique, in a tenth of its time for values that are all but sorted, and without its import of masked arrays."""
    values = np.sort(values, kind="stable")
    return np.asarray(values[np.append(True, values[1:] != values[:-1])])
