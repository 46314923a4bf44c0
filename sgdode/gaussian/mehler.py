"""Dual kernels of any two activations by the Hermite (Mehler) expansion of their derivatives.

With h_n = He_n/√n! orthonormal under N(0,1), a_n = E[f'(√q ξ) h_n(ξ)] for the first unit and b_n for the second,
ρ = c/√(q q') and m = E[f], m' = E[f'] for the means (Stein's lemma gives the coefficients of f from those of f'):
  K11 = Σ a_n b_n ρⁿ,   K = m m' + c Σ a_n b_n ρⁿ/(n+1),
  K20 = a_1 m'/√q + √(q'/q) Σ_{n≥1} √((n+1)/n) a_{n+1} b_{n−1} ρⁿ.
An activation with a jump is not the integral of its derivative: there a_n = √((n+1)/q) E[f(√q ξ) h_{n+1}(ξ)].

Averages over ξ are Gauss–Legendre panels on the half line, finer towards 0, with f(ξ) ± f(−ξ): unlike Gauss–Hermite
they are exact to round-off for a kink at 0, and for functions whose poles come near the real axis (tanh at large q).
What is left is the truncation of the series; it is bounded by Parseval's residual E[f'²] − Σ a_n².
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sgdode.jit.compiling import REORDER, compiled
from sgdode.jit.deferred import types
from sgdode.jit.units import ADDRESS, FILL_SIGNATURE, evaluate_at, machine_code
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array

#: Hermite terms at most, and how many are computed at a time.
TERMS, BLOCK = 512, 32
#: A field of less variance counts as one of this variance: a change of 1e-11 in K, in exchange for K20 at q = 0.
_SMALLEST = 1e-11
_HEADER = 3  # rows of a table before the Hermite functions: nodes, weights, options
_TINY = 1e-17
_VECTOR, _MATRIX = types.float64[::1], types.float64[:, ::1]


@lru_cache
def hermite_table(refinement: int = 1) -> Array:
    """Nodes, weights and (after an empty row) weight × h_n, even n before odd n within each block: (3 + TERMS, J).

    The rule is for the half line x > 0 under N(0,1): E[g] = Σ_j w_j (g(x_j) + g(−x_j)).
    """
    edges = np.concatenate([[0.0, 1 / 16, 1 / 8, 1 / 4, 1 / 2], np.arange(1.0, 13.0)])
    edges = np.interp(np.arange(0, len(edges) - 1 + 1e-9, 1 / refinement), np.arange(len(edges)), edges)
    t, u = np.polynomial.legendre.leggauss(14)
    half = np.diff(edges)[:, None] / 2
    x = (edges[:-1, None] + half * (1 + t)).ravel()
    w = (half * u).ravel() * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    rows = np.empty((TERMS, x.size))
    previous, current = np.zeros_like(x), w.copy()
    for n in range(TERMS):
        start = n - n % BLOCK
        rows[start + (n - start) // 2 + (n % 2) * (BLOCK // 2)] = current
        previous, current = current, (x * current - math.sqrt(n) * previous) / math.sqrt(n + 1)
    return np.concatenate([[x, w, np.zeros_like(x)], rows])


def mehler_table(first: Activation, second: Activation, refinement: int = 1) -> Array:
    """The table of a pair: :func:`hermite_table` with its options: whether the units have jumps, and are the same."""
    table = hermite_table(refinement).copy()
    table[2, :3] = [has_jump(first), has_jump(second), first == second]
    return table


def has_jump(activation: Activation) -> bool:
    """Whether f is not the integral of f' (a sign, say, whose slope is given as 0); judged on −8 ≤ x ≤ 8."""
    edges = np.linspace(-8.0, 8.0, 401)
    t, u = np.polynomial.legendre.leggauss(8)
    x = (edges[:-1, None] + 0.02 * (1 + t)).ravel()
    s, ds, value, slope = np.empty_like(x), np.empty_like(x), np.empty_like(edges), np.empty_like(edges)
    evaluate = machine_code(activation)
    evaluate(x, s, ds)
    evaluate(edges, value, slope)
    change = (ds.reshape(-1, 8) * u).sum(axis=1) * 0.02
    return bool(np.max(np.abs(np.diff(value) - change)) > 0.05 * max(1.0, float(np.max(np.abs(ds)))))


