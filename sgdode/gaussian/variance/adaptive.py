"""The variance term of any activations by quadrature on the scale on which they change, given the fields of a pair.

As in :mod:`conditioning`, given λ_i and λ_j (two numbers ζ) the other fields are Gaussian of means μ_c = α_c ζ_1 + β_c
ζ_2 and a covariance T that does not depend on ζ, and Mehler's series gives
  E[(Σ_c v_c s_c)² | ζ] = Σ_n Σ_bc v_b v_c F_nb F_nc (T_bc/√(T_bb T_cc))ⁿ,   F_nc(μ) = E[s_c(μ + √T_cc ξ) h_n(ξ)].
Here every integral has edges where the activations have theirs: ζ_2 where any field's mean crosses one, unless what is
left of its spread smooths it; F_nc is tabulated over μ and interpolated. What N terms leave out of E[s_c²], r_c by
Parseval, is kept as one term more, √r_b √r_c cosᴺ: exact for b = c, and for equal fields, so that perfect learning
stays a fixed point; for others it is wrong by 2 √(r_b r_c) |cos|ᴺ at most, and that is summed as a bound.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sgdode.gaussian.variance.conditioning import condition
from sgdode.gaussian.variance.edge_rule import COUNT, RULE, Gauss, add_edges, between, panel_ends
from sgdode.gaussian.variance.sparse_product import Whole
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.jit.pairs import PAIR, Pair
from sgdode.jit.units import evaluate_at
from sgdode.model.overlaps import Array

_REACH = 9.0
_SMOOTH = 0.6  # panels need not be narrower than this share of the spread that smooths them
_PANELS = 72  # of a table over μ, at most
_TERMS = 64
_ENOUGH = 1e-13  # of E[s²]: less need not be a term of its own
_EQUAL = 1e-12  # 1 − |cos| of fields that are one field
_TABLES = types.float64[:, :, :, ::1]


@compiled(types.void(PAIR, types.boolean, VECTOR, VECTOR, VECTOR))
def _evaluate(st: Pair, student: bool, lam: Array, s: Array, ds: Array) -> None:
    """s and s' of students or of teachers at fields ``lam``."""
    gain = st.gain1 if student else st.gain2
    scaled = lam * gain
    if student:
        evaluate_at(st.first, scaled, s, ds)
    else:
        evaluate_at(st.second, scaled, s, ds)
    for at in range(ds.size):
        ds[at] *= gain


@compiled(
    COUNT(PAIR, types.boolean, VECTOR, RULE, types.float64, types.float64, COUNT, MATRIX, COUNT, MATRIX),
)  # fmt: skip
def _moments(
    st: Pair,
    student: bool,
    edges: Array,
    rule: Gauss,
    mean: float,
    spread: float,
    terms: int,
    table: Array,
    at: int,
    room: Array,
) -> int:
    """table[at, n] = F_n(mean), n < terms, and table[at, terms] = what they leave of E[s²]; returns how many matter."""
    count = panel_ends(room, add_edges(edges, spread, mean, _REACH, 0.0, room, 0), _REACH)
    xi, weight = between(rule, room[0], count)
    s, ds = np.empty(xi.size), np.empty(xi.size)
    _evaluate(st, student, mean + spread * xi, s, ds)
    left = np.dot(weight, s * s)
    least = _ENOUGH * left
    table[at] = 0.0
    before, now = np.zeros(xi.size), weight * s
    for n in range(terms):
        total = np.sum(now)
        table[at, n] = total
        left -= total * total
        if left <= least:
            table[at, terms] = max(left, 0.0)
            return n + 1
        root, next_root = math.sqrt(n), 1.0 / math.sqrt(n + 1.0)
        for x in range(xi.size):
            following = (xi[x] * now[x] - root * before[x]) * next_root
            before[x] = now[x]
            now[x] = following
    table[at, terms] = max(left, 0.0)
    return terms


@compiled(
    types.UniTuple(COUNT, 2)(
        PAIR, types.boolean, VECTOR, RULE, types.float64, types.float64, COUNT, _TABLES, COUNT, VECTOR, MATRIX
    ),
)  # fmt: skip
def _tabulate(
    st: Pair, student: bool, edges: Array, rule: Gauss, size: float, spread: float, terms: int, tables: Array, c: int,
    grid: Array, room: Array,
) -> tuple[int, int]:  # fmt: skip
    """Fill tables[c, panel, node, n] over panels of μ with the edges ``grid``, for a field of standard deviation
    ``size`` and conditional one ``spread``; returns how many edges there are, and how many terms matter."""
    m = rule.nodes.size
    reach = size / spread  # in units of the spread, so that the gap is a share of it
    count = add_edges(edges, spread, 0.0, _REACH * reach, _SMOOTH, room, 0)
    count = min(count, _PANELS - 2)
    grid[0] = -_REACH * size
    kept = 1
    for at in range(count):
        if room[0, at] * spread - grid[kept - 1] > _SMOOTH * spread:
            grid[kept] = room[0, at] * spread
            kept += 1
    grid[kept] = _REACH * size
    used = 1
    for panel in range(kept):
        half = 0.5 * (grid[panel + 1] - grid[panel])
        for x in range(m):
            mean = grid[panel] + half * (1.0 + rule.nodes[x])
            found = _moments(st, student, edges, rule, mean, spread, terms, tables[c, panel], x, room)
            used = max(used, found)
    return kept + 1, used


