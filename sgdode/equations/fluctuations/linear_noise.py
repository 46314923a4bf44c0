"""How far single runs at finite d lie from the equations: the linear-noise approximation along `full`.

SGD is y ← y + δt (F(y) + noise of covariance Σ(y)) with δt = γ/(pd) small. Its deviations from dy/dt = F(y) are
Gaussian to leading order, of a covariance C(t) that starts at 0 (all runs share one start) and follows

    dC/dt = J C + C Jᵀ + δt(t) Σ(y),   J = ∂F/∂y along the path,

with relative corrections of order √C. At order δt, that of C, the mean of SGD is shifted too: dm/dt = J m + u.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from sgdode.equations.dense_path import DensePath, dense_path
from sgdode.equations.fluctuations.adjoint import Noise, log2_nodes
from sgdode.equations.fluctuations.jacobian import between_knots, jacobian
from sgdode.equations.fluctuations.lyapunov import Affine, propagate
from sgdode.equations.fluctuations.risk_derivatives import RiskSlope
from sgdode.equations.fluctuations.samples import TO_SHOW, judges, sampled_noise
from sgdode.equations.fluctuations.step_noise import Increments
from sgdode.equations.fluctuations.validity import FAILURES, INSTEAD, LinearNoise, holds, lengths, looked_at
from sgdode.equations.system import System
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start
from sgdode.model.state import unpacked

_PATH_RTOL, _ROUGH = 1e-8, 1e-5
#: The first step that is tried, as a share of the whole time.
_FIRST_STEP = 1e-3
#: Directions of less variance than this share of the largest do not bend the mean; the longest step for the others.
_NEGLIGIBLE, _LONGEST_STEP = 1e-4, 0.1


@dataclass(frozen=True)
class Fluctuations:
    """``curves``: risk_std (T,), Q_std (T,p,p), M_std (T,p,k), and output_weights_std (T,p) where they are trained:
    standard deviations over runs of what has the same name without _std; with _shift the shift of its mean; and
    risk_std_valid (T,), 1 where linear noise holds, 0 where these numbers are none of SGD's. ``report``: attributes."""

    curves: dict[str, Array]
    warnings: list[str]
    report: dict[str, float]


def fluctuations(
    problem: Problem, start: Start, system: System, times: Array, atol: float, kind: bool | str = True
) -> Fluctuations:
    """Predicted standard deviations of single runs at ``times`` (T,), the first of which is t = 0.

    ``system`` is `full` of ``problem`` from ``start``. ``kind``: True, by the covariance of all overlaps; "risk", those
    of the risk alone, by an adjoint; "ensemble", of all by the adjoint and samples. Raises RunError where the path
    cannot be followed.
    """
    dense = kind is True
    path = dense_path(system.rhs, system.y0, float(times[-1]), max(_PATH_RTOL if dense else _ROUGH, system.error), atol)
    with threadpool_limits(1, "blas"), np.errstate(all="ignore"):  # threads would wait for each other
        every = looked_at(times)
        if dense:
            moments, error = _collected(problem, start, _LinearFlow(problem, start, system, path), every), None
        else:
            moments, error = _sampled(problem, start, system, path, every, kind)
        states, (p, k) = path.at(every), start.overlaps.M.shape
        valid = holds(every, system.curves(states)["risk"], lengths(states, start.overlaps.P, p), moments)
    saved = np.searchsorted(every, times)
    moments, valid = moments.at(saved), valid[saved]
    if not valid[1:].any():
        return Fluctuations(
            {}, [f"fluctuations: linear noise holds at no time after 0 ({FAILURES}): not saved; {INSTEAD}"], {}
        )
    curves = _curves(moments, valid, p, k)
    if kind == "risk":
        curves = {name: curve for name, curve in curves.items() if name.startswith("risk_std")}
    report = {} if error is None else {"risk_std_error": float(np.max(error[saved][1:][valid[1:]]))}
    return Fluctuations(curves, _noise_warnings(moments, valid, times), report)


