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

Twice-as-long numbers enter the cofactors of the four correlations alone; all angles follow from these.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit, types

from sgdode.gaussian.variance.correlations import FIELDS, Fields
from sgdode.jit.atan import upper_angle
from sgdode.jit.double_double import DOUBLE, divided, minus, plus, scaled, times
from sgdode.jit.pairs import MATRIX, VECTOR
from sgdode.model.overlaps import Array

#: How many sets of four are prepared at a time, in vector code.
BLOCK = 64
#: sin² of all angles of a spherical triangle below which its three fields count as dependent.
_FLAT = 1e-10
_TWO_PI = 2.0 / math.pi
_LONGEST = 17.0  # of w
_CHEAP = 2.0  # a path that is not searched further
#: The pairs x, y of a set of four, and the two others z, w.
PAIRS = np.array([[0, 1, 2, 3], [0, 2, 1, 3], [0, 3, 1, 2], [1, 2, 0, 3], [1, 3, 0, 2], [2, 3, 0, 1]])


def path_rules() -> tuple[Array, Array, Array, Array]:
    """For lengths L of w: sinh L (rows,), numbers of nodes (rows,), (y/Y)² and weights y dy/Y² (rows, most)."""
    lengths = np.concatenate([[0.25, 0.5, 0.75], np.arange(1.0, _LONGEST, 0.5)])
    counts = 4 * np.ceil((7.0 + 4.0 * lengths) / 4.0).astype(int)
    squares, weights = np.zeros((lengths.size, counts.max())), np.zeros((lengths.size, counts.max()))
    for row, (length, count) in enumerate(zip(lengths, counts, strict=True)):
        x, w = np.polynomial.legendre.leggauss(count)
        at = 0.5 * length * (1.0 + x)
        y = np.sinh(at) / np.sinh(length)
        squares[row, :count] = y * y
        weights[row, :count] = 0.5 * length * w * y * np.cosh(at) / np.sinh(length)
    return np.sinh(lengths), counts.astype(float), squares, weights


class Rules(NamedTuple):
    """What :func:`path_rules` gives."""

    reach: Array
    counts: Array
    squares: Array
    weights: Array


RULES = types.NamedTuple((VECTOR, VECTOR, MATRIX, MATRIX), Rules)


class Four(NamedTuple):
    """Four fields: (4,4) parts of Fields, and the cofactors C of their correlations."""

    E: Array
    R: Array
    W: Array
    J: Array
    A: Array
    C: Array


FOUR = types.NamedUniTuple(MATRIX, 6, Four)
_six = njit(DOUBLE(*[DOUBLE] * 6), cache=True, error_model="numpy", forceinline=True)


@njit(DOUBLE(*[DOUBLE] * 3), cache=True, error_model="numpy", forceinline=True)
def _triple(x: Any, y: Any, z: Any) -> Any:
    """The determinant of three correlations, from 1 − ρ: 2xy(2 − z) − (x + y − z)²."""
    rest = minus(plus(x, y), z)
    return minus(scaled(times(times(x, y), minus((2.0, 0.0), z)), 2.0), times(rest, rest))


@_six
def _cofactor(e12: Any, e13: Any, e14: Any, e23: Any, e24: Any, e34: Any) -> Any:
    """The cofactor C_34: (e13 − e23)(e14 − e24) − e12 (e13 + e14 + e23 + e24 − e13 e24 − e14 e23 − 2 e34 − e12 (1 − e34))."""
    lift = plus(plus(e13, e24), plus(e14, e23))
    lift = minus(lift, plus(times(e13, e24), times(e14, e23)))
    lift = minus(lift, plus(scaled(e34, 2.0), times(e12, minus((1.0, 0.0), e34))))
    return minus(times(minus(e13, e23), minus(e14, e24)), times(e12, lift))


