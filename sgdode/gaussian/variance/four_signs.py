"""Averages of the signs of four Gaussian fields, E[λ_b λ_c sgn λ_1 sgn λ_2 sgn λ_3 sgn λ_4], b and c two of the four.

Choose signs s. As Σ_x s_x sgn λ_x is −4, −2, 0, 2 or 4,
  Π_x s_x sgn λ_x = −1 − Σ_{x<y} s_x s_y sgn λ_x sgn λ_y + 8 [all s_x sgn λ_x equal],
so that all but an orthant and its opposite is a matter of pairs. With s the signs of a vanishing, or nearly vanishing,
combination of the four fields the orthant is empty, or thin: nothing is lost in singular sets.
"""

from __future__ import annotations

import math

import numpy as np

from sgdode.gaussian.variance.correlations import FIELDS, Fields
from sgdode.gaussian.variance.four_cofactors import BLOCK, PAIRS, ROOM, Room, fill_cofactors
from sgdode.gaussian.variance.tetrahedra import RULES, Rules, fill_best, tetrahedron
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.model.overlaps import Array

#: sin² of all angles of a spherical triangle below which its three fields count as dependent.
_FLAT = 1e-10
_TWO_PI = 2.0 / math.pi
#: The pairs among the three fields other than 0, 1, 2, 3.
_SIDES = np.array([[3, 4, 5], [1, 2, 5], [0, 2, 4], [0, 1, 3]])


@compiled(types.intp(ROOM, types.intp), error_model="numpy", forceinline=True)
def _dependent(room: Room, m: int) -> int:
    """The field that can be left out of set m so that the three others are dependent; −1 for none."""
    for w in range(4):
        xy, xz = room.e[_SIDES[w, 0] * BLOCK + m], room.e[_SIDES[w, 1] * BLOCK + m]
        yz = room.e[_SIDES[w, 2] * BLOCK + m]
        one, two, three = xy * (2.0 - xy), xz * (2.0 - xz), yz * (2.0 - yz)
        if room.C[w * BLOCK + m] * max(one, two, three) <= _FLAT * (one * two * three):
            return w
    return -1


@compiled(types.void(ROOM, types.intp, types.intp), error_model="numpy")
def _rarest(room: Room, m: int, out: int) -> None:
    """The three fields of set m without ``out`` get the signs that they have together least often: probabilities go
    with sums of asin ρ."""
    x, y, z = (0 if out > 0 else 1), (1 if out > 1 else 2), (2 if out > 2 else 3)
    a, b = room.A[_SIDES[out, 0] * BLOCK + m], room.A[_SIDES[out, 1] * BLOCK + m]
    c = room.A[_SIDES[out, 2] * BLOCK + m]
    for unit in range(4):
        room.signs[unit * BLOCK + m] = 1.0
    least = min(min(a + b + c, c - a - b), min(b - a - c, a - b - c))
    if c - a - b == least:
        room.signs[x * BLOCK + m] = -1.0
    elif b - a - c == least:
        room.signs[y * BLOCK + m] = -1.0
    elif a - b - c == least:
        room.signs[z * BLOCK + m] = -1.0


@compiled(types.void(ROOM, RULES, types.intp), error_model="numpy")
def _orthants(room: Room, rules: Rules, count: int) -> None:
    """Choose the signs; the last row: 16 times the probability of having them, −1 where it and all edges count as 0."""
    best, signs = room.best, room.signs
    for m in range(count):
        out = _dependent(room, m)
        if out >= 0:
            _rarest(room, m, out)
            signs[4 * BLOCK + m] = -1.0
        else:
            pair = int(best[8 * BLOCK + m])
            signs[PAIRS[pair, 0] * BLOCK + m] = 1.0
            signs[PAIRS[pair, 1] * BLOCK + m] = best[5 * BLOCK + m]
            signs[PAIRS[5 - pair, 0] * BLOCK + m] = best[6 * BLOCK + m]
            signs[PAIRS[5 - pair, 1] * BLOCK + m] = best[7 * BLOCK + m]
            signs[4 * BLOCK + m] = tetrahedron(room, rules, m)


@compiled(types.void(ROOM, *[types.intp] * 6), error_model="numpy")
def _bend(room: Room, pair: int, x: int, y: int, z: int, w: int, count: int) -> None:
    """``bends``: of E[sgn sgn sgn sgn] the derivative by ρ_xy, times 1 − ρ_xy²; in the last row the pair's own part."""
    e, signs, bends, edges, A = room.e, room.signs, room.bends, room.edges, room.A
    for m in range(count):
        both, live = signs[z * BLOCK + m] * signs[w * BLOCK + m], signs[4 * BLOCK + m] >= 0.0
        alpha = 0.5 * math.pi + both * (edges[pair * BLOCK + m] - 0.5 * math.pi)
        alpha = alpha if live else 0.0
        h = e[pair * BLOCK + m] * (2.0 - e[pair * BLOCK + m])
        bends[pair * BLOCK + m] = both * _TWO_PI * (_TWO_PI * alpha - 1.0) * math.sqrt(h)
        bends[6 * BLOCK + m] -= both * _TWO_PI * A[pair * BLOCK + m]


