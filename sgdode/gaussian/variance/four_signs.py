"""Averages of the signs of four Gaussian fields, E[λ_b λ_c sgn λ_1 sgn λ_2 sgn λ_3 sgn λ_4], b and c two of the four.

Choose signs s. As Σ_x s_x sgn λ_x is −4, −2, 0, 2 or 4,
  Π_x s_x sgn λ_x = −1 − Σ_{x<y} s_x s_y sgn λ_x sgn λ_y + 8 [all s_x sgn λ_x equal],
so that all but an orthant and its opposite is a matter of pairs. With s the signs of a nearly vanishing combination of
the four fields this orthant is thin, and what is computed of it may be less precise the thinner it is.

Its probability P is a spherical tetrahedron of dihedral angles π/2 + s_x s_y asin ρ_xy and lengths of edges α_xy
(between the dual vectors of the other two, z and w): by Schläfli's formula dP = Σ α_xy s_x s_y dρ_xy /(4π² √(1−ρ_xy²)).
P is integrated along ρ_12 from the nearer end, where the determinant is 0, to where it is: the correlation of λ_1 and
λ_2 given the others is ±(1 − y²), which takes the root at this end away. What is left are branch points on the
imaginary axis of y: y = √η sinh w, Gauss-Legendre in w.

Sets are taken BLOCK at a time, so that what is not an integral is vector code: an array holds rows of BLOCK numbers,
one a set. Rows of pairs are in the order 12, 13, 14, 23, 24, 34, so that the other two of pair r are pair 5 − r.
Numbers of 32 digits enter the cofactors of the four correlations alone; all angles follow from these.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit, types

from sgdode.gaussian.variance.correlations import FIELDS, Fields
from sgdode.jit.atan import upper_angle
from sgdode.jit.double_double import DOUBLE, minus, plus, scaled, times
from sgdode.jit.pairs import MATRIX, VECTOR
from sgdode.model.overlaps import Array

#: How many sets of four are worked on at a time.
BLOCK = 64
#: sin² of all angles of a spherical triangle below which its three fields count as dependent.
_FLAT = 1e-10
_TWO_PI = 2.0 / math.pi
_LONGEST = 17.0  # of w
#: The pairs of a set of four; pairs 5 − r are the others.
PAIRS = np.array([[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]])
#: For a pair x, y with the others z, w: the pairs xz, yz, xw, yw.
CROSSED = np.array([[1, 3, 2, 4], [0, 3, 2, 5], [0, 4, 1, 5], [0, 1, 4, 5], [0, 2, 3, 5], [1, 2, 3, 4]])

#: The pairs among the three fields other than 0, 1, 2, 3.
SIDES = np.array([[3, 4, 5], [1, 2, 5], [0, 2, 4], [0, 1, 3]])


class Rules(NamedTuple):
    """Paths of length L in w: sinh L (rows,), number of nodes (rows,), and (y/Y)² and y dy/Y² at the nodes."""

    reach: Array
    counts: Array
    squares: Array
    weights: Array


#: Rules as compiled code knows them.
RULES = types.NamedTuple((VECTOR, VECTOR, MATRIX, MATRIX), Rules)


def path_rules(boost: float = 1.0) -> Rules:
    """Rules for all lengths, with ``boost`` times as many nodes as are needed."""
    lengths = np.concatenate([[0.25, 0.5, 0.75], np.arange(1.0, _LONGEST, 0.5)])
    counts = 4 * np.ceil(boost * (7.0 + 4.0 * lengths) / 4.0).astype(int)
    squares, weights = np.zeros((lengths.size, counts.max())), np.zeros((lengths.size, counts.max()))
    for row, (length, count) in enumerate(zip(lengths, counts, strict=True)):
        x, w = np.polynomial.legendre.leggauss(count)
        at = 0.5 * length * (1.0 + x)
        y = np.sinh(at) / np.sinh(length)
        squares[row, :count] = y * y
        weights[row, :count] = 0.5 * length * w * y * np.cosh(at) / np.sinh(length)
    return Rules(np.sinh(lengths), counts.astype(float), squares, weights)


class Room(NamedTuple):
    """Room for BLOCK sets of four.

    ``units`` (BLOCK,4): which. Rows: ``e`` (12): high and low 1 − ρ of the pairs; ``C`` (11): cofactors 11, 22, 33, 44,
    those of the pairs, determinant; ``edges`` (6): α of the others' dual vectors, as if no sign were turned; ``work``
    (13) and ``best`` (12): see :func:`_consider`. ``signs`` (4,), ``bends`` (6,): of one set, see :func:`_averages`.
    """

    units: Any
    e: Array
    C: Array
    edges: Array
    work: Array
    best: Array
    signs: Array
    bends: Array


#: Room as compiled code knows it.
ROOM = types.NamedTuple((types.intp[:, ::1], *[VECTOR] * 7), Room)


@njit(ROOM(), cache=True)
def new_room() -> Room:
    """Room for BLOCK sets."""
    units = np.empty((BLOCK, 4), np.intp)
    e, C, edges = np.empty(12 * BLOCK), np.empty(11 * BLOCK), np.empty(6 * BLOCK)
    return Room(units, e, C, edges, np.empty(13 * BLOCK), np.empty(12 * BLOCK), np.empty(4), np.empty(6))


_six = njit(DOUBLE(*[DOUBLE] * 6), cache=True, error_model="numpy", forceinline=True)


@njit(DOUBLE(*[DOUBLE] * 3), cache=True, error_model="numpy", forceinline=True)
def _triple(x: Any, y: Any, z: Any) -> Any:
    """The determinant of three correlations, from 1 − ρ: 2xy(2 − z) − (x + y − z)²."""
    rest = minus(plus(x, y), z)
    return minus(scaled(times(times(x, y), minus((2.0, 0.0), z)), 2.0), times(rest, rest))


@_six
def _cofactor(e12: Any, e13: Any, e14: Any, e23: Any, e24: Any, e34: Any) -> Any:
    """The cofactor C_34, from e = 1 − ρ:
    (e13 − e23)(e14 − e24) − e12 (e13 + e14 + e23 + e24 − e13 e24 − e14 e23 − 2 e34 − e12 (1 − e34))."""
    lift = plus(plus(e13, e24), plus(e14, e23))
    lift = minus(lift, plus(times(e13, e24), times(e14, e23)))
    lift = minus(lift, plus(scaled(e34, 2.0), times(e12, minus((1.0, 0.0), e34))))
    return minus(times(minus(e13, e23), minus(e14, e24)), times(e12, lift))


@njit(types.void(VECTOR, VECTOR, types.intp), cache=True, error_model="numpy")
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


@njit(types.void(ROOM, types.intp), cache=True, error_model="numpy")
def _edges(room: Room, count: int) -> None:
    """α_xy: the angle between the dual vectors z and w, whose cosine is C_zw/√(C_zz C_ww)."""
    e, C, edges = room.e, room.C, room.edges
    for pair in range(6):
        start, other = pair * BLOCK, (9 - pair) * BLOCK
        for m in range(count):
            width = math.sqrt(e[start + m] * (2.0 - e[start + m]) * max(C[10 * BLOCK + m], 0.0))
            edges[start + m] = upper_angle(width, C[other + m])


@njit(types.void(ROOM, types.intp, types.intp), cache=True)
def _gather(room: Room, pair: int, count: int) -> None:
    """Fill ``work`` for a pair x, y with the others z, w: 1 − ρ of xy, xz, yz, xw, yw, zw; the cofactors xx, yy,
    xy, xz, xw, zw; the determinant."""
    xz, yz, xw, yw = CROSSED[pair, 0], CROSSED[pair, 1], CROSSED[pair, 2], CROSSED[pair, 3]
    x, y = PAIRS[pair, 0], PAIRS[pair, 1]
    for row, start in enumerate((pair, xz, yz, xw, yw, 5 - pair)):
        for m in range(count):
            room.work[row * BLOCK + m] = room.e[start * BLOCK + m]
    for row, start in enumerate((x, y, 4 + pair, 4 + xz, 4 + xw, 9 - pair, 10)):
        for m in range(count):
            room.work[(6 + row) * BLOCK + m] = room.C[start * BLOCK + m]


@njit(types.UniTuple(types.float64, 2)(*[types.float64] * 6), cache=True, error_model="numpy", forceinline=True)
def _beyond(a: float, cxx: float, exz: float, eyz: float, top: float, sign: float) -> Any:
    """How far beyond the end of a path x, y, z are dependent, and the sign of w in the dependency there, from its a."""
    widest = math.sqrt(exz * (2.0 - exz) * eyz * (2.0 - eyz))
    gap = sign * (top - (exz + eyz - exz * eyz))
    near = a * a / (cxx * (widest - gap))
    return (1.0 if a >= 0.0 else -1.0), (widest + gap if gap >= 0.0 else near)


@njit(types.float64(types.boolean, types.float64, types.float64), cache=True, forceinline=True)
def _pick(better: bool, new: float, old: float) -> Any:
    return new if better else old


@njit(types.void(VECTOR, VECTOR, types.float64, types.intp), cache=True, error_model="numpy")
def _consider(work: Array, best: Array, pair: float, count: int) -> None:
    """Keep the path along ρ_xy where it is better than the ``best`` one so far.

    Rows of ``best``: cost; left/η; de/dy²; left, the largest y²; e at the end, where y = 0; signs of y, z, w
    that go with + for x in the dependency there; pair. (Its start is where the fields are: e = 1 − ρ_xy.)
    """
    for m in range(count):
        exy, exz, eyz, exw, eyw, ezw = (
            work[m], work[BLOCK + m], work[2 * BLOCK + m], work[3 * BLOCK + m], work[4 * BLOCK + m], work[5 * BLOCK + m]
        )  # fmt: skip
        cxx, cyy, cxy, cxz = work[6 * BLOCK + m], work[7 * BLOCK + m], work[8 * BLOCK + m], work[9 * BLOCK + m]
        k, size = ezw * (2.0 - ezw), cxx * cyy
        s = math.sqrt(size)
        sign = 1.0 if cxy <= 0.0 else -1.0
        left = min(max(k * work[12 * BLOCK + m] / (size + abs(cxy) * s), 0.0), 1.0)
        s /= k
        back = sign * s * left
        top = exy - back
        az = cxz + (ezw + eyw - ezw * eyw - eyz) * back
        aw = work[10 * BLOCK + m] + (ezw + eyz - ezw * eyz - eyw) * back
        sw, one = _beyond(aw, cxx, exz, eyz, top, sign)
        sz, other = _beyond(az, cxx, exw, eyw, top, sign)
        steep = s * left / max(min(top if sign > 0.0 else 2.0 - top, min(one, other)), 1e-14 * s)
        cost = steep + 1e-3 / k
        better = cost < best[m]
        best[m] = _pick(better, cost, best[m])
        best[BLOCK + m] = _pick(better, steep, best[BLOCK + m])
        best[2 * BLOCK + m] = _pick(better, sign * s, best[2 * BLOCK + m])
        best[3 * BLOCK + m] = _pick(better, left, best[3 * BLOCK + m])
        best[4 * BLOCK + m] = _pick(better, top, best[4 * BLOCK + m])
        best[5 * BLOCK + m] = _pick(better, -sign, best[5 * BLOCK + m])
        best[6 * BLOCK + m] = _pick(better, sz, best[6 * BLOCK + m])
        best[7 * BLOCK + m] = _pick(better, sw, best[7 * BLOCK + m])
        best[8 * BLOCK + m] = _pick(better, pair, best[8 * BLOCK + m])


@njit(
    types.float64(VECTOR, VECTOR, types.intp, *[types.float64] * 7),
    cache=True, error_model="numpy", fastmath={"reassoc"},
)  # fmt: skip
def _integral(
    squares: Array, weights: Array, count: int, cofactor: float, e: float, lift: float, r: float, left: float,
    step: float, spread: float,
) -> Any:  # fmt: skip
    """Σ weights α/√(1 − ρ²) on the path from 1 − ρ = e, where y² = ``left`` and C_zw = ``cofactor``; ``step``: de/dy²,
    ``spread``: s √(1 − ρ_zw²) with the sign of z times that of w."""
    total = 0.0
    for n in range(count):
        y2 = left * squares[n]
        change = step * (y2 - left)
        at = e + change
        h = at * (2.0 - at)
        moved = cofactor - change * (lift - r * (e + at))
        width = abs(spread) * math.sqrt(y2 * h * (2.0 - y2))
        total += weights[n] * upper_angle(width, math.copysign(1.0, spread) * moved) / math.sqrt(h)
    return total


@njit(types.float64(ROOM, RULES, types.intp), cache=True, error_model="numpy")
def _tetrahedron(room: Room, rules: Rules, m: int) -> Any:
    """16 times the probability of the orthant at the end of set m's best path, (8/π²) ∫ α |s| y dy/√(1 − ρ²)."""
    e, best, pair = room.e, room.best, int(room.best[8 * BLOCK + m])
    reach, row = math.sqrt(best[BLOCK + m]), 0
    while row < rules.reach.size - 1 and rules.reach[row] < reach:
        row += 1
    xz, yz, xw, yw = CROSSED[pair, 0], CROSSED[pair, 1], CROSSED[pair, 2], CROSSED[pair, 3]
    exz, eyz, exw, eyw = e[xz * BLOCK + m], e[yz * BLOCK + m], e[xw * BLOCK + m], e[yw * BLOCK + m]
    exy, ezw = e[pair * BLOCK + m], e[(5 - pair) * BLOCK + m]
    lift = exz + eyw + exw + eyz - exz * eyw - exw * eyz - 2.0 * ezw
    step, left = best[2 * BLOCK + m], best[3 * BLOCK + m]
    spread = best[6 * BLOCK + m] * best[7 * BLOCK + m] * abs(step) * math.sqrt(ezw * (2.0 - ezw))
    total = _integral(
        rules.squares[row], rules.weights[row], int(rules.counts[row]), room.C[(9 - pair) * BLOCK + m], exy, lift,
        1.0 - ezw, left, step, spread,
    )  # fmt: skip
    return 2.0 * _TWO_PI * _TWO_PI * abs(step) * left * total