@njit(types.void(VECTOR, VECTOR, types.intp), cache=True, error_model="numpy")
def _cofactors(given: Array, found: Array, count: int) -> None:
    """C_11, C_22, C_33, C_44, C_12 … C_34 and the determinant of ``count`` sets, from high and low 1 − ρ_12 … ρ_34.

    Rows of BLOCK numbers, one a set. The determinant is (C_33 C_44 − C_34²)/(1 − ρ_12²).
    """
    for m in range(count):
        e12, e13 = (given[m], given[6 * BLOCK + m]), (given[BLOCK + m], given[7 * BLOCK + m])
        e14, e23 = (given[2 * BLOCK + m], given[8 * BLOCK + m]), (given[3 * BLOCK + m], given[9 * BLOCK + m])
        e24, e34 = (given[4 * BLOCK + m], given[10 * BLOCK + m]), (given[5 * BLOCK + m], given[11 * BLOCK + m])
        c33, c44 = _triple(e12, e14, e24), _triple(e12, e13, e23)
        c34 = _cofactor(e12, e13, e14, e23, e24, e34)
        found[m] = _triple(e23, e24, e34)[0]
        found[BLOCK + m] = _triple(e13, e14, e34)[0]
        found[2 * BLOCK + m] = c33[0]
        found[3 * BLOCK + m] = c44[0]
        found[4 * BLOCK + m] = _cofactor(e34, e13, e23, e14, e24, e12)[0]
        found[5 * BLOCK + m] = _cofactor(e24, e12, e23, e14, e34, e13)[0]
        found[6 * BLOCK + m] = _cofactor(e23, e12, e24, e13, e34, e14)[0]
        found[7 * BLOCK + m] = _cofactor(e14, e12, e13, e24, e34, e23)[0]
        found[8 * BLOCK + m] = _cofactor(e13, e12, e14, e23, e34, e24)[0]
        found[9 * BLOCK + m] = c34[0]
        left = minus(times(c33, c44), times(c34, c34))
        found[10 * BLOCK + m] = left[0] / (e12[0] * (2.0 - e12[0]))


@njit(types.void(FOUR, *[types.intp] * 3, VECTOR), cache=True, error_model="numpy")
def _rarest(four: Four, x: int, y: int, z: int, signs: Array) -> None:
    """Give x, y, z those ``signs`` that they have together least often; probabilities go with sums of asin ρ."""
    a, b, c = four.A[x, y], four.A[x, z], four.A[y, z]
    least, which = a + b + c, -1
    if c - a - b < least:
        least, which = c - a - b, x
    if b - a - c < least:
        least, which = b - a - c, y
    if a - b - c < least:
        which = z
    if which >= 0:
        signs[which] = -1.0


@njit(types.boolean(FOUR, *[types.intp] * 4), cache=True, error_model="numpy")
def _flat(four: Four, x: int, y: int, z: int, w: int) -> Any:
    """Are the fields x, y, z dependent?"""
    one, two, three = four.W[x, y] * four.W[x, y], four.W[x, z] * four.W[x, z], four.W[y, z] * four.W[y, z]
    return four.C[w, w] * max(one, two, three) <= _FLAT * (one * two * three)


class Path(NamedTuple):
    """The way from a vanishing determinant: ρ_xy = r(now) + back − sign s y², 0 ≤ y² ≤ left; e = 1 − ρ.

    ``sz``, ``sw``: the signs of z and w that go with + for x and −sign for y. ``steep``: left/η.
    """

    cost: float
    steep: float
    s: float
    sign: float
    left: float
    top: float
    back: float
    sz: float
    sw: float


PATH = types.NamedUniTuple(types.float64, 9, Path)


@njit(types.UniTuple(types.float64, 2)(FOUR, *[types.intp] * 4, *[types.float64] * 3), cache=True, error_model="numpy")
def _end(four: Four, x: int, y: int, z: int, w: int, top: float, back: float, sign: float) -> Any:
    """The sign of w in the dependency at the end of the path, and how far beyond it x, y, z are dependent."""
    E, R, W = four.E, four.R, four.W
    a = four.C[x, w] + (R[y, w] - R[y, z] * R[z, w]) * back
    widest = W[x, z] * W[y, z]
    gap = sign * (top - (E[x, z] + E[y, z] - E[x, z] * E[y, z]))
    beyond = widest + gap if gap >= 0.0 else a * a / (four.C[x, x] * (widest - gap))
    return (1.0 if a >= 0.0 else -1.0), beyond


@njit(PATH(FOUR, types.float64, *[types.intp] * 4), cache=True, error_model="numpy")
def _path(four: Four, det: float, x: int, y: int, z: int, w: int) -> Path:
    """The path along ρ_xy."""
    C, k = four.C, four.W[z, w] * four.W[z, w]
    size = math.sqrt(C[x, x] * C[y, y])
    c = min(max(-C[x, y] / size, -1.0), 1.0)
    sign = 1.0 if c >= 0.0 else -1.0
    left = min(max(k * det / (size * size * (1.0 + abs(c))), 0.0), 1.0)
    s = size / k
    back = sign * s * left
    top = four.E[x, y] - back
    sw, one = _end(four, x, y, z, w, top, back, sign)
    sz, other = _end(four, x, y, w, z, top, back, sign)
    steep = s * left / max(min(top if sign > 0.0 else 2.0 - top, min(one, other)), 1e-14 * s)
    return Path(steep + 1e-3 / k, steep, s, sign, left, top, back, sz, sw)