@compiled(types.void(_VECTOR, types.float64, ADDRESS, _MATRIX, types.boolean, *[_MATRIX] * 2, _VECTOR, _VECTOR))
def _sample(
    q: Array, gain: float, evaluate: int, table: Array, jump: bool, even: Array, odd: Array, mean: Array, norm:
    Array
) -> None:  # fmt: skip
    """Even and odd parts (n,J) of f' at ±√q x_j (of f where it jumps), E[f] and E[f'²]."""
    J = table.shape[1]
    x, s, ds = np.empty(2 * J), np.empty(2 * J), np.empty(2 * J)
    for b in range(q.size):
        root = gain * math.sqrt(max(q[b], _SMALLEST))
        for j in range(J):
            x[j] = root * table[0, j]
            x[J + j] = -x[j]
        evaluate_at(evaluate, x, s, ds)
        taken = s if jump else ds
        mean[b] = 0.0
        norm[b] = 0.0
        for j in range(J):
            w = table[1, j]
            mean[b] += w * (s[j] + s[J + j])
            norm[b] += w * (taken[j] * taken[j] + taken[J + j] * taken[J + j])
            even[b, j] = taken[j] + taken[J + j]
            odd[b, j] = taken[j] - taken[J + j]
        if q[b] < _SMALLEST:  # E[relu] goes like √q: the mean is worth the true variance
            evaluate_at(evaluate, x * math.sqrt(max(q[b], 0.0) / _SMALLEST), s, ds)
            mean[b] = np.sum(table[1] * (s[:J] + s[J:]))


@compiled(types.void(*[_MATRIX] * 4, types.intp), nogil=True)
def _project(even: Array, odd: Array, table: Array, a: Array, start: int) -> None:
    """a[:, start : start + BLOCK] from the samples."""
    at = _HEADER + start
    half = BLOCK // 2
    evens = np.dot(even, table[at : at + half].T)
    odds = np.dot(odd, table[at + half : at + BLOCK].T)
    for b in range(a.shape[0]):
        for m in range(half):
            a[b, start + 2 * m] = evens[b, m]
            a[b, start + 2 * m + 1] = odds[b, m]


@compiled(types.float64(_MATRIX, _VECTOR, types.intp))
def _left(a: Array, norm: Array, terms: int) -> float:
    """The largest share of E[f'²] beyond the first ``terms`` coefficients: Parseval's residual.

    Where that has sunk into round-off, the last block tells how far the coefficients have decayed.
    """
    worst = 0.0
    for b in range(a.shape[0]):
        scale = max(norm[b], 1e-300)
        residual = norm[b]
        last = 0.0
        for n in range(terms):
            residual -= a[b, n] * a[b, n]
            if n >= terms - BLOCK:
                last += a[b, n] * a[b, n]
        share = max(residual, 0.0) / scale
        if share < 1e-13:
            share = 8.0 * last / scale
        worst = max(worst, share)
    return worst


@compiled(types.void(_MATRIX, _VECTOR, types.float64))
def _from_jumps(a: Array, q: Array, gain: float) -> None:
    """Coefficients of f' from those of f: a_n ← √((n+1)/q) a_{n+1}/gain."""
    for b in range(a.shape[0]):
        for n in range(a.shape[1] - 1):
            a[b, n] = math.sqrt((n + 1) / q[b]) * a[b, n + 1] / gain
        a[b, a.shape[1] - 1] = 0.0


class Expansion(NamedTuple):
    """Coefficients ``a`` (n,TERMS) of f', ``mean`` = E[f] (n,) and ``norm`` = E[f'²] (n,) of n fields of one unit."""

    a: Array
    mean: Array
    norm: Array


def empty_expansion(n: int) -> Expansion:
    """Room for that of ``n`` fields."""
    return Expansion(np.empty((n, TERMS)), np.empty(n), np.empty(n))


_EXPANSION = types.NamedTuple((_MATRIX, _VECTOR, _VECTOR), Expansion)
_FOUND = types.Tuple((types.intp, types.float64, types.float64))
_UNITS = (types.float64, types.float64, ADDRESS, ADDRESS)


