"""How far single runs at finite d lie from the equations: the linear-noise approximation along `full`.

SGD is y ← y + δt (F(y) + noise of covariance Σ(y)) with δt = γ/(pd) small. Its deviations from dy/dt = F(y) are
Gaussian to leading order, of a covariance C(t) that starts at 0 (all runs share one start) and follows

    dC/dt = J C + C Jᵀ + δt(t) Σ(y),   J = ∂F/∂y along the path,

with relative corrections of order √C. At order δt, that of C, the mean of SGD is shifted too: dm/dt = J m + u.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from sgdode.equations.dense_path import DensePath, dense_path
from sgdode.equations.fluctuations.lyapunov import Affine, propagate
from sgdode.equations.fluctuations.risk_derivatives import RiskSlope
from sgdode.equations.fluctuations.step_noise import Increments
from sgdode.equations.system import System
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start
from sgdode.model.state import unpacked

#: A standard deviation above this share of the risk is not small.
_LARGE = 0.5
_PATH_RTOL = 1e-8
#: The first step that is tried, as a share of the whole time.
_FIRST_STEP = 1e-3
#: Directions of less variance than this share of the largest do not bend the mean; the longest step for the others.
_NEGLIGIBLE, _LONGEST_STEP = 1e-4, 0.1


@dataclass(frozen=True)
class Fluctuations:
    """``curves``: risk_std (T,), Q_std (T,p,p), M_std (T,p,k), and output_weights_std (T,p) where they are trained:
    standard deviations over runs of what has the same name without _std; with _shift the shift of its mean."""

    curves: dict[str, Array]
    warnings: list[str]


def fluctuations(problem: Problem, start: Start, system: System, times: Array, atol: float) -> Fluctuations:
    """Predicted standard deviations of single runs at ``times`` (T,), the first of which is t = 0.

    ``system`` is `full` of ``problem`` from ``start``. Raises RunError where the path
    cannot be followed.
    """
    path = dense_path(system.rhs, system.y0, float(times[-1]), max(_PATH_RTOL, system.error), atol)
    flow = _LinearFlow(problem, start, system, path)
    with threadpool_limits(1, "blas"), np.errstate(all="ignore"):  # threads would wait for each other
        try:
            curves, risks = _collected(problem, start, flow, times)
        except (FloatingPointError, np.linalg.LinAlgError):
            curves = {"risk_std": np.array([np.nan])}
    if not all(np.isfinite(curve).all() for curve in curves.values()):
        return Fluctuations({}, ["fluctuations: they grow beyond all numbers, far from linear response: not saved"])
    if (beyond := _beyond(curves, path.at(times))).any():
        reason = f"from t = {times[beyond][0]:.4g} on they exceed the overlaps themselves, far from linear response"
        return Fluctuations({}, [f"fluctuations: {reason}: not saved; a time.stop before that keeps them"])
    return Fluctuations(curves, _noise_warnings(system.curves(path.at(times))["risk"], risks, times))


def _beyond(curves: dict[str, Array], states: Array) -> NDArray[np.bool_]:
    """Where (T,) a standard deviation or shift is larger than the largest entry of the state (T,size)."""
    largest = [
        np.abs(curve).reshape(len(states), -1).max(axis=1) for name, curve in curves.items() if "risk" not in name
    ]
    return np.asarray(np.max(largest, axis=0) > np.abs(states).max(axis=1))


class _LinearFlow:
    """J, Σ and what moves the mean, along a path."""

    def __init__(self, problem: Problem, start: Start, system: System, path: DensePath):
        self.system, self.path, self.increments = system, path, Increments(problem, start)
        self.step_size, self.factor = problem.step_size, problem.clock.factor
        self.difference = min(1e-2, max(1e-5, system.error**0.5))
        self.constant = problem.clock.constant
        self.bends: dict[float, tuple[Array, Array]] = {}

    def generator(self, t: float) -> Affine:
        """J and δt Σ."""
        y = self.path(t)
        J = jacobian(self.system, t, y, self.difference)
        covariance, bend = self.increments(t, y)
        self.bends[t] = J, bend
        return Affine(J, self.step_size * self.factor(t) * covariance)

    def source(self, t: float, C: Array) -> Array:
        """u of dm/dt = J m + u, the shift of the mean of SGD at order δt:

        u = ½ F'':C + δt (b − ½ (J F + ∂F/∂t)) − ½ δt' F: curvature, the mean of a step at second order, and a step
        against the flow over its time (where δt falls with t, so does the time of the next step).
        """
        J, bend = self.bends[t]
        y, step_size = self.path(t), self.step_size * self.factor(t)
        F = self._rhs(t, y)
        found = step_size * (bend - 0.5 * J @ F) + self._curvature(t, y, C, F)
        if not self.constant:
            h = 1e-4 * (1.0 + t)
            later, earlier = t + h, max(t - h, 0.0)
            slope = (self._rhs(later, y) - self._rhs(earlier, y)) / (later - earlier)
            slowing = self.step_size * (self.factor(later) - self.factor(earlier)) / (later - earlier)
            found -= 0.5 * (step_size * slope + slowing * F)
        return found

    def _rhs(self, t: float, y: Array) -> Array:
        ydot = np.empty(len(y))
        self.system.rhs(t, y, ydot)
        return ydot

    def _curvature(self, t: float, y: Array, C: Array, F: Array) -> Array:
        """½ F'':C from F one standard deviation to both sides, along the axes of C."""
        values, vectors = np.linalg.eigh(C)
        found = np.zeros(len(y))
        for value, direction in zip(values, vectors.T, strict=True):
            if value > _NEGLIGIBLE * values[-1] and value > 0:
                step = min(value**0.5, _LONGEST_STEP)
                bent = self._rhs(t, y + step * direction) + self._rhs(t, y - step * direction) - 2.0 * F
                if np.isfinite(bent).all():
                    found += 0.5 * bent * value / step**2
        return found


def jacobian(system: System, t: float, y: Array, difference: float) -> Array:
    """∂F/∂y (size,size) by central differences; one-sided where a neighbour has no finite F (a boundary of Ω)."""
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


def _collected(problem: Problem, start: Start, flow: _LinearFlow, times: Array) -> tuple[dict[str, Array], Array]:
    """The curves, and both terms (T,2) of the variance of the risk."""
    p, k = start.overlaps.M.shape
    slope, size = RiskSlope(problem, start), len(flow.path.states[0])
    deviations, shifts, risks = np.zeros((len(times), size)), np.zeros((len(times), size)), np.zeros((len(times), 3))
    for at, (C, shift) in enumerate(propagate(flow.generator, flow.source, times, _FIRST_STEP * float(times[-1]))):
        deviations[at], shifts[at] = np.sqrt(np.maximum(np.diag(C), 0.0)), shift
        if at:
            risks[at] = slope.moments(flow.path(float(times[at])), C, shift)
    curves = {"risk_std": np.sqrt(risks[:, :2].sum(axis=1)), "risk_shift": risks[:, 2]}
    for ending, states in (("std", deviations), ("shift", shifts)):
        for name, part in zip(("Q", "M", "output_weights"), unpacked(states, p, k), strict=True):
            if part.size:
                curves[f"{name}_{ending}"] = part
    return curves, risks[:, :2]


def _noise_warnings(risk: Array, risks: Array, times: Array) -> list[str]:
    """Where linear response is not enough, and where the risk moves at second order only."""
    found, total = [], risks.sum(axis=1)
    if (curved := risks[:, 1] > risks[:, 0]).any():
        found.append(
            f"fluctuations: from t = {times[curved][0]:.4g} on (at {curved.sum()} of {len(times)} times) the risk "
            "is so near a minimum that it moves at second order: risk_std is that of a quadratic form, not a normal law"
        )
    if (large := np.sqrt(total) > _LARGE * risk)[1:].any():
        found.append(
            f"fluctuations: not small from t = {times[large][0]:.4g} on (at {large.sum()} of {len(times)} times): "
            f"risk_std is above {_LARGE:.0%} of the risk there, and linear response is a guide, not a measure"
        )
    return found