@njit(
    types.float64(VECTOR, VECTOR, types.intp, *[types.float64] * 8),
    cache=True, error_model="numpy", fastmath={"reassoc"},
)  # fmt: skip
def _integral(
    squares: Array, weights: Array, count: int, now: float, e: float, lift: float, r: float, left: float, step: float,
    end: float, spread: float,
) -> Any:  # fmt: skip
    """Σ weights α/√(1 − ρ²) on the path; ``step``: de/dy², ``now``: the cofactor at e, ``spread``: s √k with a sign."""
    total = 0.0
    for n in range(count):
        y2 = left * squares[n]
        change = step * (y2 - left)
        at = end + step * y2
        h = at * (2.0 - at)
        cofactor = now - change * (lift - r * (e + at))
        width = abs(spread) * math.sqrt(y2 * h * (2.0 - y2))
        total += weights[n] * upper_angle(width, math.copysign(1.0, spread) * cofactor) / math.sqrt(h)
    return total


@njit(types.float64(FOUR, PATH, RULES, *[types.intp] * 4), cache=True, error_model="numpy")
def _tetrahedron(four: Four, path: Path, rules: Rules, x: int, y: int, z: int, w: int) -> Any:
    """16 times the probability of the orthant: (8/π²) ∫ α s y dy/√(1 − ρ²) along the path."""
    E = four.E
    reach = math.sqrt(path.steep)
    row = 0
    while row < rules.reach.size - 1 and rules.reach[row] < reach:
        row += 1
    lift = E[x, z] + E[y, w] + E[x, w] + E[y, z] - E[x, z] * E[y, w] - E[x, w] * E[y, z] - 2.0 * E[z, w]
    step, spread = path.sign * path.s, path.sz * path.sw * path.s * four.W[z, w]
    total = _integral(
        rules.squares[row], rules.weights[row], int(rules.counts[row]), four.C[z, w], E[x, y], lift, four.R[z, w],
        path.left, step, path.top, spread,
    )  # fmt: skip
    return 2.0 * _TWO_PI * _TWO_PI * path.s * path.left * total


@njit(types.float64(FOUR, types.float64, RULES, VECTOR), cache=True, error_model="numpy")
def _orthant(four: Four, det: float, rules: Rules, signs: Array) -> Any:
    """Choose ``signs`` (4,); 16 times the probability of having them, −1 where it and all edges count as 0."""
    signs[:] = 1.0
    for w in range(4):
        x, y, z = (0 if w > 0 else 1), (1 if w > 1 else 2), (2 if w > 2 else 3)
        if _flat(four, x, y, z, w):
            _rarest(four, x, y, z, signs)
            return -1.0
    pair, best = 0, _path(four, det, 0, 1, 2, 3)
    for other in range(1, 6):
        if best.cost < _CHEAP:
            break
        path = _path(four, det, PAIRS[other, 0], PAIRS[other, 1], PAIRS[other, 2], PAIRS[other, 3])
        if path.cost < best.cost:
            pair, best = other, path
    x, y, z, w = PAIRS[pair, 0], PAIRS[pair, 1], PAIRS[pair, 2], PAIRS[pair, 3]
    signs[y], signs[z], signs[w] = -best.sign, best.sz, best.sw
    return _tetrahedron(four, best, rules, x, y, z, w)


@njit(types.float64(FOUR, types.float64, RULES, VECTOR, MATRIX), cache=True, error_model="numpy")
def _averages(four: Four, det: float, rules: Rules, signs: Array, bends: Array) -> Any:
    """E[sgn sgn sgn sgn], and ``bends`` (4,4): its derivatives by ρ_xy, times √(1 − ρ_xy²)."""
    volume = _orthant(four, det, rules, signs)
    pairs = 0.0
    for case in range(6):
        x, y, z, w = PAIRS[case, 0], PAIRS[case, 1], PAIRS[case, 2], PAIRS[case, 3]
        pairs += signs[x] * signs[y] * four.A[x, y]
        both, edge = signs[z] * signs[w], 0.0
        if volume >= 0.0:
            edge = upper_angle(four.W[x, y] * math.sqrt(max(det, 0.0)), both * four.C[z, w])
        bends[x, y] = both * _TWO_PI * (_TWO_PI * edge - 1.0)
        bends[y, x] = bends[x, y]
    return signs[0] * signs[1] * signs[2] * signs[3] * (max(volume, 0.0) - 1.0 - _TWO_PI * pairs)


