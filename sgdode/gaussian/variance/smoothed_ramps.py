"""The variance term of students that are sums of ramps (relu, leaky-relu, softplus, gelu) with any named teacher.

The sums of :mod:`expansions` turn E[σ'_i σ'_j s_b s_c] into averages over wedges of at most four fields, all closed
(:mod:`wedge`, :mod:`four_ramps`); the bound of the sums is uniform in the fields, so that it holds at every Ω.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sgdode.gaussian.variance.expansions import Expansion, expansion, merged, products
from sgdode.gaussian.variance.wedge_sum import Terms, wedge_variance
from sgdode.jit.units import Unit
from sgdode.model.overlaps import Array

#: Products of less weight than this are left out of a sum of sums.
TOLERANCE = 1e-8
_NOTHING = Expansion(*(np.zeros(1) for _ in range(3)), np.ones((1, 1)), np.ones((1, 1)), np.ones(1))


class WedgeSum:
    """V of students and teachers by :func:`wedge_variance`, with its products listed."""

    def __init__(self, student: Unit, teacher: Unit, p: int, k: int, tolerance: float = TOLERANCE):
        kinds = [expansion(student), expansion(teacher), _NOTHING]
        self.gain = np.array([student.gain] * p + [teacher.gain] * k)
        self.bump = kinds[0].bump
        self.terms = _terms(kinds)
        self.table, self.weight, self.starts = _lists(kinds, tolerance)

    def fill(self, Omega: Array, v: Array, noise: float, out: Array) -> None:
        """Fill ``out`` (p,p) with V_ij."""
        parts: Any = self.bump, self.terms, self.table, self.weight, self.starts
        wedge_variance(Omega, v, noise, self.gain, *parts, out)


def _terms(kinds: list[Expansion]) -> Terms:
    count, degree = max(len(one.step) for one in kinds), max(one.powers.shape[1] for one in kinds)
    step, noisy, top = (np.zeros((len(kinds), count), np.int64) for _ in range(3))
    tau, powers = np.zeros((len(kinds), count)), np.zeros((len(kinds), count, degree))
    for row, one in enumerate(kinds):
        size = len(one.step)
        step[row, :size], noisy[row, :size], tau[row, :size] = one.step, one.noisy, one.tau
        powers[row, :size, : one.powers.shape[1]] = one.powers
        top[row, :size] = one.powers.shape[1] - 1
    return Terms(step, noisy, top, tau, powers)


def _lists(kinds: list[Expansion], tolerance: float) -> tuple[Array, Array, Array]:
    """The products of :func:`wedge_variance`: its ``table``, ``weight`` and ``starts``."""
    tables, weights, starts = [], [], [0]
    student, teacher, nothing = kinds
    for pair in ((student, student), (student, teacher), (teacher, teacher), (nothing, nothing)):
        table, weight = products([student, student, *pair], tolerance)
        for inner in (False, True):
            for outer in (False, True):
                few, sums = merged(table, weight, outer, inner and pair[0] is pair[1])
                tables.append(few)
                weights.append(sums)
                starts.append(starts[-1] + len(sums))
    return np.ascontiguousarray(np.concatenate(tables)), np.concatenate(weights), np.array(starts)
