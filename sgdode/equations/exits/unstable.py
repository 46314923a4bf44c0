"""The directions in which a stationary point is left, and the noise of SGD along them.

Near y* a run obeys dy = J (y − y*) dt + √δt Σ^½ dB. Eigenvalues of ∂F/∂y come in multiplets, so that invariant
subspaces are taken and no single eigenvectors: U (m,u) spans that of the growing eigenvalues, L (m,u) is dual to it,
LᵀU = 1, and z = Lᵀ(y − y*) obeys dz = A z dt + √δt LᵀΣ^½ dB with A = LᵀJU. Carried back by e^{−At}, z ends as a normal
vector of covariance S, A S + S Aᵀ = δt LᵀΣL: what a run that starts on the point forgets in its first steps is all that
it is ever moved by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import schur, solve_continuous_lyapunov

from sgdode.equations.fixed_points.flow import Flow
from sgdode.equations.fluctuations.step_noise import Increments
from sgdode.model.overlaps import Array

#: Rates that differ by less than this share of the largest are one.
_ALIKE = 1e-3
#: Sobol nodes for Σ at one point, where they are needed once.
_LOG2_NODES = 17


@dataclass(frozen=True)
class Unstable:
    """At a point ``y`` (m,): its growing directions, ``right`` U and ``left`` L (m,u), ``growth`` A (u,u), and
    ``covariance`` S (u,u); ``rate``: the largest real part r of its eigenvalues, per unit of t."""

    y: Array
    rate: float
    right: Array
    left: Array
    growth: Array
    covariance: Array

    @property
    def single_rate(self) -> bool:
        """Whether all directions grow at one rate, so that lengths follow a law in closed form."""
        values = np.linalg.eigvals(self.growth)
        return bool(np.abs(values - self.rate).max() <= _ALIKE * self.rate)


def unstable(flow: Flow, y: Array, increments: Increments | None = None) -> Unstable | None:
    """The unstable directions of the stationary point ``y`` (m,); None where nothing grows."""
    free = np.flatnonzero(flow.free)
    J = flow.jacobian(y)[np.ix_(free, free)]
    zero = max(flow.neutral, 1e-7) * float(np.linalg.norm(J, 2))
    rate = float(np.linalg.eigvals(J).real.max())
    if not rate > zero:
        return None
    U, L = _growing(J, zero), _growing(J.T, zero)
    L = L @ np.linalg.inv(U.T @ L)
    right, left = np.zeros((len(y), U.shape[1])), np.zeros((len(y), U.shape[1]))
    right[free], left[free] = U, L
    A = L.T @ J @ U
    noise, _ = (increments or Increments(flow.problem, flow.start, _LOG2_NODES))(0.0, y)
    S = solve_continuous_lyapunov(A, flow.problem.step_size * left.T @ noise @ left)
    return Unstable(y, rate, right, left, A, (S + S.T) / 2.0)


def _growing(J: Array, zero: float) -> Array:
    """An orthonormal base of the invariant subspace of eigenvalues of real part above ``zero``."""
    _, vectors, count = schur(J, output="real", sort=lambda real, imaginary: real > zero)
    return np.asarray(vectors[:, :count])