@njit(types.float64(*[types.float64] * 5), cache=True, error_model="numpy")
def pair_bend(bx: float, by: float, cx: float, cy: float, e: float) -> Any:
    """w = ρ_bx ρ_cy + ρ_by ρ_cx − ρ_xy (ρ_bx ρ_cx + ρ_by ρ_cy), with e = 1 − ρ_xy: the part of a pair of signs x, y in
    E[u_b u_c sgn u_x sgn u_y] = (2/π)(ρ_bc asin ρ_xy + w/√(1 − ρ_xy²))."""
    return 0.5 * ((bx + by) * (cx + cy) * e - (bx - by) * (cx - cy) * (2.0 - e))


@njit(types.float64(FOUR, types.float64, MATRIX, *[types.intp] * 4), cache=True, error_model="numpy")
def _moment(four: Four, g: float, bends: Array, x: int, y: int, z: int, w: int) -> Any:
    """E[u_x u_y sgn sgn sgn sgn] for g = E[sgn sgn sgn sgn]: Price's theorem for every pair of signs."""
    R, W = four.R, four.W
    total = R[x, y] * g + bends[x, y] * W[x, y]
    total += bends[x, z] * W[x, z] * R[y, z] + bends[x, w] * W[x, w] * R[y, w]
    total += bends[y, z] * W[y, z] * R[x, z] + bends[y, w] * W[y, w] * R[x, w]
    bend = pair_bend(R[x, z], R[x, w], R[y, z], R[y, w], four.E[z, w])
    return total + bends[z, w] * bend * four.J[z, w]


class Block(NamedTuple):
    """Up to BLOCK sets of four: ``units`` (BLOCK,4), room for what is known of them, and for one of them."""

    units: Any
    given: Array
    found: Array
    four: Four
    signs: Array
    bends: Array


BLOCK_TYPE = types.NamedTuple((types.intp[:, ::1], VECTOR, VECTOR, FOUR, VECTOR, MATRIX), Block)


@njit(BLOCK_TYPE(), cache=True)
def new_block() -> Block:
    """Room for BLOCK sets."""
    four = Four(
        np.empty((4, 4)), np.empty((4, 4)), np.empty((4, 4)), np.empty((4, 4)), np.empty((4, 4)), np.empty((4, 4))
    )
    units = np.empty((BLOCK, 4), np.intp)
    return Block(units, np.empty(12 * BLOCK), np.empty(11 * BLOCK), four, np.empty(4), np.empty((4, 4)))


@njit(types.void(BLOCK_TYPE, FIELDS, types.intp), cache=True, error_model="numpy")
def _load(block: Block, fields: Fields, m: int) -> None:
    """Take over set m of a block as the one that is worked on."""
    four, units = block.four, block.units
    for x in range(4):
        for y in range(4):
            i, j = units[m, x], units[m, y]
            four.E[x, y], four.R[x, y], four.W[x, y] = fields.E[i, j], fields.R[i, j], fields.W[i, j]
            four.J[x, y], four.A[x, y] = fields.J[i, j], fields.A[i, j]
        four.C[x, x] = block.found[x * BLOCK + m]
    for case in range(6):
        x, y = PAIRS[case, 0], PAIRS[case, 1]
        four.C[x, y] = block.found[(4 + case) * BLOCK + m]
        four.C[y, x] = four.C[x, y]


@njit(types.void(BLOCK_TYPE, FIELDS, types.intp, RULES, types.intp, VECTOR, VECTOR, MATRIX), cache=True, error_model="numpy")
def add_block(block: Block, fields: Fields, count: int, rules: Rules, p: int, outer: Array, inner: Array, V: Array) -> None:
    """Add what ``count`` sets give to V (p,p), upper triangle: for every pair z, w of two of its students
    outer_z outer_w inner_x inner_y E[u_x u_y sgn sgn sgn sgn], x and y the two others, in both orders."""
    for m in range(count):
        for case in range(6):
            i, j = block.units[m, PAIRS[case, 0]], block.units[m, PAIRS[case, 1]]
            block.given[case * BLOCK + m], block.given[(6 + case) * BLOCK + m] = fields.E[i, j], fields.low[i, j]
    _cofactors(block.given, block.found, count)
    for m in range(count):
        _load(block, fields, m)
        g = _averages(block.four, block.found[10 * BLOCK + m], rules, block.signs, block.bends)
        for case in range(6):
            x, y, z, w = PAIRS[case, 0], PAIRS[case, 1], PAIRS[case, 2], PAIRS[case, 3]
            a, b, i, j = block.units[m, x], block.units[m, y], block.units[m, z], block.units[m, w]
            if j < p:
                moment = _moment(block.four, g, block.bends, x, y, z, w)
                V[i, j] += 2.0 * outer[i] * outer[j] * inner[a] * inner[b] * moment
