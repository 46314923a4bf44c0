"""Correlations of Gaussian fields to more digits than a float64 holds, of exactly positive semi-definite matrices.

Signs of nearly dependent fields feel 1 − ρ of nearly equal fields, and determinants of nearly flat sets, to all their
digits, and no covariance matrix in float64 has these. So a matrix next to it (at a distance of round-off) is taken
that has them: the one of unit vectors, rows of a Cholesky factor, whose products are taken to 32 digits. What round-off
makes of dependent fields is then dependent again, in every subset in the same way.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sgdode.jit.angles import upper_angle
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.jit.double_double import DOUBLE, Double, divided, exact_product, minus, plus, root, scaled, times
from sgdode.model.overlaps import Array

#: Variances of a field, given others, that are round-off: this much a field.
ROUND_OFF = 1e-15
#: 1 − ρ that counts as 0.
SAME = 3e-16


class Fields(NamedTuple):
    """Unit-variance fields u (n,), each turned (u → −u) so that nearly collinear ones have ρ > 0; arrays are (n,n).

    ``turned`` (n,): ±1. ``E``, ``low``: high and low part of 1 − ρ. ``R``: ρ. ``W``: √(1 − ρ²). ``J``: 1/W, 0 where
    W = 0. ``A``: asin ρ. A field without variance is independent of the others.
    """

    turned: Array
    E: Array
    low: Array
    R: Array
    W: Array
    J: Array
    A: Array


#: Fields as compiled code knows them.
FIELDS = types.NamedTuple((VECTOR, *[MATRIX] * 6), Fields)


@compiled(types.void(MATRIX, VECTOR, MATRIX, VECTOR), error_model="numpy")
def _plain(Omega: Array, size: Array, R: Array, turned: Array) -> None:
    """Correlations R to float64, and the turns that make nearly collinear fields point the same way."""
    n = size.size
    for x in range(n):
        best, turned[x] = 0.0, 1.0
        for y in range(x):
            product = size[x] * size[y]
            r = min(max(Omega[x, y] / product, -1.0), 1.0) if product > 0.0 else 0.0
            if abs(r) > best:
                best = abs(r)
                turned[x] = math.copysign(turned[y], turned[y] * r)
            R[x, y] = r
    for x in range(n):
        for y in range(x):
            R[x, y] *= turned[x] * turned[y]
            R[y, x] = R[x, y]


@compiled(types.intp(MATRIX, VECTOR, MATRIX), error_model="numpy")
def _cholesky(R: Array, size: Array, rows: Array) -> int:
    """Fill ``rows`` (n,n) with R = rows rowsᵀ, the field that is least known taken first; the rank."""
    n = size.size
    left = np.ones(n)
    for x in range(n):
        if not size[x] > 0.0:
            left[x] = -1.0
    for m in range(n):
        pivot = np.argmax(left)
        if left[pivot] <= ROUND_OFF * (n + 2):
            return m
        scale = math.sqrt(left[pivot])
        left[pivot] = -1.0
        for x in range(n):
            if left[x] >= 0.0:
                rest = R[pivot, x]
                for c in range(m):
                    rest -= rows[pivot, c] * rows[x, c]
                rows[x, m] = rest / scale
                left[x] = max(left[x] - rows[x, m] * rows[x, m], 0.0)
        rows[pivot, m] = scale
    return n


@compiled(types.void(MATRIX, types.intp, MATRIX, MATRIX), error_model="numpy")
def _normalised(rows: Array, rank: int, high: Array, low: Array) -> None:
    """``rows`` over their lengths, to 32 digits."""
    for x in range(rows.shape[0]):
        total = (0.0, 0.0)
        for m in range(rank):
            total = plus(total, exact_product(rows[x, m], rows[x, m]))
        if total[0] > 0.0:
            length = root(total)
            for m in range(rank):
                high[x, m], low[x, m] = divided((rows[x, m], 0.0), length)


@compiled(DOUBLE(MATRIX, MATRIX, *[types.intp] * 3), error_model="numpy")
def _apart(high: Array, low: Array, rank: int, x: int, y: int) -> Double:
    """1 − ρ of two unit rows: half the square of what is between them."""
    total = (0.0, 0.0)
    for m in range(rank):
        between = minus((high[x, m], low[x, m]), (high[y, m], low[y, m]))
        total = plus(total, times(between, between))
    return scaled(total, 0.5)


@compiled(FIELDS(MATRIX, VECTOR), nogil=True, error_model="numpy")
def unit_fields(Omega: Array, size: Array) -> Fields:
    """The unit-variance fields of covariances Ω (n,n), whose standard deviations are ``size`` (n,)."""
    n = size.size
    turned, R = np.empty(n), np.eye(n)
    E, less, W, J, A = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
    rows, high, low = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
    _plain(Omega, size, R, turned)
    rank = _cholesky(R, size, rows)
    _normalised(rows, rank, high, low)
    for x in range(n):
        A[x, x] = 0.5 * math.pi
        for y in range(x):
            e = (1.0, 0.0)
            if size[x] > 0.0 and size[y] > 0.0:
                e = _apart(high, low, rank, x, y)
            if e[0] < SAME:
                e = (0.0, 0.0)
            r = minus((1.0, 0.0), e)[0]
            w = math.sqrt(e[0] * (2.0 - e[0]))
            a = 0.5 * math.pi - upper_angle(w, r)
            E[x, y], less[x, y], R[x, y], W[x, y], A[x, y] = e[0], e[1], r, w, a
            J[x, y] = 1.0 / w if w > 0.0 else 0.0
            E[y, x], less[y, x], R[y, x], W[y, x], A[y, x] = e[0], e[1], r, w, a
            J[y, x] = J[x, y]
    return Fields(turned, E, less, R, W, J, A)
