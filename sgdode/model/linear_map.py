"""The linear map 𝓛 of a learning rule as a part of the flow: weight decay and the sphere.

Decay takes 2ω Q and ω M. The sphere then takes from row i of W what would change Q_ii.
"""

from __future__ import annotations

from sgdode.model.learning import LearningRule
from sgdode.model.overlaps import Array


def add_to_sphere(F: Array, N: Array, Omega: Array, decay: float, weight: float, free: Array, square: Array) -> None:
    """Add to ``free`` (p,) and ``square`` (p,) the free change of row i's squared length, w dQ_ii, and the length
    itself, w Q_ii, of a block with the weight w on the sphere."""
    for i in range(len(N)):
        free[i] += weight * (2.0 * (F[i, i] - decay * Omega[i, i]) + N[i, i])
        square[i] += weight * Omega[i, i]


def hold_overlaps(
    F: Array, N: Array, Omega: Array, decay: float, stretch: Array, dQ: Array, dM: Array
) -> None:  # plain loops, which sgdode.jit.formulas compiles
    """Fill dQ (p,p) and dM (p,k) from the drift F = G Ω (p,n) of the rows and the noise N (p,p) of the steps.

    Free, dQ = F + Fᵀ + N and dM = F[:, teacher]; held, less (2ω + s_i + s_j) Q_ij and (ω + s_i) M_ir, with ``stretch``
    s_i = ½ (free change of the squared length)/(squared length) on the sphere, else 0.
    """
    p, n = F.shape
    for i in range(p):
        for j in range(i, p):
            free = F[i, j] + F[j, i] + N[i, j]
            dQ[i, j] = free - (2.0 * decay + stretch[i] + stretch[j]) * Omega[i, j]
            dQ[j, i] = dQ[i, j]
        for c in range(p, n):
            dM[i, c - p] = F[i, c] - (decay + stretch[i]) * Omega[i, c]


def hold_diagonal(rule: LearningRule, dM: Array, dq: Array, M: Array, q: Array, A: Array, into_span: Array) -> None:
    """The same for the mean-field state, in place: dM (p,k), dq (p,) at M (p,k), q = diag Q⊥ (p,), A = M ``into_span``
    (p,r), the coordinates in the teachers' span."""
    if rule.decay:
        dM -= rule.decay * M
        dq -= 2.0 * rule.decay * q
    if rule.spherical:
        stretch = (dq + 2.0 * ((dM @ into_span) * A).sum(axis=1)) / ((A * A).sum(axis=1) + q)
        dM -= 0.5 * stretch[:, None] * M
        dq -= stretch * q
