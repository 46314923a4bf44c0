"""The variance term of students that are sums of ramps (relu, leaky-relu, softplus, gelu) with any named teacher.

The sums of :mod:`expansions` turn E[σ'_i σ'_j s_b s_c] into averages over wedges of at most four fields, all closed
(:mod:`wedge`, :mod:`four_ramps`); the bound of the sums is uniform in the fields, so that it holds at every Ω.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from sgdode.gaussian.polynomials import low_degree
from sgdode.gaussian.variance.expansions import FactorSum, Whole, expansion, factor_products, merged
from sgdode.gaussian.variance.wedge_sum import Terms, second_moments, wedge_variance
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array

#: Products of less weight than this are left out of a sum of sums; and where the error of that is measured.
TOLERANCE, _FINE = 1.6e-8, 1e-10
_FLAG = np.zeros(1, bool)
_ONE = FactorSum(_FLAG, np.zeros(1), _FLAG, np.ones((1, 1)), np.ones((1, 1)), np.ones(1))
#: Round-off, of Σ |terms|: of smooth units, by √(g²q) more; of steps without noise; of smooth units that are as good as
#: those; of steps whose fields are nearly collinear.
_ROUND_OFF, _STEPS, _STEEP, _COLLINEAR = 1e-13, 1e-11, 6e-10, 3e-8
#: Noise of less than this share of g²q is none.
_THIN = 1e-6
_RAMPS = ("relu", "leaky-relu", "softplus", "gelu")


def holds_for(student: Activation, teacher: Activation) -> bool:
    """Whether :class:`WedgeSum` is for these activations: the student a sum of ramps, the teacher any named one."""
    return (
        student.name in _RAMPS and (teacher.hermite is None or low_degree(teacher)) and expansion(teacher) is not None
    )


class WedgeSum:
    """V of students and teachers by :func:`wedge_variance`, with its products listed.

    Raises ValueError where an activation has no expansion.
    """

    def __init__(self, student: Activation, teacher: Activation, p: int, k: int, tolerance: float = TOLERANCE):
        found = [expansion(student), expansion(teacher), _ONE]
        self.kinds = [one for one in found if one is not None]
        if len(self.kinds) < 3:
            raise ValueError(f"no sum of steps, ramps and powers is known of {student.name} or {teacher.name}")
        self.units, self.p = (student, teacher, p, k), p
        self.gain = np.array([student.gain] * p + [teacher.gain] * k)
        self.terms = _terms(self.kinds)
        self.lists = _lists(self.kinds, (self.kinds[0], self.kinds[0]), tolerance)
        self.method = "closed form, steps and ramps"
        if len(self.lists[1]) > 1000:
            self.method += f" with noise, products of weight {tolerance:g}"

    @property
    def products(self) -> int:
        """How many products of four terms one V is a sum of."""
        p, k = self.p, len(self.gain) - self.p
        sizes = np.diff(self.lists[2]).reshape(4, 2, 2)  # [kinds of b and c, b = c, i = j]
        outer = np.array([p * (p - 1) // 2, p])
        inner = np.array([[p * (p - 1) // 2, p], [p * k, 0], [k * (k - 1) // 2, k], [1, 0]])
        return int(np.einsum("abc,ab,c->", sizes, inner, outer))

    def fill(self, Omega: Array, v: Array, noise: float, out: Array) -> None:
        """Fill ``out`` (p,p) with V_ij for Ω (n,n), v (n,) and Δ."""
        table, weight, starts = self.lists
        wedge_variance(Omega, v, noise, self.gain, self.kinds[0].bump, self.terms, table, weight, starts, out)

    def error(self, Omega: Array, v: Array, noise: float) -> Array:
        """Bounds (p,p) on |δV_ij| at this state.

        Three parts: products that were left out, by a finer sum; with ε and ε' the errors of s and s',
        |δσ'_i| σ'_j E² ≤ ε' g_i √(V_jj E[E²]) and σ'_i σ'_j 2|E δE| ≤ 2 ε Σ|v| √(V_ii E[σ'_j²]) by Cauchy–Schwarz;
        and round-off of Σ |terms|.
        """
        out, fine, K = (np.empty((size, size)) for size in (self.p, self.p, len(v)))
        self.fill(Omega, v, noise, out)
        self._fine.fill(Omega, v, noise, fine)
        table, weight, starts = self._moments
        second_moments(Omega, self.gain, self.p, self.terms, table, weight, starts, K)
        slope = self.gain[: self.p] * (1.13 if self.kinds[0].bump else 1.0)  # the largest σ'
        left, (_, slopes) = self._displacement(v), self.kinds[0].error
        spread, size = np.sqrt(np.maximum(np.diag(fine), 0.0)), math.sqrt(max(float(v @ K @ v), 0.0) + noise)
        one = np.outer(self.gain[: self.p] * slopes * size + 2.0 * left * slope, spread)
        whole = np.abs(v) @ np.sqrt(np.maximum(np.diag(K), 0.0))
        rounding = self._round_off(Omega) * (whole**2 + noise) * np.outer(slope, slope)
        bound: Array = 2.0 * np.abs(out - fine) + one + one.T + rounding
        return bound

    def _displacement(self, v: Array) -> float:
        """The largest error of E."""
        student, teacher = (one.error[0] for one in self.kinds[:2])
        return float(student * np.abs(v[: self.p]).sum() + teacher * np.abs(v[self.p :]).sum())

    def _round_off(self, Omega: Array) -> float:
        x = self.gain**2 * np.diag(Omega)
        largest = float(np.max(x[: self.p])), float(np.max(x[self.p :]))
        sharp = [
            bool(np.any(one.step & (one.tau <= _THIN * most))) for one, most in zip(self.kinds, largest, strict=False)
        ]
        if not any(sharp):
            return min(_ROUND_OFF * (1.0 + math.sqrt(float(np.max(x)))), _STEEP)
        fields = np.repeat(sharp, [self.p, len(Omega) - self.p])
        root = np.sqrt(np.maximum(np.diag(Omega), 1e-300))
        gap = 1.0 - np.abs(Omega / np.outer(root, root))[np.ix_(fields, fields)]
        near = (np.abs(gap) > 1e-15) & (gap < 1e-11)
        pairs = zip(self.kinds[:2], largest, strict=True)
        thin = any(bool(np.any(one.step & (one.tau > 0.0) & (one.tau <= _THIN * most))) for one, most in pairs)
        return _COLLINEAR if bool(near.any()) else _STEEP if thin else _STEPS

    @cached_property
    def _fine(self) -> WedgeSum:
        return WedgeSum(*self.units, tolerance=_FINE)

    @cached_property
    def _moments(self) -> tuple[Whole, Array, Whole]:
        return _lists(self.kinds, (_ONE, _ONE), 0.0)


def _terms(kinds: list[FactorSum]) -> Terms:
    count, degree = max(len(one.step) for one in kinds), max(one.powers.shape[1] for one in kinds)
    step, noisy, top = (np.zeros((len(kinds), count), np.int64) for _ in range(3))
    tau, powers = np.zeros((len(kinds), count)), np.zeros((len(kinds), count, degree))
    for row, one in enumerate(kinds):
        size = len(one.step)
        step[row, :size], noisy[row, :size], tau[row, :size] = one.step, one.noisy, one.tau
        powers[row, :size, : one.powers.shape[1]] = one.powers
        top[row, :size] = one.powers.shape[1] - 1
    return Terms(step, noisy, top, tau, powers)


def _lists(
    kinds: list[FactorSum], outer_pair: tuple[FactorSum, FactorSum], tolerance: float
) -> tuple[Whole, Array, Whole]:
    """The products of :func:`wedge_variance`: its ``table``, ``weight`` and ``starts``."""
    tables, weights, starts = [], [], [0]
    student, teacher, nothing = kinds
    for pair in ((student, student), (student, teacher), (teacher, teacher), (nothing, nothing)):
        table, weight = factor_products([*outer_pair, *pair], tolerance)
        for inner in (False, True):
            for outer in (False, True):
                few, sums = merged(table, weight, outer, inner and pair[0] is pair[1])
                tables.append(few)
                weights.append(sums)
                starts.append(starts[-1] + len(sums))
    return np.ascontiguousarray(np.concatenate(tables)), np.concatenate(weights), np.array(starts, np.int64)
