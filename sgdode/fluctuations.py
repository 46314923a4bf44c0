"""How far single runs at finite d lie from the equations: the linear-noise approximation along `full`.

SGD is y ← y + δt (F(y) + noise of covariance Σ(y)) with δt = γ/(pd) small. Its deviations from dy/dt = F(y) are Gaussian to
leading order, of a covariance C(t) that starts at 0 (all runs share one start) and follows

    dC/dt = J C + C Jᵀ + δt(t) Σ(y),   J = ∂F/∂y along the path.

Linear response: neglected are relative corrections of order √C, and the shift of the mean, of order C itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from sgdode.dense_path import DensePath, dense_path
from sgdode.equations import System, unpack
from sgdode.errors import Defect, SpecError
from sgdode.grid import clock
from sgdode.increments import Increments
from sgdode.initial import Start
from sgdode.overlaps import Array
from sgdode.propagation import Generator, Pair, propagate
from sgdode.risk_slope import RiskSlope
from sgdode.spec import Spec

#: Beyond this size of the state J takes hours.
_LARGEST = 2000
#: A standard deviation above this share of the risk is not small.
_LARGE = 0.5
_PATH_RTOL = 1e-8
#: The first step that is tried, as a share of the whole time.
_FIRST_STEP = 1e-3


@dataclass(frozen=True)
class Fluctuations:
    """``curves``: risk_std (T,), Q_std (T,p,p), M_std (T,p,k), and output_weights_std (T,p) where they are trained:
    standard deviations over runs of what has the same name without _std."""

    curves: dict[str, Array]
    warnings: list[str]


def fluctuations(spec: Spec, start: Start, problem: System, times: Array) -> Fluctuations:
    """Predicted standard deviations of single runs at ``times`` (T,), the first of which is t = 0.

    ``problem`` is the system `full` of ``spec`` from ``start``. Raises SpecError where the width is out of reach,
    RunError where the path cannot be followed.
    """
    size = len(problem.y0)
    if size > _LARGEST:
        reason = f"fluctuations of {size} overlaps are out of reach (up to {_LARGEST}); lower it, or turn them off"
        raise SpecError([Defect("", "student.width", reason)])
    path = dense_path(problem.rhs, problem.y0, float(times[-1]), max(_PATH_RTOL, problem.error), spec.integrate.atol)
    noise, ticks = Increments(spec, start), clock(spec)
    difference = min(1e-2, max(1e-5, problem.error**0.5))

    def generator(t: float) -> Pair:
        y = path(t)
        step_size = spec.step_size * ticks.factor(t)
        return Pair(jacobian(problem, t, y, difference), step_size * noise.covariance(t, y))

    with threadpool_limits(1, "blas"):  # small matrices: threads would wait for each other
        curves, risks = _collected(spec, start, path, times, generator)
    return Fluctuations(curves, _warnings(problem.curves(path.at(times))["risk"], risks, times))


def jacobian(problem: System, t: float, y: Array, difference: float) -> Array:
    """∂F/∂y (size,size) by central differences; one-sided where a neighbour has no finite F (a boundary of Ω)."""
    J, size = np.empty((len(y), len(y))), len(y)
    here, above, below = np.empty(size), np.empty(size), np.empty(size)
    problem.rhs(t, y, here)
    for i in range(size):
        h = difference * max(abs(float(y[i])), 0.1)
        for sign, found in ((1.0, above), (-1.0, below)):
            beside = y.copy()
            beside[i] += sign * h
            problem.rhs(t, beside, found)
        sides = [side if np.isfinite(side).all() else here for side in (above, below)]
        width = h * sum(side is not here for side in sides)
        J[:, i] = (sides[0] - sides[1]) / width if width else 0.0
    return J


def _collected(
    spec: Spec, start: Start, path: DensePath, times: Array, generator: Generator
) -> tuple[dict[str, Array], Array]:
    """The curves, and both terms (T,2) of the variance of the risk."""
    p, k = start.overlaps.M.shape
    slope = RiskSlope(spec, start)
    deviations, risks = np.zeros((len(times), len(path.states[0]))), np.zeros((len(times), 2))
    for at, C in enumerate(propagate(generator, times, _FIRST_STEP * float(times[-1]))):
        deviations[at] = np.sqrt(np.maximum(np.diag(C), 0.0))
        if at:
            risks[at] = slope.variance(path(float(times[at])), C)
    Q, M, a = unpack(deviations, p, k)
    curves = {"risk_std": np.sqrt(risks.sum(axis=1)), "M_std": M, "Q_std": Q}
    return curves | ({"output_weights_std": a} if a.shape[1] else {}), risks


def _warnings(risk: Array, risks: Array, times: Array) -> list[str]:
    """Where linear response is not enough, and where the risk moves at second order only."""
    found, total = [], risks.sum(axis=1)
    if (curved := risks[:, 1] > risks[:, 0]).any():
        found.append(
            f"fluctuations: from t = {times[curved][0]:.4g} on (at {curved.sum()} of {len(times)} times) the risk is so "
            "near a minimum that it moves at second order: risk_std there is that of a quadratic form, not of a normal law"
        )
    if (large := np.sqrt(total) > _LARGE * risk)[1:].any():
        found.append(
            f"fluctuations: not small from t = {times[large][0]:.4g} on (at {large.sum()} of {len(times)} times): "
            f"risk_std is above {_LARGE:.0%} of the risk there, and linear response is a guide, not a measure"
        )
    return found