@compiled(_FOUND(_VECTOR, _VECTOR, *_UNITS, _MATRIX, _EXPANSION, _EXPANSION))
def expand(
    q1: Array, q2: Array, gain1: float, gain2: float, first: int, second: int, table: Array,
    one: Expansion, other: Expansion,
) -> tuple[int, float, float]:  # fmt: skip
    """Fill the expansions of both units, until what is left of Σ a_n b_n is round-off.

    Returns the number of terms and the shares of E[f'²] that they leave out in ``one`` and in ``other``.
    """
    a, mean1, norm1 = one
    b, mean2, norm2 = other
    J = table.shape[1]
    even1, odd1 = np.empty((q1.size, J)), np.empty((q1.size, J))
    same = table[2, 2] > 0.0 and np.array_equal(q1, q2)
    even2, odd2 = np.empty((0 if same else q2.size, J)), np.empty((0 if same else q2.size, J))
    jump1, jump2 = table[2, 0] > 0.0, table[2, 1] > 0.0
    v1, v2 = np.maximum(q1, _SMALLEST), np.maximum(q2, _SMALLEST)
    _sample(q1, gain1, first, table, jump1, even1, odd1, mean1, norm1)
    if same:
        for i in range(q1.size):
            mean2[i], norm2[i] = mean1[i], norm1[i]
    else:
        _sample(q2, gain2, second, table, jump2, even2, odd2, mean2, norm2)
    terms = 0
    left1, left2 = 1.0, 1.0
    while terms < TERMS and math.sqrt(left1 * left2) > 3e-16 * (terms > 0):
        _project(even1, odd1, table, a, terms)
        if same:
            for i in range(len(a)):
                for term in range(terms, terms + BLOCK):
                    b[i, term] = a[i, term]
        else:
            _project(even2, odd2, table, b, terms)
        terms += BLOCK
        left1 = _left(a, norm1, terms)
        left2 = left1 if same else _left(b, norm2, terms)
    a[:, terms:] = 0.0
    b[:, terms:] = 0.0
    if jump1:
        _from_jumps(a, v1, gain1)
    if jump2:
        _from_jumps(b, v2, gain2)
    return terms, left1, left2


@compiled(
    types.UniTuple(types.float64, 3)(_VECTOR, _VECTOR, _VECTOR, _VECTOR, _VECTOR, types.float64, types.intp),
    error_model="numpy", fastmath=REORDER, nogil=True,
)  # fmt: skip
def _series(
    a: Array, b: Array, mean: Array, mixed: Array, powers: Array, rho: float, terms: int
) -> tuple[float, float, float]:
    """Σ a_n b_n ρⁿ, Σ a_n b_n ρⁿ/(n+1) and Σ_{n≥1} √((n+1)/n) a_{n+1} b_{n−1} ρⁿ; ``mean``, ``mixed``: the factors."""
    width = 8
    powers[0] = 1.0
    for n in range(1, width):
        powers[n] = powers[n - 1] * rho
    last = powers[width - 1] * rho
    for start in range(width, terms, width):
        for n in range(start, start + width):
            powers[n] = powers[n - width] * last
        if abs(powers[start]) < _TINY:
            terms = start
            break
    k11, k, k20 = 0.0, 0.0, 0.0
    for n in range(terms):
        term = a[n] * b[n] * powers[n]
        k11 += term
        k += mean[n] * term
    for n in range(1, min(terms, a.size - 1)):
        k20 += mixed[n] * a[n + 1] * b[n - 1] * powers[n]
    return k11, k, k20


@compiled(FILL_SIGNATURE, error_model="numpy", nogil=True)
def mehler(
    q1: Array,
    q2: Array,
    C: Array,
    gain1: float,
    gain2: float,
    first: int,
    second: int,
    table: Array,
    K: Array,
    K11: Array,
    K20: Array,
) -> None:
    """Fill K, K11, K20 (n1,n2) by the series of this module's docstring."""
    n1, n2 = C.shape
    v1, v2 = np.maximum(q1, _SMALLEST), np.maximum(q2, _SMALLEST)
    one = Expansion(np.empty((n1, TERMS)), np.empty(n1), np.empty(n1))
    other = Expansion(np.empty((n2, TERMS)), np.empty(n2), np.empty(n2))
    a, b, mean1, mean2 = one.a, other.a, one.mean, other.mean
    terms, _, _ = expand(q1, q2, gain1, gain2, first, second, table, one, other)
    over, mixed, powers = np.empty(terms), np.empty(terms), np.empty(terms)
    for n in range(terms):
        over[n] = 1.0 / (n + 1)
        mixed[n] = math.sqrt((n + 1) / max(n, 1))
    for i in range(n1):
        for j in range(n2):
            limit = math.sqrt(v1[i] * v2[j])
            c = min(max(C[i, j], -limit), limit)
            k11, k, k20 = _series(a[i], b[j], over, mixed, powers, c / limit, terms)
            ratio = math.sqrt(v2[j] / v1[i])
            K[i, j] = mean1[i] * mean2[j] + gain1 * gain2 * c * k
            K11[i, j] = gain1 * gain2 * k11
            K20[i, j] = gain1 * (a[i, 1] * mean2[j] / math.sqrt(v1[i]) + gain2 * ratio * k20)
