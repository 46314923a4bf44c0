"""∂F/∂y by differences between overlaps that weights can have.

F is not defined, or not smooth, where Ω is not positive semidefinite, and perfect learning lies on that boundary. With
M = A Lᵀ and Q = A Aᵀ + C, C ≥ 0, the numbers of A can change to both sides, those of C by u uᵀ to one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sgdode.model.overlaps import Array, teacher_factor
from sgdode.model.state import packed

if TYPE_CHECKING:
    from sgdode.equations.fixed_points.flow import Flow

#: Steps in a number of A, to both sides, and in C, to one.
_BOTH, _ONE = 1e-5, 1e-4
_NOTHING: Array = np.empty(0)


def jacobian_inside(flow: Flow, y: Array) -> Array:
    """J (m,m) at the state ``y`` (m,), to about 1e-7 of it."""
    Q, M = flow.split(y)
    L = teacher_factor(flow.start.overlaps.P)
    A = M @ L @ np.linalg.inv(L.T @ L)
    C = Q - A @ A.T

    def velocity(A: Array, C: Array) -> Array:
        return flow.velocity(packed(A @ A.T + C, A @ L.T, _NOTHING))

    slopes, directions = [], []
    for at in np.ndindex(A.shape):
        dA = np.zeros(A.shape)
        dA[at] = 1.0
        slopes.append((velocity(A + _BOTH * dA, C) - velocity(A - _BOTH * dA, C)) / (2.0 * _BOTH))
        directions.append(packed(dA @ A.T + A @ dA.T, dA @ L.T, _NOTHING))
    here, still = velocity(A, C), np.zeros(M.shape)
    for i, j in zip(*np.triu_indices(len(Q)), strict=True):
        u = np.zeros(len(Q))
        u[[i, j]] = 1.0
        dC = np.outer(u, u)
        near, far = velocity(A, C + _ONE * dC), velocity(A, C + 2.0 * _ONE * dC)
        slopes.append((4.0 * near - far - 3.0 * here) / (2.0 * _ONE))
        directions.append(packed(dC, still, _NOTHING))
    return np.asarray(np.transpose(slopes) @ np.linalg.pinv(np.transpose(directions)))
