"""Sums over students of kernels averaged over the angles between their orthogonal parts: the costly part of mean field.

Students i, j have the covariance c = A_i·A_j + √(q_i q_j) ξ with A (p,r) their coordinates in the teachers' span and ξ
the cosine between independent uniform directions of R^D. Wanted for every i, with weights v_j and ξ-averages E:

    pull_i = Σ_j v_j E[K11_ij] A_j      drag_i = Σ_j v_j E[K20_ij]
    cross_i = Σ_j v_j √(q_i q_j) E[K11_ij ξ]      value_i = Σ_j v_j E[K_ij] (where asked for)

With ``own`` the entry j = i is the neuron with itself, ξ = 1; else it is averaged like the others (infinite width).
Rows are shared out to threads in a fixed number of parts, so that sums do not depend on the number of threads.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from sgdode.jit.asin import asin
from sgdode.jit.compiling import MATRIX, SUMS, VECTOR, compiled
from sgdode.jit.deferred import boolean, types
from sgdode.jit.pairs import PAIR, Pair, fill
from sgdode.machine import processors
from sgdode.model.overlaps import Array

_TWO_OVER_PI = 2.0 / math.pi
#: Below this many students one thread is faster.
_SERIAL_UP_TO = 200
_PARTS = 8
#: Kernel entries that a part holds at once.
_BLOCK = 1_000_000


@dataclass(frozen=True)
class Sums:
    """``pull`` (p,r), ``drag`` (p,), ``cross`` (p,), ``value`` (p,); see the module."""

    pull: Array
    drag: Array
    cross: Array
    value: Array


@lru_cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(_PARTS, processors()), thread_name_prefix="sgdode")


if hasattr(os, "register_at_fork"):
    # A forked process inherits the pool, but not its threads.
    os.register_at_fork(after_in_child=_threads.cache_clear)


def _shared_out(work: Callable[[int], None], parts: int, students: int) -> None:
    """Call ``work(part)`` for every part, in threads where there are many students."""
    if parts == 1 or students <= _SERIAL_UP_TO:
        for part in range(parts):
            work(part)
    else:
        list(_threads().map(work, range(parts)))


@compiled(types.void(types.float64, *[VECTOR] * 7), **SUMS)
def _roots(bi: float, b: Array, c0: Array, s: Array, xi: Array, weight: Array, S0: Array, S1: Array) -> None:
    """Fill S0 = E[1/√B] and S1 = E[ξ/√B], with B = b_i b_j − (c₀ + s ξ)², for nodes in pairs ±ξ (0 alone).

    Both roots of a pair are had from one division: 1/√B₊ = √B₋/(√B₊ √B₋).
    """
    S0[:] = 0.0
    S1[:] = 0.0
    for n in range((xi.size + 1) // 2):
        x = xi[xi.size - 1 - n]
        w = weight[n] if 2 * n + 1 < xi.size else 0.5 * weight[n]
        wx = w * x
        for j in range(b.size):
            plus = c0[j] + s[j] * x
            minus = c0[j] - s[j] * x
            square = bi * b[j]
            root_plus = np.sqrt(square - plus * plus)
            root_minus = np.sqrt(square - minus * minus)
            both = 1.0 / (root_plus * root_minus)
            S0[j] += w * both * (root_minus + root_plus)
            S1[j] += wx * both * (root_minus - root_plus)


@compiled(types.void(types.float64, *[VECTOR] * 6), **SUMS)
def _sines(bi: float, b: Array, c0: Array, s: Array, xi: Array, weight: Array, S: Array) -> None:
    """Fill S = E[asin((c₀ + s ξ)/√(b_i b_j))]."""
    S[:] = 0.0
    for n in range(xi.size):
        for j in range(b.size):
            S[j] += weight[n] * asin((c0[j] + s[j] * xi[n]) / math.sqrt(bi * b[j]))


@compiled(types.void(types.int64, types.float64, VECTOR, VECTOR, VECTOR), **SUMS)
def _both(i: int, own: bool, others: Array, S: Array, out: Array) -> None:
    """A symmetric entry S_ij serves both neurons: add own · S_ij to every out_j, j from len(out) − len(S), and
    Σ_j others_j S_ij to out_i."""
    total, first = 0.0, out.size - S.size
    rest = out[first:]
    for j in range(S.size):
        total += others[j] * S[j]
        rest[j] += own * S[j]
    out[i] += total


@compiled(types.void(types.int64, types.int64, MATRIX, MATRIX, *[VECTOR] * 5, boolean, MATRIX, MATRIX), **SUMS)
def _erf_row(
    i: int,
    first: int,
    A: Array,
    vA: Array,
    root: Array,
    b: Array,
    v: Array,
    xi: Array,
    weight: Array,
    values: bool,
    work: Array,
    out: Array,
) -> None:
    """Add the pairs (i, j), j ≥ first ≥ i, to both neurons; where j = i the pair counts half each time.

    K11 = (2/π)/√B and K20 = −(2/π) c/(b_i √B) share the root, and E[c/√B] = c₀ E[1/√B] + √(q_i q_j) E[ξ/√B]: two
    averages per pair are enough. ``out`` gets Σ v E[A/√B], Σ v E[c/√B], Σ v √(q_i q_j) E[ξ/√B] and Σ v E[asin].
    """
    r = len(A)
    c0, s, S0, S1 = work[0, first:], work[1, first:], work[2, first:], work[3, first:]
    for j in range(len(c0)):
        c0[j] = 0.0
        s[j] = root[i] * root[first + j]
    for c in range(r):
        for j in range(len(c0)):
            c0[j] += A[c, i] * A[c, first + j]
    if values:
        S = work[4, first:]
        _sines(b[i], b[first:], c0, s, xi, weight, S)
        if first == i:
            S[0] *= 0.5
        _both(i, v[i], v[first:], S, out[r + 2])
    _roots(b[i], b[first:], c0, s, xi, weight, S0, S1)
    if first == i:
        S0[0] *= 0.5
        S1[0] *= 0.5
    for c in range(r):
        _both(i, vA[c, i], vA[c, first:], S0, out[c])
    for j in range(len(c0)):
        s[j] *= S1[j]
        c0[j] = c0[j] * S0[j] + s[j]
    _both(i, v[i], v[first:], s, out[r + 1])
    _both(i, v[i], v[first:], c0, out[r])


@compiled(
    types.void(MATRIX, VECTOR, VECTOR, VECTOR, VECTOR, types.int64, types.int64, boolean, boolean, MATRIX), **SUMS
)
def _erf_rows(
    A: Array, q: Array, v: Array, xi: Array, weight: Array, part: int, parts: int, own: bool, values: bool, out: Array
) -> None:
    """Rows part, part + parts, ... of the erf sums, each pair once; ``A`` is (r,p), ``out`` (r + 3, p)."""
    r, p = A.shape
    root, b, vA, work = np.sqrt(q), 1.0 + q, v * A, np.empty((5, p))
    for c in range(r):
        b += A[c] * A[c]
    for i in range(part, p, parts):
        _erf_row(i, i + 1 if own else i, A, vA, root, b, v, xi, weight, values, work, out)
        if own:
            # The neuron with itself: c = Q, B = 1 + 2 Q, ξ = 1.
            share = v[i] / np.sqrt(2.0 * b[i] - 1.0)
            out[r, i] += (b[i] - 1.0) * share
            out[r + 1, i] += q[i] * share
            out[r + 2, i] += v[i] * asin((b[i] - 1.0) / b[i])
            for c in range(r):
                out[c, i] += share * A[c, i]
    for i in range(p):
        out[r, i] /= -b[i]


def erf_sums(gain: float, own: bool) -> Callable[..., Sums]:
    """The sums for σ(x) = erf(gain x/√2): ``sums(A, q, v, rule, values)``."""

    def sums(A: Array, q: Array, v: Array, rule: tuple[Array, Array], values: bool) -> Sums:
        p, r = A.shape
        parts = 1 if p <= _SERIAL_UP_TO else _PARTS
        out = np.zeros((parts, r + 3, p))
        arguments = np.ascontiguousarray(gain * A.T), gain**2 * q, np.ascontiguousarray(v), *rule
        _shared_out(lambda part: _erf_rows(*arguments, part, parts, own, values, out[part]), parts, p)
        total = _TWO_OVER_PI * out.sum(axis=0)
        # K11 and K20 carry gain²; A was scaled by one gain, √(q q') by two.
        return Sums(gain * total[:r].T, gain**2 * total[r], total[r + 1], total[r + 2])

    return sums


@compiled(
    types.void(PAIR, MATRIX, *[VECTOR] * 2, *[types.float64] * 2, *[types.int64] * 2, boolean, MATRIX),
    nogil=True,
    error_model="numpy",
)
def _rows(
    pair: Pair, A: Array, q: Array, v: Array, xi: Array, weight: Array, start: int, stop: int, own: bool, out: Array
) -> None:
    """Rows start..stop of the sums for any kernel at one node ξ; ``A`` is (p,r), ``out`` (p, r + 3)."""
    p, r = A.shape
    Q, root = q.copy(), np.sqrt(q)
    C, blocks = np.empty((stop - start, p)), np.empty((3, stop - start, p))
    for i in range(p):
        for c in range(r):
            Q[i] += A[i, c] * A[i, c]
    for i in range(start, stop):
        for j in range(p):
            C[i - start, j] = xi * root[i] * root[j]
            for c in range(r):
                C[i - start, j] += A[i, c] * A[j, c]
        if own:
            C[i - start, i] = Q[i]
    fill(pair, Q[start:stop], Q, C, blocks)
    for i in range(start, stop):
        K, K11, K20, row = blocks[0, i - start], blocks[1, i - start], blocks[2, i - start], out[i]
        for j in range(p):
            share = weight * v[j]
            cosine = 1.0 if own and j == i else xi
            for c in range(r):
                row[c] += share * K11[j] * A[j, c]
            row[r] += share * K20[j]
            row[r + 1] += share * K11[j] * cosine * root[i] * root[j]
            row[r + 2] += share * K[j]


def kernel_sums(pair: Pair, own: bool) -> Callable[..., Sums]:
    """The sums for any student–student kernel: ``sums(A, q, v, rule, values)``.

    A part is one node, for as many rows as fit: a kernel by series costs as much per neuron as per hundred pairs.
    """

    def sums(A: Array, q: Array, v: Array, rule: tuple[Array, Array], values: bool) -> Sums:
        p, r = A.shape
        blocks = math.ceil(p * p / _BLOCK)
        edges = [p * block // blocks for block in range(blocks + 1)]
        parts = [(*node, *rows) for node in zip(*rule, strict=True) for rows in pairwise(edges)]
        A, v, out = np.ascontiguousarray(A), np.ascontiguousarray(v), np.zeros((len(parts), p, r + 3))
        _shared_out(lambda part: _rows(pair, A, q, v, *parts[part], own, out[part]), len(parts), p)
        total = out.sum(axis=0)
        return Sums(total[:, :r], total[:, r], total[:, r + 1], total[:, r + 2])

    return sums


@compiled(types.void(PAIR, VECTOR, VECTOR))
def slope_variance(pair: Pair, Q: Array, out: Array) -> None:
    """Fill ``out`` (p,) with E[σ'(λ_i)²] = K11_ii at variances ``Q`` (p,)."""
    one, C, blocks = np.empty(1), np.empty((1, 1)), np.empty((3, 1, 1))
    for i in range(Q.size):
        one[0] = Q[i]
        C[0, 0] = Q[i]
        fill(pair, one, one, C, blocks)
        out[i] = blocks[1, 0, 0]