@compiled(types.void(RULE, VECTOR, COUNT, types.float64, types.float64[:, :, ::1], VECTOR))
def _look_up(rule: Gauss, grid: Array, edges: int, mean: float, tables: Array, F: Array) -> None:
    """F[n] of a mean, one field's, by interpolation in its panel of ``tables`` (panels, nodes, ·)."""
    m = rule.nodes.size
    panel = min(max(int(np.searchsorted(grid[:edges], mean)) - 1, 0), edges - 2)
    t = 2.0 * (mean - grid[panel]) / (grid[panel + 1] - grid[panel]) - 1.0
    total, hit = 0.0, -1
    for x in range(m):
        if t == rule.nodes[x]:
            hit = x
        else:
            total += rule.barycentric[x] / (t - rule.nodes[x])
    table = tables[panel]
    if hit >= 0:
        for n in range(F.size):
            F[n] = table[hit, n]
        return
    F[:] = 0.0
    for x in range(m):
        share = rule.barycentric[x] / (t - rule.nodes[x])
        for n in range(F.size):
            F[n] += share * table[x, n]
    for n in range(F.size):
        F[n] /= total


class Given(NamedTuple):
    """The fields given i and j: means ``alpha`` ζ_1 + ``beta`` ζ_2, spreads and correlations; the tables and their
    grids (n,·) of ``edges`` each, how many ``terms``, and for which pairs the last one is no more than a bound."""

    alpha: Array
    beta: Array
    spread: Array
    cosine: Array
    tables: Array
    grids: Array
    edges: Whole
    terms: int
    apart: Array


_GIVEN = types.NamedTuple(
    (VECTOR, VECTOR, VECTOR, MATRIX, _TABLES, MATRIX, types.int64[::1], types.int64, MATRIX), Given
)


@compiled(types.UniTuple(types.float64, 2)(_GIVEN, VECTOR, MATRIX))
def _square(given: Given, v: Array, F: Array) -> tuple[float, float]:
    """E[(Σ v_c s_c)² | ζ] and the bound of its error, from F (n, terms + 1), whose last column is r."""
    n, total, bound, terms = v.size, 0.0, 0.0, given.terms
    for c in range(n):
        F[c, terms] = math.sqrt(max(F[c, terms], 0.0))
    for b in range(n):
        total += v[b] * v[b] * F[b, terms] * F[b, terms]
        for term in range(terms if given.spread[b] > 0.0 else 1):
            total += v[b] * v[b] * F[b, term] * F[b, term]
        for c in range(b + 1, n):
            cosine, inner, power = given.cosine[b, c], F[b, 0] * F[c, 0], 1.0
            if cosine != 0.0:
                for term in range(1, terms + 1):
                    power *= cosine
                    inner += power * F[b, term] * F[c, term]
                bound += 4.0 * abs(v[b] * v[c] * power) * F[b, terms] * F[c, terms] * given.apart[b, c]
            total += 2.0 * v[b] * v[c] * inner
    return total, bound


@compiled(
    types.UniTuple(types.float64, 2)(
        _GIVEN, PAIR, RULE, VECTOR, types.float64, *[COUNT] * 3, types.float64, VECTOR, VECTOR
    ),
)  # fmt: skip
def _line(
    given: Given, st: Pair, rule: Gauss, v: Array, noise: float, p: int, i: int, j: int, first: float, zeta: Array,
    weight: Array,
) -> tuple[float, float]:  # fmt: skip
    """The average over ζ_2 (nodes ``zeta``, ``weight``) at ζ_1 = ``first``, and the bound of its error."""
    n, size = v.size, zeta.size
    s, ds = np.zeros((n, size)), np.zeros((n, size))
    for c in range(n):
        if given.spread[c] == 0.0:
            _evaluate(st, c < p, given.alpha[c] * first + given.beta[c] * zeta, s[c], ds[c])
    F = np.zeros((n, given.terms + 1))
    total, bound = 0.0, 0.0
    slopes = weight * ds[i] * ds[j]
    least = 1e-20 * np.max(np.abs(slopes))
    for at in range(size):
        if first * first + zeta[at] * zeta[at] > _REACH * _REACH or abs(slopes[at]) <= least:
            continue
        for c in range(n):
            if given.spread[c] == 0.0:
                F[c, 0] = s[c, at]
                F[c, given.terms] = 0.0
            else:
                mean = given.alpha[c] * first + given.beta[c] * zeta[at]
                _look_up(rule, given.grids[c], given.edges[c], mean, given.tables[c], F[c])
        square, error = _square(given, v, F)
        total += slopes[at] * (square + noise)
        bound += abs(slopes[at]) * error
    return total, bound


