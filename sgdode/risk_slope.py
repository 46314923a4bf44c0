"""First and second derivatives of the excess risk in the state (Q, M, a) of the full equations."""

from __future__ import annotations

import numpy as np

from sgdode.equations import unpack
from sgdode.initial import Start
from sgdode.overlaps import Array
from sgdode.pairs import dual
from sgdode.risk import kernels
from sgdode.spec import Spec

_DIFFERENCE = 1e-5


class RiskSlope:
    """∇R and ∇∇R of R = ½ vᵀ K v at packed states: a change of Q_ij is one of Q_ji too.

    ∂R/∂Q_ij = v_i v_j K11_ij, ∂R/∂Q_ii = ½ v_i (Σ_c v_c K20_ic + v_i K11_ii), ∂R/∂M_ir = v_i v_r K11_ir and
    ∂R/∂a_i = −(1/p) Σ_c v_c K_ic (Price's theorem; K20 = 2 ∂K/∂q).
    """

    def __init__(self, spec: Spec, start: Start):
        self.p, self.k = start.overlaps.M.shape
        self.q_star, self.a, self.duals = np.diag(start.overlaps.P).copy(), start.a, kernels(spec)
        self.teacher = np.array(spec.teacher_output_weights) / spec.k
        self.triangle = np.triu_indices(self.p)

    def gradient(self, y: Array) -> Array:
        """∇R (size,) at the state ``y``."""
        Q, M, trained = (part[0] for part in unpack(y[np.newaxis], self.p, self.k))
        v, q = -(trained if len(trained) else self.a) / self.p, np.diag(Q)
        ss, st = dual(self.duals.ss, q, q, Q), dual(self.duals.st, q, self.q_star, M)
        drag = ss[2] @ v + st[2] @ self.teacher
        slope = np.outer(v, v) * ss[1]
        np.fill_diagonal(slope, 0.5 * v * (drag + v * np.diag(ss[1])))
        parts = [slope[self.triangle], (np.outer(v, self.teacher) * st[1]).ravel()]
        if len(trained):
            parts.append(-(ss[0] @ v + st[0] @ self.teacher) / self.p)
        return np.concatenate(parts)

    def curvature(self, y: Array) -> Array:
        """∇∇R (size,size), by differences of ∇R."""
        found = np.empty((len(y), len(y)))
        for i in range(len(y)):
            h = _DIFFERENCE * max(abs(float(y[i])), 0.1)
            up, down = y.copy(), y.copy()
            up[i] += h
            down[i] -= h
            found[i] = (self.gradient(up) - self.gradient(down)) / (2 * h)
        return (found + found.T) / 2

    def variance(self, y: Array, C: Array) -> tuple[float, float]:
        """Var R = ∇Rᵀ C ∇R + ½ tr(∇∇R C ∇∇R C) for Gaussian fluctuations of covariance ``C``: both terms."""
        gradient = self.gradient(y)
        spread = self.curvature(y) @ C
        return max(float(gradient @ C @ gradient), 0.0), max(0.5 * float(np.sum(spread * spread.T)), 0.0)
