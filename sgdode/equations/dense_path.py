"""A solution between the times at which it is saved: the solver's own steps, and cubics between them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sgdode.equations.solvers import Rhs, cvode
from sgdode.errors import RunError
from sgdode.model.overlaps import Array


@dataclass(frozen=True)
class DensePath:
    """``times`` (N,), ``states`` (N,size) and dy/dt ``slopes`` (N,size) at the steps of a solver."""

    times: Array
    states: Array
    slopes: Array

    def __call__(self, t: float) -> Array:
        """y (size,) at t, by Hermite's cubic."""
        at = int(np.clip(np.searchsorted(self.times, t, side="right") - 1, 0, len(self.times) - 2))
        h = self.times[at + 1] - self.times[at]
        x = (t - self.times[at]) / h
        y, f = self.states[at : at + 2], h * self.slopes[at : at + 2]
        rise = y[1] - y[0]
        bend = (1 - x) * (f[0] - rise) - x * (f[1] - rise)
        return np.asarray(y[0] + x * (rise + (1 - x) * bend))

    def at(self, times: Array) -> Array:
        """y (T,size) at ``times`` (T,)."""
        return np.stack([self(float(t)) for t in times])


def dense_path(rhs: Rhs, y0: Array, stop: float, rtol: float, atol: float) -> DensePath:
    """The solution from t = 0 to ``stop`` at every step of CVODE. Raises RunError where it cannot go on."""
    solver = cvode(rhs, len(y0), rtol, atol)
    solver.init_step(0.0, y0)
    times, states = [0.0], [np.array(y0)]
    while times[-1] < stop:
        with contextlib.redirect_stdout(io.StringIO()):  # where it prints its errors
            result = solver.step(stop, method="onestep")
        if not result.success:
            raise RunError(f"integrate.fluctuations: CVODE stopped at t = {result.t:.6g}: {result.message}")
        times.append(float(result.t))
        states.append(np.array(result.y))
    return DensePath(np.array(times), np.array(states), _slopes(rhs, times, states))


def _slopes(rhs: Callable[[float, Array, Array], None], times: list[float], states: list[Array]) -> Array:
    slopes = np.empty((len(times), len(states[0])))
    for row, (time, state) in enumerate(zip(times, states, strict=True)):
        rhs(time, state, slopes[row])
    return slopes
