"""The variance term of polynomial students (Hermite lists, square, linear) of any teacher: a finite sum, exact.

With f_x^{(n)} the derivatives of the polynomials, and lines n_xy ≥ 0 between the fields of a product,
  E[Π_x f_x(λ_x) g(λ_r, λ_s)] = Σ_n Π_{x<y} Ω_xy^{n_xy}/n_xy! Π_x E[f_x^{(n_x)}] E[∂_r^{n_r} ∂_s^{n_s} g],
n_x the lines that end at x (expand each factor in Hermite polynomials). The f_x have few derivatives, so that the sum
ends; g belongs to the teachers alone, so that its averages are constants of the run, by quadrature and integration by
parts (no derivative of g). Nothing is inverted: Ω may be singular. The teachers' fields are whitened in pairs.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sgdode.gaussian.variance.panels import legendre, panels, sampled
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array

_SIX = types.float64(VECTOR, VECTOR, MATRIX, VECTOR, MATRIX)
_FOUR = types.float64[:, :, :, ::1]
_CUBE = types.float64[:, :, ::1]
_COLLINEAR = 1e-14  # of 1 − ρ²: less is round-off
_NODES = (14, 20)  # Gauss–Legendre nodes a panel; the second for the stated error
_REACH = 13.0  # standard deviations: powers of a field weigh far tails
_ROUND_OFF = 1e-12  # of Σ |terms|


def polynomial(unit: Activation) -> Array | None:
    """The Hermite coefficients of a polynomial activation, None of any other."""
    if unit.hermite is not None:
        return np.array(unit.hermite, dtype=float)
    return {"linear": np.array([0.0, 1.0]), "square": np.array([1.0, 0.0, math.sqrt(2.0)])}.get(unit.name)


class Constants(NamedTuple):
    """What the teachers give: ``one`` (k,N): E[∂ⁿ s_r] in x = λ_r/√P_rr; ``two`` (k,k,N,N): E[∂_x^a ∂_y^b s_r s_s]
    for r ≤ s, y what λ_s/√P_ss has beside x, a unit-variance field; ``share`` (3,k,k): 1/√P_rr on the diagonal of the
    first, and the factors of y = first·x + second·λ_s."""

    one: Array
    two: Array
    share: Array


@compiled(_SIX)
def lines(A: Array, B: Array, T: Array, c: Array, room: Array) -> float:
    """The sum over lines of E[f_0 f_1 g(u, w)]: ``A``, ``B`` averages of derivatives of f_0, f_1, ``T`` those of g;
    ``c`` (6,): covariances 01, 0u, 0w, 1u, 1w, uw. ``room`` is as large as T."""
    rows, columns = T.shape
    for u in range(rows):
        for w in range(columns):
            total, factor = 0.0, 1.0
            for n in range(min(rows - u, columns - w)):
                total += factor * T[u + n, w + n]
                factor *= c[5] / (n + 1.0)
                if factor == 0.0:
                    break
            room[u, w] = total
    whole, both = 0.0, 1.0
    for n in range(min(A.size, B.size)):
        first = both
        for a in range(min(A.size - n, rows)):
            second = first
            for b in range(min(A.size - n - a, columns)):
                inner, third = 0.0, 1.0
                for d in range(min(B.size - n, rows - a)):
                    fourth = third
                    for e in range(min(B.size - n - d, columns - b)):
                        inner += fourth * B[n + d + e] * room[a + d, b + e]
                        fourth *= c[4] / (e + 1.0)
                    third *= c[3] / (d + 1.0)
                whole += second * A[n + a + b] * inner
                second *= c[2] / (b + 1.0)
            first *= c[1] / (a + 1.0)
        both *= c[0] / (n + 1.0)
    return whole


@compiled(types.void(VECTOR, types.float64, types.float64, VECTOR))
def _derivatives(series: Array, gain: float, q: float, out: Array) -> None:
    """E[dⁿ/dλⁿ P(gain λ)], (D+1,), for λ ~ N(0, q) and P = Σ c_m h_m.

    E[h_m(√s ξ)] = (s − 1)^{m/2} √m!/(2^{m/2} (m/2)!)."""
    shift = gain * gain * q - 1.0
    for n in range(series.size):
        total, falling = 0.0, 1.0  # √(m!/(m−n)!) E[h_{m−n}]
        for x in range(n):
            falling *= math.sqrt(x + 1.0)
        for m in range(n, series.size, 2):
            total += series[m] * falling
            falling *= math.sqrt((m + 1.0) * (m + 2.0)) * shift / (m - n + 2.0)
        out[n] = gain**n * total


@compiled(
    types.void(MATRIX, VECTOR, types.float64, types.float64, VECTOR, MATRIX, _FOUR, _CUBE, types.boolean, MATRIX),
    nogil=True,
)  # fmt: skip
def polynomial_variance(
    Omega: Array,
    v: Array,
    noise: float,
    gain: float,
    series: Array,
    one: Array,
    two: Array,
    share: Array,
    sizes: bool,
    out: Array,
) -> None:
    """Fill ``out`` (p,p) with V_ij; with ``sizes`` by Σ |terms|, for a bound of round-off."""
    p, n, D = out.shape[0], v.size, series.size
    moments, c = np.empty((p, D)), np.empty(6)
    room = np.empty((max(D, two.shape[2]), max(D, one.shape[1], two.shape[2])))
    for i in range(p):
        _derivatives(series, gain, Omega[i, i], moments[i])
    if sizes:
        moments, Omega, v, one, two = np.abs(moments), np.abs(Omega), np.abs(v), np.abs(one), np.abs(two)
    for i in range(p):
        for j in range(i, p):
            A, B = moments[i, 1:], moments[j, 1:]
            c[:] = 0.0
            c[0] = Omega[i, j]
            total = noise * lines(A, B, np.ones((1, 1)), c, room)
            for b in range(p):
                c[1], c[3] = Omega[i, b], Omega[j, b]
                for d in range(b, p):
                    T = moments[b].reshape(D, 1) * moments[d]
                    c[2], c[4], c[5] = Omega[i, d], Omega[j, d], Omega[b, d]
                    total += v[b] * v[d] * (1.0 if b == d else 2.0) * lines(A, B, T, c, room)
                for r in range(n - p):
                    U = moments[b].reshape(D, 1) * one[r]
                    s = share[0, r, r]
                    c[2], c[4], c[5] = s * Omega[i, p + r], s * Omega[j, p + r], s * Omega[b, p + r]
                    total += 2.0 * v[b] * v[p + r] * lines(A, B, U, c, room)
            c[5] = 0.0
            for r in range(n - p):
                for s in range(r, n - p):
                    c[1], c[3] = share[0, r, r] * Omega[i, p + r], share[0, r, r] * Omega[j, p + r]
                    x, y = share[1, r, s], share[2, r, s]
                    if sizes:
                        x, y = abs(x), abs(y)
                    c[2] = x * c[1] + y * Omega[i, p + s]
                    c[4] = x * c[3] + y * Omega[j, p + s]
                    both = v[p + r] * v[p + s] * (1.0 if r == s else 2.0)
                    total += both * lines(A, B, two[r, s], c, room)
            out[i, j] = total
            out[j, i] = total


def constants(teacher: Activation, P: Array, degree: int, count: int) -> Constants:
    """The constants of teachers with overlaps ``P`` (k,k), for students of a ``degree``; ``count`` nodes a panel."""
    k, N, M = len(P), max(3 * degree - 1, 1), max(2 * degree - 1, 1)
    one, two, share = np.zeros((k, N)), np.zeros((k, k, M, M)), np.zeros((3, k, k))
    root = np.sqrt(np.maximum(np.diag(P), 0.0))
    edges = panels(teacher, float(np.max(root, initial=0.0))).edges
    for r in range(k):
        share[0, r, r] = 1.0 / root[r] if root[r] > 0.0 else 0.0
        x, w = _normal(edges, root[r], count)
        s = sampled(teacher, root[r] * x)[0]
        one[r] = _hermite(x, N) @ (w * s)
        for other in range(r, k):
            size = root[r] * root[other]
            rho = min(max(P[r, other] / size, -1.0), 1.0) if size > 0.0 else 0.0
            left = math.sqrt(1.0 - rho * rho) if r != other and 1.0 - rho * rho > _COLLINEAR else 0.0
            if r == other:
                rho = 1.0
            if left == 0.0:
                G = s * sampled(teacher, root[other] * math.copysign(1.0, rho) * x)[0]
                two[r, other, :, 0] = _hermite(x, M) @ (w * G)
                continue
            two[r, other] = _pair(teacher, (x, w * s), edges, (root[other], rho, left), M, count)
            share[1, r, other] = -rho / left
            share[2, r, other] = 1.0 / (left * root[other]) if root[other] > 0.0 else 0.0
    return Constants(one, two, share)


def _pair(
    teacher: Activation, outer: tuple[Array, Array], edges: Array, field: tuple[float, float, float], M: int, count: int
) -> Array:  # fmt: skip
    """E[s_r(x) s_s(root (ρ x + left y)) h_a h_b] √(a! b!), (M,M): nodes in y with edges where λ_s has its own."""
    (x, w), (root, rho, left) = outer, field
    inner = np.empty((M, len(x)))
    for n, mean in enumerate(rho * x):
        y, wy = _normal((edges - root * mean), root * left, count)
        inner[:, n] = _hermite(y, M) @ (wy * sampled(teacher, root * (mean + left * y))[0])
    found: Array = (_hermite(x, M) * w) @ inner.T
    return found


def _normal(edges: Array, root: float, count: int) -> tuple[Array, Array]:
    """Nodes and weights for E[g(root ξ)], g smooth between ``edges``."""
    inside = edges / root if root > 0.0 else np.empty(0)
    inside = inside[np.abs(inside) < _REACH]
    x, w = legendre(np.unique(np.concatenate([np.arange(-_REACH, _REACH + 0.5), inside])), count)
    return x, w * np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def _hermite(x: Array, count: int) -> Array:
    """He_0 .. He_{count−1} at ``x``, (count, m)."""
    rows = [np.ones_like(x), x]
    for n in range(1, count - 1):
        rows.append(x * rows[n] - n * rows[n - 1])
    return np.array(rows[:count])


class PolynomialStudents:
    """V of polynomial students of any teacher. Raises ValueError where the student is no polynomial."""

    method = "exact sum over a polynomial's terms"

    def __init__(self, student: Activation, teacher: Activation, p: int, k: int):
        series = polynomial(student)
        if series is None:
            raise ValueError(f"{student.name} is no polynomial")
        self.p, self.series, self.gain = p, series, student.gain
        self._constants = lru_cache(8)(
            lambda P, count: constants(teacher, np.frombuffer(P).reshape(k, k), len(series) - 1, count)
        )

    def fill(self, Omega: Array, v: Array, noise: float, out: Array) -> None:
        """Fill ``out`` (p,p) with V_ij for Ω (n,n), v (n,) and Δ."""
        self._fill(Omega, v, noise, _NODES[0], False, out)

    def _fill(self, Omega: Array, v: Array, noise: float, nodes: int, sizes: bool, out: Array) -> None:
        P = np.ascontiguousarray(Omega[self.p :, self.p :])
        one, two, share = self._constants(P.tobytes(), nodes)
        polynomial_variance(Omega, v, noise, self.gain, self.series, one, two, share, sizes, out)

    def error(self, Omega: Array, v: Array, noise: float) -> Array:
        """Bounds (p,p) on |δV_ij|: what a finer rule changes in the teachers' constants, and round-off of Σ |terms|."""
        out, fine, sizes = (np.empty((self.p, self.p)) for _ in range(3))
        self.fill(Omega, v, noise, out)
        self._fill(Omega, v, noise, _NODES[1], False, fine)
        self._fill(Omega, v, noise, _NODES[0], True, sizes)
        bound: Array = 3.0 * np.abs(out - fine) + _ROUND_OFF * sizes
        return bound
