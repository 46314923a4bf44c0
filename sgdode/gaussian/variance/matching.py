"""The size of E where students have found teachers: the sum of |v_c s_c − v_c' s_c'| over pairs, not of |v_c s_c|.

A sum that stands for σ everywhere is off by little where s_b and s_c are nearly the same: what Σ_c v_c s_c is off by is
bounded by Σ m_bc (off at s_b − s_c), for any way to write v as a sum of m_bc (e_b − e_c) and a rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sgdode.gaussian.variance.sparse_product import Whole
from sgdode.model.overlaps import Array

_ODD = {"erf", "tanh"}


class SizePart(NamedTuple):
    """weight · (s_b + sign · s_c), or weight · s_b where c < 0."""

    weight: float
    b: int
    c: int
    sign: float


def parts(student: str, teacher: str, fields: Array, v: Array, p: int) -> list[SizePart]:
    """v (n,) in parts, the closest pairs of fields first, whose covariances (gains included) are ``fields`` (n,n).

    ``student``, ``teacher``: names; only units of one activation are paired. s(−λ) = −s(λ) of an odd one is used.
    """
    left, found = abs(v), []
    for b, c, sign in _closest(fields, v, p, student, teacher):
        weight = min(left[b], left[c])
        if weight > 0.0:
            found.append(SizePart(float(weight), b, c, sign))
            left[b] -= weight
            left[c] -= weight
    return found + [SizePart(float(left[b]), b, -1, 0.0) for b in range(len(v)) if left[b] > 0.0]


def _closest(fields: Array, v: Array, p: int, student: str, teacher: str) -> list[tuple[int, int, float]]:
    b, c = np.triu_indices(len(v), 1)
    signs = np.sign(v[b] * v[c])  # −1: s_b − s_c of equal fields; 1: s_b + s_c of opposite ones
    distance = np.diag(fields)[b] + np.diag(fields)[c] + 2.0 * signs * fields[b, c]
    name = np.where(np.arange(len(v)) < p, student, teacher)
    allowed = (name[b] == name[c]) & ((signs < 0.0) | (np.isin(name[b], list(_ODD)) & (signs > 0.0)))
    order: Whole = np.argsort(distance[allowed], kind="stable")
    b, c, signs = b[allowed][order], c[allowed][order], signs[allowed][order]
    return [(int(b[m]), int(c[m]), float(signs[m])) for m in range(len(order))]
