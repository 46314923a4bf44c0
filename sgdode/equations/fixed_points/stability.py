"""The largest learning rate at which perfect learning is stable."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from sgdode.equations.fixed_points.flow import Flow
from sgdode.equations.fixed_points.flow import flow as flow_of
from sgdode.equations.fixed_points.points import FixedPoint
from sgdode.model.overlaps import Array

#: Shares of the present rate between which the largest is looked for.
_LEAST, _MOST = 1e-6, 1e9


def largest_stable_share(flow: Flow, point: FixedPoint) -> float | None:
    """The largest γ at which ``point``, of no risk, is stable, as a multiple of the γ of the problem; None where it is
    stable at none or at all of them. Directions along which the solutions are many are neutral at every γ.

    Perfect learning without label noise is a stationary point at every γ, and ∂F/∂y there is affine in γ.
    """
    if flow.name != "full" or flow.problem.teacher.noise > 0.0:
        return None
    J0 = flow_of(flow.problem, flow.start, "gradient-flow").jacobian(point.y)[np.ix_(flow.free, flow.free)]
    slope = flow.jacobian(point.y)[np.ix_(flow.free, flow.free)] - J0
    always = flow.neutral if _neutral(J0 + slope, flow.neutral) else 0.0

    def rate(share: float) -> float:
        return _leading(J0 + share * slope, always)

    low = _LEAST
    if rate(low) > 0.0:
        return None
    while rate(2.0 * low) < 0.0:
        low *= 2.0
        if low > _MOST:
            return None
    return float(brentq(rate, low, 2.0 * low, xtol=1e-14 * low, rtol=1e-14))


def _leading(J: Array, neutral: float) -> float:
    """The largest real part of the eigenvalues, but of those that are zero."""
    values = np.linalg.eigvals(J).real
    return float(values[np.abs(values) >= neutral * np.linalg.norm(J, 2)].max(initial=-np.inf))


def _neutral(J: Array, neutral: float) -> bool:
    """Whether eigenvalues are zero."""
    return bool((np.abs(np.linalg.eigvals(J).real) < neutral * np.linalg.norm(J, 2)).any())
