"""G = E[sgn u₁ sgn u₂ sgn u₃ sgn u₄] of four Gaussian fields, by one short integral; singular covariances included.

Let ρ₁₂ vary with the five other correlations fixed (Plackett): dG/dρ₁₂ = (2/π)² asin(ρ₃₄·₁₂)/√(1 − ρ₁₂²). It starts
where the correlations are singular, at the nearer end of the values that ρ₁₂ can take: there Σ a_x u_x = 0, the signs
sgn a are impossible, and with s = sgn a, G = Π s (−1 − (2/π) Σ_{x<y} s_x s_y asin ρ_xy). With ρ₁₂ = end ± s y², y = √η
sinh w, η the distance beyond the end of the next singularity, a few Gauss–Legendre nodes in w suffice. Of the six
pairs that one is varied whose path is short. Correlations enter as e = 1 − ρ, so that nearly equal fields keep their
digits.
"""

from __future__ import annotations

import math

import numpy as np

from sgdode.gaussian.variance.elementary import angle, exp
from sgdode.jit.compiling import VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.model.overlaps import Array

_SIZES = (8, 10, 12, 16, 20, 24, 32, 40, 56, 72)
_COUNTS = np.array(_SIZES)
_NODES, _WEIGHTS = np.zeros((len(_SIZES), _SIZES[-1])), np.zeros((len(_SIZES), _SIZES[-1]))
for _row, _size in enumerate(_SIZES):
    _x, _w = np.polynomial.legendre.leggauss(_size)
    _NODES[_row, :_size], _WEIGHTS[_row, :_size] = 0.5 * (1.0 + _x), 0.5 * _w
#: The pairs 12, 13, 14, 23, 24, 34 in the order in which each of them takes the part of 12.
_ORDERS = np.array(
    [
        [0, 1, 2, 3, 4, 5],
        [1, 0, 2, 3, 5, 4],
        [2, 1, 0, 5, 4, 3],
        [3, 0, 4, 1, 5, 2],
        [4, 3, 0, 5, 2, 1],
        [5, 1, 3, 2, 4, 0],
    ]
)
#: The fields of each of them, then the two others.
_FIELDS = np.array([[0, 1, 2, 3], [0, 2, 1, 3], [0, 3, 1, 2], [1, 2, 0, 3], [1, 3, 0, 2], [2, 3, 0, 1]])
_TWO_PI = 2.0 / math.pi
_HALF_PI = 0.5 * math.pi
_FLAT = 1e-15  # of 1 − ρ²: less is round-off


@compiled(types.UniTuple(types.float64, 6)(*[types.float64] * 9), error_model="numpy")
def _plan(
    e12: float, e13: float, e14: float, e23: float, e24: float, e34: float, d1: float, d2: float, det: float
) -> tuple[float, float, float, float, float, float]:
    """The path of e12: its cost, its start and 2 − its start, the half width s of what e12 can be, the length of the
    path in units of s with its direction, and η. ``d1``, ``d2``, ``det``: determinants of (1,3,4), (2,3,4), all."""
    k = e34 * (2.0 - e34)
    if k < _FLAT:
        return 1e300, 0.0, 2.0, 0.0, 0.0, 1.0
    middle = (e34 * (e13 + e23 + e14 + e24 - e34 - e13 * e24 - e14 * e23) - (e13 - e14) * (e23 - e24)) / k
    s = math.sqrt(d1 * d2) / k
    if s < 1e-15 * (1e-3 + middle):
        return 1e-3 / k, middle, 2.0 - middle, 0.0, 1.0, 1.0
    sign = 1.0 if middle >= e12 else -1.0
    far = min(abs(middle - e12) / s, 1.0)
    left = min(k * det / (d1 * d2), 1.0) / (1.0 + far)
    # the start is a root of a quadratic: of its distance from 0 or 2 no digits are lost
    three, four = e13 - e23, e14 - e24
    if sign < 0.0:
        three, four = 2.0 - e13 - e23, 2.0 - e14 - e24
    product = three * three * e14 * (2.0 - e14) + four * four * e13 * (2.0 - e13)
    product = max(product - 2.0 * three * four * (e13 + e14 - e13 * e14 - e34), 0.0) / k
    near = min(product / ((middle if sign > 0.0 else 2.0 - middle) + s), 2.0)
    start, rest = (near, 2.0 - near) if sign > 0.0 else (2.0 - near, near)
    # what lies beyond the start: zeros of 1 − ρ₁₂² and of the determinants of (1,2,3) and (1,2,4)
    three = sign * (start - (e13 + e23 - e13 * e23)) + math.sqrt(e13 * (2.0 - e13) * e23 * (2.0 - e23))
    four = sign * (start - (e14 + e24 - e14 * e24)) + math.sqrt(e14 * (2.0 - e14) * e24 * (2.0 - e24))
    eta = max(min(near, min(three, four)) / s, 1e-14)
    return left / eta + 1e-3 / k, start, rest, s, sign * left, eta