def _sampled(
    problem: Problem, start: Start, system: System, path: DensePath, times: Array, kind: bool | str
) -> tuple[LinearNoise, Array]:
    """Without a covariance: see :mod:`sgdode.equations.fluctuations.samples`; and the error of risk_std (T,)."""

    def step_size(t: float) -> float:
        return problem.step_size * problem.clock.factor(t)

    size = path.states.shape[1]
    count = TO_SHOW if kind == "ensemble" else judges(size)
    increments = Increments(problem, start, log2_nodes(size))
    slope = between_knots(jacobian(problem, start, system, forward=True), path, problem.clock.factor)
    noise = Noise(path, slope, increments, step_size)
    try:
        found, error = sampled_noise(noise, RiskSlope(problem, start), times, count)
    except (FloatingPointError, np.linalg.LinAlgError):  # beyond all numbers
        nothing = np.full((len(times), size), np.nan)
        found, error = LinearNoise(nothing, nothing[:, :0], *nothing[:, :4].T), nothing[:, 0]
    return found, error


class _LinearFlow:
    """J, Σ and what moves the mean, along a path."""

    def __init__(self, problem: Problem, start: Start, system: System, path: DensePath):
        self.system, self.path, self.increments = system, path, Increments(problem, start)
        self.step_size, self.factor = problem.step_size, problem.clock.factor
        self.jacobian = jacobian(problem, start, system)
        self.constant = problem.clock.constant
        self.bends: dict[float, tuple[Array, Array]] = {}

    def generator(self, t: float) -> Affine:
        """J and δt Σ."""
        y = self.path(t)
        J = self.jacobian(t, y)
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


def _collected(problem: Problem, start: Start, flow: _LinearFlow, times: Array) -> LinearNoise:
    """The fluctuations of state and risk, as far as they are numbers."""
    slope, size = RiskSlope(problem, start), len(flow.path.states[0])
    deviations, shifts, risks = (np.full((len(times), count), np.nan) for count in (size, size, 4))
    with suppress(FloatingPointError, np.linalg.LinAlgError):  # beyond all numbers from there on
        for at, (C, shift) in enumerate(propagate(flow.generator, flow.source, times, _FIRST_STEP * float(times[-1]))):
            deviations[at], shifts[at] = np.sqrt(np.maximum(np.diag(C), 0.0)), shift
            risks[at] = slope.moments(flow.path(float(times[at])), C, shift) if at else 0.0
    return LinearNoise(deviations, shifts, *risks.T)


def _curves(found: LinearNoise, valid: NDArray[np.bool_], p: int, k: int) -> dict[str, Array]:
    """The curves of a file, which holds no NaN: 0 where there is no number."""
    curves = {"risk_std": found.risk_std, "risk_std_valid": valid.astype(float)}
    shifts = {"shift": found.shifts} if found.shifts.size else {}
    if shifts:
        curves["risk_shift"] = found.moved + found.bent
    for ending, states in {"std": found.deviations, **shifts}.items():
        for name, part in zip(("Q", "M", "output_weights"), unpacked(states, p, k), strict=True):
            if part.size:
                curves[f"{name}_{ending}"] = part
    return {name: np.nan_to_num(curve, posinf=0.0, neginf=0.0) for name, curve in curves.items()}


def _noise_warnings(found: LinearNoise, valid: NDArray[np.bool_], times: Array) -> list[str]:
    """Where linear noise does not hold, and where the risk moves at second order only."""
    told = []
    if (curved := valid & (found.curved > found.linear)).any():
        told.append(
            f"fluctuations: from t = {times[curved][0]:.4g} on (at {curved.sum()} of {len(times)} times) the risk "
            "is so near a minimum that it moves at second order: risk_std is that of a quadratic form, not a normal law"
        )
    if not valid.all():
        told.append(
            f"fluctuations: from t = {times[~valid][0]:.4g} on (at {(~valid).sum()} of {len(times)} times) linear "
            f"noise does not hold ({FAILURES}): no error bars there (risk_std_valid is 0); {INSTEAD}"
        )
    return told
