"""Cofactors of the correlations of four fields, many sets at a time in vector code, and what follows from them.

An array holds rows of BLOCK numbers, one a set. Rows of pairs are in the order 12, 13, 14, 23, 24, 34, so that the
other two of pair r are pair 5 − r. With e = 1 − ρ to 32 digits no cofactor loses its digits, however flat the set; what
is made of them may then be made in float64.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgdode.gaussian.variance.correlations import FIELDS, Fields
from sgdode.jit.angles import upper_angle
from sgdode.jit.compiling import VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.jit.double_double import DOUBLE, Double, minus, plus, scaled, times
from sgdode.model.overlaps import Array

#: How many sets of four are worked on at a time.
BLOCK = 64
#: The pairs of a set of four; pairs 5 − r are the others.
PAIRS = np.array([[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]])
#: For a pair x, y with the others z, w: the pairs xz, yz, xw, yw.
CROSSED = np.array([[1, 3, 2, 4], [0, 3, 2, 5], [0, 4, 1, 5], [0, 1, 4, 5], [0, 2, 3, 5], [1, 2, 3, 4]])


class Room(NamedTuple):
    """Room for BLOCK sets of four.

    ``units`` (BLOCK,4): which. Rows: ``e`` (12): high and low 1 − ρ of the pairs; ``A`` (6): asin ρ; ``C`` (11):
    cofactors 11, 22, 33, 44, those of the pairs, determinant; ``edges`` (6): α of the pairs, as if no sign were turned;
    ``work`` (13), ``best`` (9): see ``tetrahedra``; ``signs`` (5), ``bends`` (7), ``moments`` (6): see ``four_signs``.
    """

    units: NDArray[np.intp]
    e: Array
    A: Array
    C: Array
    edges: Array
    work: Array
    best: Array
    signs: Array
    bends: Array
    moments: Array


#: Room as compiled code knows it.
ROOM = types.NamedTuple((types.intp[:, ::1], *[VECTOR] * 9), Room)


@compiled(ROOM())
def new_room() -> Room:
    """Room for BLOCK sets."""
    units = np.empty((BLOCK, 4), np.intp)
    e, A, C, edges = np.empty(12 * BLOCK), np.empty(6 * BLOCK), np.empty(11 * BLOCK), np.empty(6 * BLOCK)
    work, best, signs = np.empty(13 * BLOCK), np.empty(9 * BLOCK), np.empty(5 * BLOCK)
    return Room(units, e, A, C, edges, work, best, signs, np.empty(7 * BLOCK), np.empty(6 * BLOCK))


_six = compiled(DOUBLE(*[DOUBLE] * 6), error_model="numpy", forceinline=True)


@compiled(DOUBLE(*[DOUBLE] * 3), error_model="numpy", forceinline=True)
def _triple(x: Double, y: Double, z: Double) -> Double:
    """The determinant of three correlations, from 1 − ρ: 2xy(2 − z) − (x + y − z)²."""
    rest = minus(plus(x, y), z)
    return minus(scaled(times(times(x, y), minus((2.0, 0.0), z)), 2.0), times(rest, rest))


@_six
def _cofactor(e12: Double, e13: Double, e14: Double, e23: Double, e24: Double, e34: Double) -> Double:
    """The cofactor C_34, from e = 1 − ρ:
    (e13 − e23)(e14 − e24) − e12 (e13 + e14 + e23 + e24 − e13 e24 − e14 e23 − 2 e34 − e12 (1 − e34))."""
    lift = plus(plus(e13, e24), plus(e14, e23))
    lift = minus(lift, plus(times(e13, e24), times(e14, e23)))
    lift = minus(lift, plus(scaled(e34, 2.0), times(e12, minus((1.0, 0.0), e34))))
    return minus(times(minus(e13, e23), minus(e14, e24)), times(e12, lift))


@compiled(types.void(VECTOR, VECTOR, types.intp), error_model="numpy")
def _cofactors(e: Array, C: Array, count: int) -> None:
    """C_11, C_22, C_33, C_44, C_12 … C_34 and the determinant of ``count`` sets, from high and low 1 − ρ_12 … ρ_34.

    Rows of BLOCK numbers, one a set. The determinant is (C_33 C_44 − C_34²)/(1 − ρ_12²).
    """
    for m in range(count):
        e12, e13 = (e[m], e[6 * BLOCK + m]), (e[BLOCK + m], e[7 * BLOCK + m])
        e14, e23 = (e[2 * BLOCK + m], e[8 * BLOCK + m]), (e[3 * BLOCK + m], e[9 * BLOCK + m])
        e24, e34 = (e[4 * BLOCK + m], e[10 * BLOCK + m]), (e[5 * BLOCK + m], e[11 * BLOCK + m])
        c33, c44 = _triple(e12, e14, e24), _triple(e12, e13, e23)
        c34 = _cofactor(e12, e13, e14, e23, e24, e34)
        C[m] = _triple(e23, e24, e34)[0]
        C[BLOCK + m] = _triple(e13, e14, e34)[0]
        C[2 * BLOCK + m] = c33[0]
        C[3 * BLOCK + m] = c44[0]
        C[4 * BLOCK + m] = _cofactor(e34, e13, e23, e14, e24, e12)[0]
        C[5 * BLOCK + m] = _cofactor(e24, e12, e23, e14, e34, e13)[0]
        C[6 * BLOCK + m] = _cofactor(e23, e12, e24, e13, e34, e14)[0]
        C[7 * BLOCK + m] = _cofactor(e14, e12, e13, e24, e34, e23)[0]
        C[8 * BLOCK + m] = _cofactor(e13, e12, e14, e23, e34, e24)[0]
        C[9 * BLOCK + m] = c34[0]
        left = minus(times(c33, c44), times(c34, c34))
        C[10 * BLOCK + m] = left[0] / (e12[0] * (2.0 - e12[0]))


@compiled(types.void(ROOM, types.intp), error_model="numpy")
def _edges(room: Room, count: int) -> None:
    """α_xy: the angle between the dual vectors z and w, whose cosine is C_zw/√(C_zz C_ww)."""
    e, C, edges = room.e, room.C, room.edges
    for pair in range(6):
        start, other = pair * BLOCK, (9 - pair) * BLOCK
        for m in range(count):
            width = math.sqrt(e[start + m] * (2.0 - e[start + m]) * max(C[10 * BLOCK + m], 0.0))
            edges[start + m] = upper_angle(width, C[other + m])


@compiled(types.void(FIELDS, ROOM, types.intp), error_model="numpy")
def fill_cofactors(fields: Fields, room: Room, count: int) -> None:
    """Fill ``e``, ``A``, ``C`` and ``edges`` for the first ``count`` sets."""
    for pair in range(6):
        for m in range(count):
            i, j = room.units[m, PAIRS[pair, 0]], room.units[m, PAIRS[pair, 1]]
            room.e[pair * BLOCK + m], room.e[(6 + pair) * BLOCK + m] = fields.E[i, j], fields.low[i, j]
            room.A[pair * BLOCK + m] = fields.A[i, j]
    _cofactors(room.e, room.C, count)
    _edges(room, count)