@njit(types.intp(ROOM, types.intp), cache=True, error_model="numpy")
def _dependent(room: Room, m: int) -> Any:
    """The field that can be left out of set m so that the three others are dependent; −1 for none."""
    for w in range(4):
        xy, xz, yz = room.e[SIDES[w, 0] * BLOCK + m], room.e[SIDES[w, 1] * BLOCK + m], room.e[SIDES[w, 2] * BLOCK + m]
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


@njit(types.float64(FIELDS, ROOM, RULES, types.intp), cache=True, error_model="numpy")
def _orthant(fields: Fields, room: Room, rules: Rules, m: int) -> Any:
    """Choose the signs for set m; 16 times the probability of having them, −1 where it and all edges count as 0."""
    out = _dependent(room, m)
    if out >= 0:
        _rarest(fields, room, m, out)
        return -1.0
    best, pair = room.best, int(room.best[8 * BLOCK + m])
    room.signs[PAIRS[pair, 0]], room.signs[PAIRS[pair, 1]] = 1.0, best[5 * BLOCK + m]
    room.signs[PAIRS[5 - pair, 0]], room.signs[PAIRS[5 - pair, 1]] = best[6 * BLOCK + m], best[7 * BLOCK + m]
    return _tetrahedron(room, rules, m)


@njit(types.float64(FIELDS, ROOM, RULES, types.intp), cache=True, error_model="numpy")
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


