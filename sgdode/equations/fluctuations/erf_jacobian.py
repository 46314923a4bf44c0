"""∂F/∂y of `full` where students and teachers are erf, in closed form, at the cost of a few F.

With S = vᵀK(T)v at the fields tilted by σ'_i σ'_j, T = Ω − ΩE X, X = (I + EᵀΩE)⁻¹EᵀΩ and E the columns i and j of the
identity, Price's theorem gives dS = Σ_bc H_bc dT_bc with H_bc = v_b v_c K11_bc + δ_bc v_b Σ_e v_e K20_be, hence

    dV_ij = (2/π) det^(−½) ⟨D, dΩ⟩,   D = (I − EX) H (I − EX)ᵀ − ½ (S + Δ) E (I + EᵀΩE)⁻¹ Eᵀ.

Where S is clipped at 0, at perfect learning, the derivatives are those without the clip. The flow F = G Ω is
differentiated term by term.
All gains are 1 here: see :class:`ErfJacobian` for others.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sgdode.gaussian.variance.erf_student import erf_variance
from sgdode.jit.compiling import BLOCKS, MATRIX, REORDER, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.model.learning import closed
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem, student_weights
from sgdode.model.start_laws import Start
from sgdode.model.state import entries

_TWO_OVER_PI = 2.0 / math.pi
_AT = types.intp
Places = NDArray[np.int64]
PLACES = types.int64[:, ::1]


@compiled(types.void(MATRIX, _AT, _AT, VECTOR), error_model="numpy")
def _fold(D: Array, p: int, k: int, row: Array) -> None:
    """From a gradient D (n,n) over the entries of Ω to one over the state: Ω_bc and Ω_cb are one number of it."""
    at = 0
    for i in range(p):
        row[at] = D[i, i]
        at += 1
        for j in range(i + 1, p):
            row[at] = D[i, j] + D[j, i]
            at += 1
    for i in range(p):
        for r in range(p, p + k):
            row[at] = D[i, r] + D[r, i]
            at += 1


@compiled(types.void(MATRIX, VECTOR, VECTOR, MATRIX), error_model="numpy", fastmath=REORDER)
def _price(T: Array, v: Array, d: Array, H: Array) -> None:
    """Fill ``H`` (n,n) with dS = Σ_bc H_bc dT_bc, S = vᵀK(T)v, for a symmetric dT. ``d`` (n,): room."""
    n = v.size
    for b in range(n):
        d[b] = 1.0 + T[b, b]
    for b in range(n):
        one, weight, drag = d[b], _TWO_OVER_PI * v[b], 0.0
        for c in range(n):
            slope = weight * v[c] / math.sqrt(one * d[c] - T[b, c] * T[b, c])
            H[b, c] = slope
            drag += slope * T[b, c]
        H[b, b] -= drag / one


@compiled(types.void(MATRIX, VECTOR, VECTOR, MATRIX, BLOCKS), error_model="numpy")
def _flow_parts(Omega: Array, v: Array, a: Array, G: Array, parts: Array) -> None:
    """Fill G (p,n), and ``parts`` (6,p,n): the derivatives of a_i v_c K11_ic, then of a_i v_c K20_ic, with respect to
    Ω_ii, Ω_cc and Ω_ic."""
    p, n = G.shape
    G[:] = 0.0
    for i in range(p):
        alpha = 1.0 + Omega[i, i]
        for c in range(n):
            beta, o, weight = 1.0 + Omega[c, c], Omega[i, c], a[i] * v[c]
            s = weight * _TWO_OVER_PI / math.sqrt(alpha * beta - o * o)
            cube = s / (alpha * beta - o * o)
            parts[0, i, c] = -0.5 * beta * cube
            parts[1, i, c] = -0.5 * alpha * cube
            parts[2, i, c] = o * cube
            parts[3, i, c] = o * s / alpha**2 + 0.5 * o * beta * cube / alpha
            parts[4, i, c] = 0.5 * o * cube
            parts[5, i, c] = -(s + o * o * cube) / alpha
            G[i, c] += s
            G[i, i] -= s * o / alpha


@compiled(types.void(MATRIX, MATRIX, BLOCKS, PLACES, _AT, MATRIX), error_model="numpy")
def _flow_rows(Omega: Array, G: Array, parts: Array, places: Places, i: int, J: Array) -> None:
    """Add the derivatives of row i of F = G Ω to those of dQ = F + Fᵀ and dM = F. ``places`` (n,n): where in the state
    an entry of Ω is, −1 for those of P."""
    n = G.shape[1]
    for b in range(n):
        row, weight = J[places[i, b]], 2.0 if i == b else 1.0
        own = 0.0
        for c in range(n):
            here = weight * (parts[2, i, c] * Omega[c, b] + parts[5, i, c] * Omega[i, b])
            other = weight * (parts[1, i, c] * Omega[c, b] + parts[4, i, c] * Omega[i, b])
            own += weight * (parts[0, i, c] * Omega[c, b] + parts[3, i, c] * Omega[i, b])
            row[places[i, c]] += here
            if places[c, c] >= 0:
                row[places[c, c]] += other
            if places[c, b] >= 0:
                row[places[c, b]] += weight * G[i, c]
        row[places[i, i]] += own


@compiled(
    types.float64(MATRIX, VECTOR, types.float64, _AT, _AT, MATRIX, MATRIX, BLOCKS),
    error_model="numpy",
    fastmath=REORDER,
)
def _variance_slope(Omega: Array, v: Array, V: float, i: int, j: int, D: Array, X: Array, room: Array) -> float:
    """Fill D (n,n) of V_ij, which is ``V``; the factor (2/π) det^(−½). ``X`` (5,n), ``room`` (2,n,n)."""
    n = v.size
    T, H = room[0], room[1]
    if i == j:  # one column of twice the weight
        det = 1.0 + 2.0 * Omega[i, i]
        first, second, mixed = 2.0 / det, 0.0, 0.0
    else:
        det = (1.0 + Omega[i, i]) * (1.0 + Omega[j, j]) - Omega[i, j] ** 2
        first, second, mixed = (1.0 + Omega[j, j]) / det, (1.0 + Omega[i, i]) / det, -Omega[i, j] / det
    for c in range(n):
        X[0, c] = first * Omega[i, c] + mixed * Omega[j, c]
        X[1, c] = mixed * Omega[i, c] + second * Omega[j, c]
    for b in range(n):
        for c in range(n):
            T[b, c] = Omega[b, c] - Omega[i, b] * X[0, c] - Omega[j, b] * X[1, c]
    _price(T, v, X[4], H)
    factor = _TWO_OVER_PI / math.sqrt(det)
    half = 0.5 * V / factor  # V = factor (S + Δ)
    for row in (0, 1):  # the rows, then the columns, that I − EX changes
        for c in range(n):
            X[2 + row, c] = 0.0
        for b in range(n):
            for c in range(n):
                X[2 + row, c] += X[row, b] * H[b, c]
    D[:] = H
    for c in range(n):
        D[i, c] -= X[2, c]
        D[j, c] -= X[3, c]
    for b in range(n):
        by_i, by_j = 0.0, 0.0
        for c in range(n):
            here = H[b, c] - (X[2, c] if b == i else 0.0) - (X[3, c] if b == j else 0.0)
            by_i += here * X[0, c]
            by_j += here * X[1, c]
        D[b, i] -= by_i
        D[b, j] -= by_j
    D[i, i] -= half * first
    D[j, j] -= half * second
    D[i, j] -= half * mixed
    D[j, i] -= half * mixed
    return factor


@compiled(types.void(MATRIX, VECTOR, VECTOR, *[types.float64] * 2, PLACES, MATRIX), error_model="numpy", nogil=True)
def erf_jacobian(Omega: Array, v: Array, a: Array, noise: float, rate: float, places: Places, J: Array) -> None:
    """Fill J (m,m) of `full` at Ω (n,n), v (n,), a (p,), Δ and γ/(pB), without decay or sphere. ``places`` (n,n): where
    in the state an entry of Ω is."""
    p, n, m = a.size, v.size, len(J)
    G, parts = np.empty((p, n)), np.empty((6, p, n))
    D, X, room, line = np.empty((n, n)), np.empty((5, n)), np.empty((2, n, n)), np.empty(m)
    V = np.empty((p, p))
    erf_variance(Omega, v, noise, 1.0, 1.0, V)
    J[:] = 0.0
    _flow_parts(Omega, v, a, G, parts)
    for i in range(p):
        _flow_rows(Omega, G, parts, places, i, J)
    at = 0
    for i in range(p):
        for j in range(i, p):
            scale = rate * a[i] * a[j] * _variance_slope(Omega, v, V[i, j], i, j, D, X, room)
            _fold(D, p, n - p, line)
            J[at] += scale * line
            at += 1


class ErfJacobian:
    """J (m,m) at states of `full`, for students and teachers erf(g λ/√2) of any gains.

    With fields gλ in place of λ, and g² a in place of a in F, the flow is that of gain 1; J is scaled back.
    ``rate``: what multiplies Ψ(Var) in dQ/dt at t = 0, γ/(pB) where it is None; 0 is gradient flow.
    """

    def __init__(self, problem: Problem, start: Start, rate: float | None = None):
        self.p, self.k = start.overlaps.M.shape
        student, teacher = problem.activations
        gains = np.repeat([student.gain, teacher.gain], [self.p, self.k])
        owners, others = entries(self.p, self.k)
        self.gains, self.scale = gains, gains[owners] * gains[others]
        self.a = student.gain**2 * np.array(problem.rule.feedback or start.a, dtype=float)
        self.v = np.concatenate([problem.rule.share * student_weights(start.a), problem.v_star])
        self.decay = problem.rule.decay * np.where(others < self.p, 2.0, 1.0)
        self.rate = problem.noise_rate if rate is None else rate
        self.factor, self.noise = problem.clock.factor, problem.teacher.noise
        self.places = np.full((self.p + self.k,) * 2, -1)
        self.places[owners, others] = self.places[others, owners] = np.arange(len(owners))
        self.moving = self.places >= 0
        self.entries = self.places[self.moving]
        self.Omega = np.zeros(self.places.shape)
        self.Omega[self.p :, self.p :] = start.overlaps.P
        self.one = bool((gains == 1.0).all())
        self.products, self.ratios = np.outer(gains, gains), self.scale / self.scale[:, np.newaxis]

    @staticmethod
    def serves(problem: Problem) -> bool:
        """Whether J of a problem is of this kind."""
        rule = problem.rule
        flat = closed(rule) and not (rule.trained or rule.spherical)
        return flat and all(unit.name == "erf" for unit in problem.activations)

    def __call__(self, t: float, y: Array) -> Array:
        """∂F/∂y at the state ``y`` (m,) and time t."""
        self.Omega[self.moving] = y[self.entries]
        Omega = self.Omega if self.one else self.Omega * self.products
        J = np.empty((len(y), len(y)))
        erf_jacobian(Omega, self.v, self.a, self.noise, self.rate * self.factor(t), self.places, J)
        if not self.one:
            J *= self.ratios
        J.reshape(-1)[:: len(y) + 1] -= self.decay
        return J
