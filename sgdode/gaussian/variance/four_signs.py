"""Averages of the signs of four Gaussian fields, E[λ_b λ_c sgn λ_1 sgn λ_2 sgn λ_3 sgn λ_4], b and c two of the four.

Choose signs s. As Σ_x s_x sgn λ_x is −4, −2, 0, 2 or 4,
  Π_x s_x sgn λ_x = −1 − Σ_{x<y} s_x s_y sgn λ_x sgn λ_y + 8 [all s_x sgn λ_x equal],
so that all but an orthant and its opposite is a matter of pairs. With s the signs of a vanishing, or nearly vanishing,
combination of the four fields the orthant is empty, or thin: nothing is lost in singular sets.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, types

from sgdode.gaussian.variance.correlations import FIELDS, Fields
from sgdode.gaussian.variance.four_cofactors import BLOCK, CROSSED, PAIRS, ROOM, Room, fill_cofactors
from sgdode.gaussian.variance.orthants import RULES, Rules, fill_best, tetrahedron
from sgdode.jit.pairs import MATRIX, VECTOR
from sgdode.model.overlaps import Array

#: sin² of all angles of a spherical triangle below which its three fields count as dependent.
_FLAT = 1e-10
_TWO_PI = 2.0 / math.pi
#: The pairs among the three fields other than 0, 1, 2, 3.
_SIDES = np.array([[3, 4, 5], [1, 2, 5], [0, 2, 4], [0, 1, 3]])


@njit(types.intp(ROOM, types.intp), cache=True, error_model="numpy", forceinline=True)
def _dependent(room: Room, m: int) -> Any:
    """The field that can be left out of set m so that the three others are dependent; −1 for none."""
    for w in range(4):
        xy, xz = room.e[_SIDES[w, 0] * BLOCK + m], room.e[_SIDES[w, 1] * BLOCK + m]
        yz = room.e[_SIDES[w, 2] * BLOCK + m]
        one, two, three = xy * (2.0 - xy), xz * (2.0 - xz), yz * (2.0 - yz)
        if room.C[w * BLOCK + m] * max(one, two, three) <= _FLAT * (one * two * three):
            return w
    return -1


@njit(types.void(FIELDS, ROOM, types.intp, types.intp), cache=True, error_model="numpy")
def _rarest(fields: Fields, room: Room, m: int, out: int) -> None:
    """The three fields of set m without ``out`` get the signs that they have together least often: probabilities go
    with sums of asin ρ."""
    units, signs = room.units[m], room.signs
    x, y, z = (0 if out > 0 else 1), (1 if out > 1 else 2), (2 if out > 2 else 3)
    a, b, c = fields.A[units[x], units[y]], fields.A[units[x], units[z]], fields.A[units[y], units[z]]
    signs[:] = 1.0
    least = min(min(a + b + c, c - a - b), min(b - a - c, a - b - c))
    if c - a - b == least:
        signs[x] = -1.0
    elif b - a - c == least:
        signs[y] = -1.0
    elif a - b - c == least:
        signs[z] = -1.0


@njit(types.float64(FIELDS, ROOM, RULES, types.intp), cache=True, error_model="numpy", forceinline=True)
def _orthant(fields: Fields, room: Room, rules: Rules, m: int) -> Any:
    """Choose the signs for set m; 16 times the probability of having them, −1 where it and all edges count as 0."""
    out = _dependent(room, m)
    if out >= 0:
        _rarest(fields, room, m, out)
        return -1.0
    best, pair = room.best, int(room.best[8 * BLOCK + m])
    room.signs[PAIRS[pair, 0]], room.signs[PAIRS[pair, 1]] = 1.0, best[5 * BLOCK + m]
    room.signs[PAIRS[5 - pair, 0]], room.signs[PAIRS[5 - pair, 1]] = best[6 * BLOCK + m], best[7 * BLOCK + m]
    return tetrahedron(room, rules, m)


@njit(types.float64(FIELDS, ROOM, RULES, types.intp), cache=True, error_model="numpy", forceinline=True)
def _averages(fields: Fields, room: Room, rules: Rules, m: int) -> Any:
    """E[sgn sgn sgn sgn] of set m, and ``bends`` (6,): its derivatives by ρ of a pair, times 1 − ρ²."""
    volume = _orthant(fields, room, rules, m)
    units, signs, pairs = room.units[m], room.signs, 0.0
    for pair in range(6):
        x, y = PAIRS[pair, 0], PAIRS[pair, 1]
        both = signs[PAIRS[5 - pair, 0]] * signs[PAIRS[5 - pair, 1]]
        pairs += signs[x] * signs[y] * fields.A[units[x], units[y]]
        edge = room.edges[pair * BLOCK + m] if volume >= 0.0 else 0.0
        edge = math.pi - edge if both < 0.0 and volume >= 0.0 else edge
        room.bends[pair] = both * _TWO_PI * (_TWO_PI * edge - 1.0) * fields.W[units[x], units[y]]
    return signs[0] * signs[1] * signs[2] * signs[3] * (max(volume, 0.0) - 1.0 - _TWO_PI * pairs)


@njit(types.float64(*[types.float64] * 5), cache=True, error_model="numpy")
def pair_bend(bx: float, by: float, cx: float, cy: float, e: float) -> Any:
    """w = ρ_bx ρ_cy + ρ_by ρ_cx − ρ_xy (ρ_bx ρ_cx + ρ_by ρ_cy), with e = 1 − ρ_xy: the part of a pair of signs x, y in
    E[u_b u_c sgn u_x sgn u_y] = (2/π)(ρ_bc asin ρ_xy + w/√(1 − ρ_xy²))."""
    return 0.5 * ((bx + by) * (cx + cy) * e - (bx - by) * (cx - cy) * (2.0 - e))


@njit(
    types.float64(FIELDS, VECTOR, types.float64, *[types.intp] * 5), cache=True, error_model="numpy", forceinline=True
)
def _moment(fields: Fields, bends: Array, g: float, pair: int, x: int, y: int, z: int, w: int) -> Any:
    """E[u_x u_y sgn u_x sgn u_y sgn u_z sgn u_w], xy the given pair, by g = E[sgn sgn sgn sgn] and Price's theorem."""
    R, J = fields.R, fields.J
    xz, yz, xw, yw = CROSSED[pair, 0], CROSSED[pair, 1], CROSSED[pair, 2], CROSSED[pair, 3]
    total = R[x, y] * g + bends[pair] + bends[xz] * R[y, z] + bends[yz] * R[x, z]
    total += bends[xw] * R[y, w] + bends[yw] * R[x, w]
    bend = pair_bend(R[x, z], R[x, w], R[y, z], R[y, w], fields.E[z, w])
    return total + bends[5 - pair] * bend * (J[z, w] * J[z, w])


@njit(types.void(ROOM, FIELDS, RULES, types.intp, VECTOR, VECTOR, MATRIX), cache=True, error_model="numpy")
def add_sets(room: Room, fields: Fields, rules: Rules, count: int, outer: Array, inner: Array, V: Array) -> None:
    """Add what ``count`` sets give to the upper triangle of V (p,p): for every pair z, w of two of its students
    2 outer_z outer_w inner_x inner_y E[u_x u_y sgn sgn sgn sgn], x and y the two others, in both orders."""
    fill_cofactors(fields, room, count)
    fill_best(room, count)
    for m in range(count):
        g = _averages(fields, room, rules, m)
        units = room.units[m]
        for pair in range(6):
            x, y = units[PAIRS[pair, 0]], units[PAIRS[pair, 1]]
            z, w = units[PAIRS[5 - pair, 0]], units[PAIRS[5 - pair, 1]]
            if w < V.shape[0]:
                moment = _moment(fields, room.bends, g, pair, x, y, z, w)
                V[z, w] += 2.0 * outer[z] * outer[w] * inner[x] * inner[y] * moment
