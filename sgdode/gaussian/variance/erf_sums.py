"""The variance term of sigmoidal students (erf, tanh, sigmoid): σ is a sum of erfs, so that σ' is one of Gaussians.

σ'_i σ'_j E² is a sum over pairs of Gaussians, each of which tilts the fields (:mod:`tilt`); what is left is E² of the
tilted fields: arcsines for two sums of erfs, and the closed forms of :mod:`other_teachers` for every other teacher.
Student, teacher and slope are replaced by the same sums, so that E vanishes where it should: perfect learning stays a
fixed point, and the error is relative to V as E goes to 0. Products of sums are sparse (:mod:`sparse_product`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sgdode.gaussian.variance.other_teachers import TEACHER, TILTED, ClosedTeacher, Tilted, teacher_part
from sgdode.gaussian.variance.sparse_product import PRODUCTS, WHOLE, Products, Whole
from sgdode.gaussian.variance.tilt import split_fields, tilt
from sgdode.jit.asin import contracted_asin
from sgdode.jit.compiling import MATRIX, VECTOR, compiled, named
from sgdode.jit.deferred import types
from sgdode.model.overlaps import Array

_TWO_OVER_PI = 2.0 / math.pi
_LANES = 16


class ErfSums(NamedTuple):
    """What compiled code needs to know of two units. The student's erfs and the teacher's, unless it is another kind.

    ``scales`` (2,M): β of the student and of the teacher, 0 beyond the last; ``constants`` and ``amplitudes``
    (2,): what is added to the odd part of each, and its factor; ``slopes`` (A,A): weights of the products of two
    slopes; ``products``: those of four.
    """

    scales: Array
    constants: Array
    amplitudes: Array
    slopes: Array
    products: Products


ERF_SUMS = named(ErfSums, [MATRIX, VECTOR, VECTOR, MATRIX, PRODUCTS])


class Runs(NamedTuple):
    """The pairs of units whose erfs meet, as runs of one unit ``first`` with the units low ≤ c < high of it.

    ``at`` (runs,): where the pairs of a run start; ``block`` (blocks + 1,): where those of a block do, at multiples of
    sixteen, so that a loop over a block is vector code to its end.
    """

    first: Whole
    low: Whole
    high: Whole
    at: Whole
    block: Whole


_RUNS = named(Runs, [WHOLE] * 5)


@compiled(_RUNS(types.intp, types.intp, types.intp))
def _runs(p: int, n: int, blocks: int) -> Runs:
    """Students with students, and (three blocks) with teachers, and teachers with each other; no pair twice."""
    rows, end = (n, n) if blocks == 1 else (n + p, p)
    first, low = np.empty(rows, np.int64), np.empty(rows, np.int64)
    high, at = np.empty(rows, np.int64), np.empty(rows, np.int64)
    block, size, row = np.zeros(blocks + 1, np.int64), 0, 0
    for m in range(blocks):
        for unit in range(p if m == 2 else 0, n if m == 2 else p if m == 1 else end):
            first[row], low[row], high[row] = unit, p if m == 1 else unit, end if m == 0 else n
            at[row] = size
            size += high[row] - low[row]
            row += 1
        size = (size + _LANES - 1) // _LANES * _LANES
        block[m + 1] = size
    return Runs(first, low, high, at, block)


@compiled(VECTOR(VECTOR, WHOLE, _RUNS))
def _signed(v: Array, act: Whole, runs: Runs) -> Array:
    """v_b v_c of every pair of the runs, twice where b ≠ c."""
    signed = np.zeros(runs.block[-1])
    for row in range(runs.first.size):
        b = runs.first[row]
        for c in range(runs.low[row], runs.high[row]):
            double = 1.0 if b == c else 2.0
            signed[runs.at[row] + c - runs.low[row]] = double * v[act[b]] * v[act[c]]
    return signed


class Sines(NamedTuple):
    """Room for the arguments of the arcsines of the tilted fields: T (pairs,); for every node its factors for the first
    and the second unit of a pair, (M, pairs); for a unit its factor and its variance, (units,)."""

    T: Array
    left: Array
    right: Array
    factor: Array
    variance: Array


_SINES = named(Sines, [VECTOR, MATRIX, MATRIX, VECTOR, VECTOR])


@compiled(types.void(TILTED, _RUNS, VECTOR, VECTOR), fastmath={"contract"})
def _covariances(tilted: Tilted, runs: Runs, T: Array, variance: Array) -> None:
    """Fill T_bc of the pairs of the runs, and T_cc of the units."""
    act, R, g, h = tilted.act, tilted.R, tilted.g, tilted.h
    first, low, high, starts = runs.first, runs.low, runs.high, runs.at
    for row in range(first.size):
        b, at = act[first[row]], starts[row] - low[row]
        for c in range(low[row], high[row]):
            d = act[c]
            T[at + c] = R[b, d] + g[b] * g[d] + h[b] * h[d]
    for c in range(variance.size):
        d = act[c]
        variance[c] = max(R[d, d] + g[d] * g[d] + h[d] * h[d], 0.0)


@compiled(types.void(_RUNS, types.intp, MATRIX, types.intp, _SINES), error_model="numpy")
def _factors(runs: Runs, students: int, scales: Array, depth: int, sines: Sines) -> None:
    """Fill β/√(1 + β²T) of both units of every pair, for the first ``depth`` nodes."""
    first, low, high, starts = runs.first, runs.low, runs.high, runs.at
    left, right, factor, variance = sines.left, sines.right, sines.factor, sines.variance
    for m in range(depth):
        for c in range(factor.size):
            beta = scales[0 if c < students else 1, m]
            factor[c] = beta / math.sqrt(1.0 + beta * beta * variance[c])
        for row in range(first.size):
            at, one = starts[row] - low[row], factor[first[row]]
            for c in range(low[row], high[row]):
                left[m, at + c] = one
                right[m, at + c] = factor[c]


@compiled(
    types.float64(types.intp, types.intp, types.intp, types.intp, WHOLE, WHOLE, *[VECTOR] * 3, *[MATRIX] * 2),
    error_model="numpy", fastmath={"reassoc", "contract", "nnan"},
)  # fmt: skip
def _arcsines(
    start: int, end: int, low: int, high: int, one: Whole, other: Whole, weight: Array, T: Array, signed: Array,
    left: Array, right: Array,
) -> float:  # fmt: skip
    """Σ weight Σ_z v_b v_c asin(sine) over the products start ≤ l < end and the pairs low ≤ z < high."""
    total = 0.0
    t, sign = T[low:high], signed[low:high]
    for at in range(start, end):
        row, column = left[one[at], low:high], right[other[at], low:high]
        inner = 0.0
        for z in range(t.size):
            inner += sign[z] * contracted_asin(t[z] * row[z] * column[z])
        total += weight[at] * inner
    return total


@compiled(types.float64(PRODUCTS, types.intp, types.intp, _RUNS, VECTOR, _SINES))
def _erfs_part(products: Products, a: int, b: int, runs: Runs, signed: Array, sines: Sines) -> float:
    """E[(Σ_c v_c s̃_c)²] of the tilted fields, for the outer nodes a and b."""
    total = 0.0
    lists = products.left, products.right, products.weight, sines.T, signed, sines.left, sines.right
    for m in range(products.start.shape[0]):
        low, high = runs.block[m], runs.block[m + 1]
        total += _arcsines(products.start[m, a, b], products.start[m, a, b + 1], low, high, *lists)
    return _TWO_OVER_PI * total


@compiled(
    types.void(MATRIX, VECTOR, types.float64, ERF_SUMS, TEACHER, MATRIX), error_model="numpy", nogil=True
)  # fmt: skip
def erf_sum_variance(Omega: Array, v: Array, noise: float, sums: ErfSums, teacher: ClosedTeacher, out: Array) -> None:
    """Fill ``out`` (p,p) with V for Ω (n,n), v (n,) and Δ; ``teacher``: one of another kind, or ``no_teacher()``."""
    p, n, nodes = out.shape[0], v.size, sums.slopes.shape[0]
    act = np.flatnonzero(v)
    students = np.sum(act < p)
    meeting = act.size if teacher.kind == 0 else students
    runs = _runs(students, meeting, sums.products.start.shape[0])
    odd = v * sums.amplitudes[0]
    for r in range(p, n):
        odd[r] = v[r] * sums.amplitudes[1]
    signed = _signed(odd, act, runs)
    M, size = sums.scales.shape[1], signed.size
    sines = Sines(np.zeros(size), np.zeros((M, size)), np.zeros((M, size)), np.empty(meeting), np.empty(meeting))
    A, B, g, h, R = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty((n, n))
    factor = _TWO_OVER_PI * sums.amplitudes[0] ** 2
    constant, scales = sums.constants[0] * np.sum(v[:p]), sums.scales[0]
    offset = constant + (sums.constants[1] * np.sum(v[p:]) if teacher.kind == 0 else 0.0)
    tilted = Tilted(R, g, h, odd, act, students)
    for i in range(p):
        for j in range(i, p):
            plane = split_fields(Omega, i, j, A, B, R)
            total = 0.0
            for a in range(nodes):
                for b in range(a if i == j else 0, nodes):
                    if sums.slopes[a, b] == 0.0:
                        continue
                    determinant = tilt(plane, scales[a] * scales[a], scales[b] * scales[b], A, B, g, h)
                    value = sums.slopes[a, b] * (noise + offset * offset)
                    if sums.products.depth[a, b] > 0:
                        _covariances(tilted, runs, sines.T, sines.variance)
                        _factors(runs, students, sums.scales, sums.products.depth[a, b], sines)
                        value += _erfs_part(sums.products, a, b, runs, signed, sines)
                    if teacher.kind != 0:
                        value += teacher_part(teacher, tilted, scales, a, b, sums.slopes[a, b], constant)
                    double = 2.0 if i == j and a != b else 1.0
                    total += double * scales[a] * scales[b] / math.sqrt(determinant) * value
            out[i, j] = factor * max(total, 0.0)  # 0 ≤ E[… E²]: E = 0 is a difference of equal numbers
            out[j, i] = out[i, j]