@compiled(types.float64(VECTOR, VECTOR, types.float64), inline="always")
def _impossible(s: Array, a: Array, end: float) -> float:
    """G where the signs ``s`` (4,), s₁ = 1, are impossible; ``a``: asin ρ, of 1 and 2 ``end``."""
    flat = s[1] * end + s[2] * a[1] + s[3] * a[2] + s[1] * s[2] * a[3] + s[1] * s[3] * a[4] + s[2] * s[3] * a[5]
    return s[1] * s[2] * s[3] * (-1.0 - _TWO_PI * flat)


@compiled(
    types.float64(VECTOR, *[types.float64] * 5), error_model="numpy", fastmath={"reassoc", "contract", "arcp"},
)  # fmt: skip
def _path(e: Array, start: float, rest: float, s: float, way: float, eta: float) -> float:
    """The integral of asin(ρ₃₄·₁₂)/√(1 − ρ₁₂²) over ρ₁₂ from the start of the path to its end, without its sign."""
    e13, e14, e23, e24, e34 = e[1], e[2], e[3], e[4], e[5]
    if way == 0.0:
        return 0.0
    Y, root = math.sqrt(abs(way)), math.sqrt(eta)
    L = math.asinh(Y / root)
    row, wanted = 0, 5.0 + 4.0 * L + 3.0 * Y
    while row < _COUNTS.size - 1 and _COUNTS[row] < wanted:
        row += 1
    k, step = e34 * (2.0 - e34), math.copysign(s, way)
    product, lift = (e13 - e23) * (e14 - e24), e13 + e24 + e14 + e23 - e13 * e24 - e14 * e23 - 2.0 * e34
    total, nodes, weights = 0.0, _NODES[row], _WEIGHTS[row]
    for n in range(_COUNTS[row]):
        up = exp(L * nodes[n])
        down = 1.0 / up
        y = 0.5 * root * (up - down)
        e12 = start + step * y * y
        h = e12 * (rest - step * y * y)
        numerator = e12 * (lift - e12 + e12 * e34) - product
        residual = angle(numerator, s * y * math.sqrt(k * h * (2.0 - y * y)))
        total += weights[n] * residual * y * (up + down) / math.sqrt(h)
    return total * s * L * root


@compiled(types.float64(VECTOR, VECTOR, VECTOR, types.float64, VECTOR), error_model="numpy")
def four_signs(gaps: Array, angles: Array, triples: Array, det: float, room: Array) -> float:
    """G from 1 − ρ and asin ρ of the pairs 12, 13, 14, 23, 24, 34, each (6,), the determinants ``triples`` (4,) of the
    correlations without one of the fields, and that of all; nearly collinear fields are to have ρ > 0 (flip them and
    G). ``room`` (16,) is worked in."""
    best, which = 1e301, 0
    start, rest, s, way, eta = 0.0, 2.0, 0.0, 1.0, 1.0
    e, a, signs = room[:6], room[6:12], room[12:16]
    for pair in range(6):
        for n in range(6):
            e[n] = gaps[_ORDERS[pair, n]]
        d1, d2 = triples[_FIELDS[pair, 1]], triples[_FIELDS[pair, 0]]
        cost, found, other, half, on, beyond = _plan(e[0], e[1], e[2], e[3], e[4], e[5], d1, d2, det)
        if cost < best:
            best, which, start, rest, s, way, eta = cost, pair, found, other, half, on, beyond
            if best < 2.0:
                break
    if best > 1e299:  # all four are collinear
        return (1.0 - gaps[0]) * (1.0 - gaps[5])
    for n in range(6):
        e[n], a[n] = gaps[_ORDERS[which, n]], angles[_ORDERS[which, n]]
    d1, d2 = math.sqrt(triples[_FIELDS[which, 1]]), math.sqrt(triples[_FIELDS[which, 0]])
    b13, b14 = e[5] + e[2] - e[5] * e[2] - e[1], e[5] + e[1] - e[5] * e[1] - e[2]
    b23, b24 = e[5] + e[4] - e[5] * e[4] - e[3], e[5] + e[3] - e[5] * e[3] - e[4]
    signs[0] = 1.0
    if s == 0.0:  # field 1 or field 2 depends on 3 and 4; the other is free
        one, other = (b23, b24) if d1 > d2 else (b13, b14)
        signs[1], signs[2], signs[3] = 1.0, (-1.0 if one >= 0.0 else 1.0), (-1.0 if other >= 0.0 else 1.0)
        return _impossible(signs, a, a[0])
    sign = math.copysign(1.0, way)
    signs[1] = -sign
    signs[2] = -1.0 if d2 * b13 - sign * d1 * b23 >= 0.0 else 1.0
    signs[3] = -1.0 if d2 * b14 - sign * d1 * b24 >= 0.0 else 1.0
    end = _HALF_PI - 2.0 * angle(math.sqrt(start), math.sqrt(rest))
    return _impossible(signs, a, end) - sign * _TWO_PI * _TWO_PI * _path(e, start, rest, s, way, eta)