@compiled(
    _GIVEN(MATRIX, PAIR, RULE, VECTOR, VECTOR, *[COUNT] * 3, types.boolean, MATRIX, VECTOR, MATRIX)
)  # fmt: skip
def _prepare(
    Omega: Array, st: Pair, rule: Gauss, first: Array, second: Array, p: int, i: int, j: int, same: bool, cosine: Array,
    spread: Array, room: Array,
) -> Given:  # fmt: skip
    """The tables given the fields i and j; ``cosine`` and ``spread`` are those of :func:`condition`."""
    n = spread.size
    apart, largest = np.ones((n, n)), 0.0
    for b in range(n):
        for c in range(n):
            one = abs(cosine[b, c]) > 1.0 - _EQUAL and abs(spread[b] - spread[c]) <= _EQUAL * spread[b]
            if b != c and one and ((b < p) == (c < p) or same):
                apart[b, c] = 0.0
            elif b != c:
                largest = max(largest, min(abs(cosine[b, c]), 0.999))
    terms = 8
    if largest > 0.0:
        terms = min(max(int(-24.0 / math.log(largest)), 8), _TERMS)
    tables, grids = np.empty((n, _PANELS, rule.nodes.size, terms + 1)), np.empty((n, _PANELS + 1))
    edges, used = np.zeros(n, np.int64), 1
    for c in range(n):
        if spread[c] > 0.0:
            own, deviation = (first if c < p else second), math.sqrt(Omega[c, c])
            edges[c], found = _tabulate(st, c < p, own, rule, deviation, spread[c], terms, tables, c, grids[c], room)
            used = max(used, found)
    tables[:, :, :, used] = tables[:, :, :, terms]
    return Given(spread, spread, spread, cosine, tables, grids, edges, used, apart)


@compiled(
    types.void(
        MATRIX, VECTOR, types.float64, PAIR, VECTOR, VECTOR, types.boolean, RULE, MATRIX, MATRIX
    ),
    nogil=True,
)  # fmt: skip
def adaptive_variance(
    Omega: Array,
    v: Array,
    noise: float,
    st: Pair,
    first: Array,
    second: Array,
    same: bool,
    rule: Gauss,
    out: Array,
    bound: Array,
) -> None:
    """Fill ``out`` (p,p) with V_ij and ``bound`` (p,p) with what the series may leave out.

    ``first``, ``second``: the edges of the activations of students and of teachers (of their fields, to 9 standard
    deviations of the largest); ``same``: whether they are one.
    """
    p, n = out.shape[0], v.size
    room = np.empty((2, n * max(first.size, second.size) + 64))
    one, other = np.zeros(1), np.ones(1)
    for i in range(p):
        for j in range(i, p):
            alpha, beta, spread, cosine = np.empty(n), np.empty(n), np.empty(n), np.empty((n, n))
            plane = condition(Omega, i, j, alpha, beta, spread, cosine)
            left = _prepare(Omega, st, rule, first, second, p, i, j, same, cosine, spread, room)
            given = Given(alpha, beta, spread, cosine, left.tables, left.grids, left.edges, left.terms, left.apart)
            count = 0
            for c in range(n):
                gap = _SMOOTH * math.sqrt(beta[c] * beta[c] + spread[c] * spread[c])
                if abs(alpha[c]) > 1e-14 * gap:
                    own = first if c < p else second
                    count = add_edges(own, alpha[c], 0.0, _REACH, gap / abs(alpha[c]), room, count)
            x, w = between(rule, room[0], panel_ends(room, count, _REACH))
            total, error = 0.0, 0.0
            for at in range(x.size):
                zeta, weight = one, other
                if plane:
                    count = 0
                    for c in range(n):
                        gap = _SMOOTH * spread[c]
                        if abs(beta[c]) > 1e-14 * gap and beta[c] != 0.0:
                            own = first if c < p else second
                            shift, least = alpha[c] * x[at], gap / abs(beta[c])
                            count = add_edges(own, beta[c], shift, _REACH, least, room, count)
                    zeta, weight = between(rule, room[0], panel_ends(room, count, _REACH))
                part, missing = _line(given, st, rule, v, noise, p, i, j, x[at], zeta, weight)
                total += w[at] * part
                error += w[at] * missing
            out[i, j], bound[i, j] = total, error
            out[j, i], bound[j, i] = total, error