@compiled(types.void(ROOM, types.intp), error_model="numpy")
def _bends(room: Room, count: int) -> None:
    """Fill ``bends``, the last row with E[sgn sgn sgn sgn]."""
    signs, bends = room.signs, room.bends
    for m in range(count):
        all_four = signs[m] * signs[BLOCK + m] * signs[2 * BLOCK + m] * signs[3 * BLOCK + m]
        bends[6 * BLOCK + m] = all_four * (max(signs[4 * BLOCK + m], 0.0) - 1.0)
    _bend(room, 0, 0, 1, 2, 3, count)
    _bend(room, 1, 0, 2, 1, 3, count)
    _bend(room, 2, 0, 3, 1, 2, count)
    _bend(room, 3, 1, 2, 0, 3, count)
    _bend(room, 4, 1, 3, 0, 2, count)
    _bend(room, 5, 2, 3, 0, 1, count)


@compiled(types.float64(*[types.float64] * 5), error_model="numpy", forceinline=True)
def pair_bend(bx: float, by: float, cx: float, cy: float, e: float) -> float:
    """w = ρ_bx ρ_cy + ρ_by ρ_cx − ρ_xy (ρ_bx ρ_cx + ρ_by ρ_cy), with e = 1 − ρ_xy: the part of a pair of signs x, y in
    E[u_b u_c sgn u_x sgn u_y] = (2/π)(ρ_bc asin ρ_xy + w/√(1 − ρ_xy²))."""
    return 0.5 * ((bx + by) * (cx + cy) * e - (bx - by) * (cx - cy) * (2.0 - e))


@compiled(types.void(ROOM, *[types.intp] * 6), error_model="numpy")
def _moment(room: Room, pair: int, xz: int, yz: int, xw: int, yw: int, count: int) -> None:
    """``moments``: E[u_x u_y sgn u_x sgn u_y sgn u_z sgn u_w], xy the given pair, by Price's theorem."""
    e, bends, moments = room.e, room.bends, room.moments
    for m in range(count):
        rxz, ryz = 1.0 - e[xz * BLOCK + m], 1.0 - e[yz * BLOCK + m]
        rxw, ryw = 1.0 - e[xw * BLOCK + m], 1.0 - e[yw * BLOCK + m]
        total = (1.0 - e[pair * BLOCK + m]) * bends[6 * BLOCK + m] + bends[pair * BLOCK + m]
        total += bends[xz * BLOCK + m] * ryz + bends[yz * BLOCK + m] * rxz
        total += bends[xw * BLOCK + m] * ryw + bends[yw * BLOCK + m] * rxw
        ezw = e[(5 - pair) * BLOCK + m]
        h = ezw * (2.0 - ezw)
        last = bends[(5 - pair) * BLOCK + m] * pair_bend(rxz, rxw, ryz, ryw, ezw) / (h if h > 0.0 else 1.0)
        moments[pair * BLOCK + m] = total + last


@compiled(types.void(ROOM, types.intp), error_model="numpy")
def _moments(room: Room, count: int) -> None:
    """Fill ``moments``."""
    _moment(room, 0, 1, 3, 2, 4, count)
    _moment(room, 1, 0, 3, 2, 5, count)
    _moment(room, 2, 0, 4, 1, 5, count)
    _moment(room, 3, 0, 1, 4, 5, count)
    _moment(room, 4, 0, 2, 3, 5, count)
    _moment(room, 5, 1, 2, 3, 4, count)


@compiled(types.void(ROOM, FIELDS, RULES, types.intp, VECTOR, VECTOR, MATRIX), error_model="numpy")
def add_sets(room: Room, fields: Fields, rules: Rules, count: int, outer: Array, inner: Array, V: Array) -> None:
    """Add what ``count`` sets give to the upper triangle of V (p,p): for every pair z, w of two of its students
    2 outer_z outer_w inner_x inner_y E[u_x u_y sgn sgn sgn sgn], x and y the two others, in both orders."""
    fill_cofactors(fields, room, count)
    fill_best(room, count)
    _orthants(room, rules, count)
    _bends(room, count)
    _moments(room, count)
    for m in range(count):
        units = room.units[m]
        for pair in range(6):
            x, y = units[PAIRS[pair, 0]], units[PAIRS[pair, 1]]
            z, w = units[PAIRS[5 - pair, 0]], units[PAIRS[5 - pair, 1]]
            if w < V.shape[0]:
                V[z, w] += 2.0 * outer[z] * outer[w] * inner[x] * inner[y] * room.moments[pair * BLOCK + m]
