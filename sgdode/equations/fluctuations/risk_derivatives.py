"""The fluctuations of the excess risk from those of the state (Q, M, a) of the full equations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sgdode.gaussian.risk import kernels
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.jit.formulas import pack, student_weights, unpack
from sgdode.jit.pairs import PAIR, Pair, fill
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start

_DIFFERENCE = 1e-6
#: Directions of less variance than this share of the largest do not move the second-order term.
_NEGLIGIBLE = 1e-3


@compiled(types.void(VECTOR, VECTOR, VECTOR, VECTOR, PAIR, PAIR, VECTOR), error_model="numpy")
def _risk_gradient(y: Array, a: Array, v_star: Array, q_star: Array, ss_pair: Pair, st_pair: Pair, out: Array) -> None:
    p, k = a.size, v_star.size
    Q, M, weights = np.empty((p, p)), np.empty((p, k)), a.copy()
    unpack(y, Q, M, weights)
    v = student_weights(weights)
    q, ss, st = np.diag(Q).copy(), np.empty((3, p, p)), np.empty((3, p, k))
    fill(ss_pair, q, q, Q, ss)
    fill(st_pair, q, q_star, M, st)
    by_Q, by_M, by_a = np.empty((p, p)), np.empty((p, k)), np.empty(out.size - p * (p + 1) // 2 - p * k)
    for i in range(p):
        drag = np.dot(ss[2, i], v) + np.dot(st[2, i], v_star)
        by_Q[i, i] = 0.5 * v[i] * (drag + v[i] * ss[1, i, i])
        for j in range(i + 1, p):
            by_Q[i, j] = v[i] * v[j] * ss[1, i, j]
        for r in range(k):
            by_M[i, r] = v[i] * v_star[r] * st[1, i, r]
    for i in range(by_a.size):
        by_a[i] = -(np.dot(ss[0, i], v) + np.dot(st[0, i], v_star)) / p
    pack(by_Q, by_M, by_a, out)


@compiled(types.void(VECTOR, MATRIX, VECTOR, VECTOR, VECTOR, PAIR, PAIR, MATRIX), error_model="numpy")
def _turns(
    y: Array, directions: Array, a: Array, v_star: Array, q_star: Array, ss_pair: Pair, st_pair: Pair, out: Array
) -> None:
    """Fill row i with ∇∇R times the unit vector directions[i], by differences of ∇R."""
    up, down = np.empty(y.size), np.empty(y.size)
    for i in range(len(directions)):
        step = _DIFFERENCE * directions[i]
        _risk_gradient(y + step, a, v_star, q_star, ss_pair, st_pair, up)
        _risk_gradient(y - step, a, v_star, q_star, ss_pair, st_pair, down)
        for m in range(y.size):
            out[i, m] = (up[m] - down[m]) / (2.0 * _DIFFERENCE)


class RiskMoments(NamedTuple):
    """Both terms of Var R = ∇Rᵀ C ∇R + ½ tr(∇∇R C ∇∇R C), and of the shift of its mean, ∇R·shift + ½ tr(∇∇R C)."""

    linear: float
    curved: float
    moved: float
    bent: float


class RiskSlope:
    """Derivatives of R = ½ vᵀ K v at packed states: a change of Q_ij is one of Q_ji too.

    ∂R/∂Q_ij = v_i v_j K11_ij, ∂R/∂Q_ii = ½ v_i (Σ_c v_c K20_ic + v_i K11_ii), ∂R/∂M_ir = v_i v_r K11_ir and
    ∂R/∂a_i = −(1/p) Σ_c v_c K_ic (Price's theorem; K20 = 2 ∂K/∂q).
    """

    def __init__(self, problem: Problem, start: Start):
        self.duals = kernels(*problem.activations)
        teacher = problem.v_star
        a, q_star = np.array(start.a, dtype=float), np.diag(start.overlaps.P).copy()
        self.parameters = a, teacher, q_star, self.duals.ss, self.duals.st

    def gradient(self, y: Array) -> Array:
        """∇R (size,) at the state ``y``."""
        found = np.empty(len(y))
        _risk_gradient(y, *self.parameters, found)
        return found

    def moments(self, y: Array, C: Array, shift: Array) -> RiskMoments:
        """For Gaussian fluctuations of covariance ``C`` (size,size) about a mean moved by ``shift`` (size,)."""
        gradient = self.gradient(y)
        values, vectors = np.linalg.eigh(C)
        kept = values > _NEGLIGIBLE * max(values[-1], 0.0)
        directions = np.ascontiguousarray(vectors[:, kept].T)
        bent, scale = np.empty_like(directions), np.sqrt(values[kept])
        _turns(y, directions, *self.parameters, bent)
        curvature = scale[:, np.newaxis] * (bent @ directions.T) * scale
        linear, curved = max(float(gradient @ C @ gradient), 0.0), 0.5 * float(np.sum(curvature * curvature.T))
        return RiskMoments(linear, curved, float(gradient @ shift), 0.5 * float(np.trace(curvature)))

    def sampled(self, y: Array, D: Array) -> tuple[float, float]:
        """½ tr(∇∇R C ∇∇R C) and ½ tr(∇∇R C) from samples ``D`` (size,N) of covariance C."""
        count, length = D.shape[1], np.maximum(np.linalg.norm(D, axis=0), 1e-300)
        bent = np.empty((count, len(y)))
        _turns(y, np.ascontiguousarray((D / length).T), *self.parameters, bent)
        forms = length[:, np.newaxis] * (bent @ D)
        own = np.diag(forms)
        pairs = float(np.sum(forms * forms.T) - np.sum(own * own))  # of different samples: without bias
        return 0.5 * max(pairs, 0.0) / (count * (count - 1)), 0.5 * float(np.mean(own))