@njit(types.float64(FIELDS, VECTOR, types.float64, *[types.intp] * 5), cache=True, error_model="numpy")
def _moment(fields: Fields, bends: Array, g: float, pair: int, x: int, y: int, z: int, w: int) -> Any:
    """E[u_x u_y sgn u_x sgn u_y sgn u_z sgn u_w], xy the given pair, by g = E[sgn sgn sgn sgn] and Price's theorem."""
    R, J = fields.R, fields.J
    xz, yz, xw, yw = CROSSED[pair, 0], CROSSED[pair, 1], CROSSED[pair, 2], CROSSED[pair, 3]
    total = R[x, y] * g + bends[pair] + bends[xz] * R[y, z] + bends[yz] * R[x, z]
    total += bends[xw] * R[y, w] + bends[yw] * R[x, w]
    bend = pair_bend(R[x, z], R[x, w], R[y, z], R[y, w], fields.E[z, w])
    return total + bends[5 - pair] * bend * (J[z, w] * J[z, w])


@njit(types.void(FIELDS, ROOM, types.intp), cache=True, error_model="numpy")
def _prepare(fields: Fields, room: Room, count: int) -> None:
    """Cofactors, edges and best paths of ``count`` sets."""
    for pair in range(6):
        for m in range(count):
            i, j = room.units[m, PAIRS[pair, 0]], room.units[m, PAIRS[pair, 1]]
            room.e[pair * BLOCK + m], room.e[(6 + pair) * BLOCK + m] = fields.E[i, j], fields.low[i, j]
    _cofactors(room.e, room.C, count)
    _edges(room, count)
    room.best[:BLOCK] = math.inf
    for pair in range(6):
        _gather(room, pair, count)
        _consider(room.work, room.best, float(pair), count)


@njit(types.void(ROOM, FIELDS, RULES, types.intp, VECTOR, VECTOR, MATRIX), cache=True, error_model="numpy")
def add_sets(room: Room, fields: Fields, rules: Rules, count: int, outer: Array, inner: Array, V: Array) -> None:
    """Add what ``count`` sets give to the upper triangle of V (p,p): for every pair z, w of two of its students
    2 outer_z outer_w inner_x inner_y E[u_x u_y sgn sgn sgn sgn], x and y the two others, in both orders."""
    _prepare(fields, room, count)
    for m in range(count):
        g = _averages(fields, room, rules, m)
        units = room.units[m]
        for pair in range(6):
            x, y = units[PAIRS[pair, 0]], units[PAIRS[pair, 1]]
            z, w = units[PAIRS[5 - pair, 0]], units[PAIRS[5 - pair, 1]]
            if w < V.shape[0]:
                moment = _moment(fields, room.bends, g, pair, x, y, z, w)
                V[z, w] += 2.0 * outer[z] * outer[w] * inner[x] * inner[y] * moment
