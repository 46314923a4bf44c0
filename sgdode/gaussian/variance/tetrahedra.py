"""The probability that four Gaussian fields have given signs, where this is rare: one short integral.

It is a spherical tetrahedron of dihedral angles π/2 + s_x s_y asin ρ_xy and lengths of edges α_xy (between the dual
vectors of the other two fields, z and w), so that by Schläfli's formula
  dP = Σ_{x<y} α_xy s_x s_y dρ_xy /(4π² √(1 − ρ_xy²)).
P is integrated along one ρ_xy from the nearer of the ends where the determinant is 0 to where it is: the correlation of
x and y given z and w is ±cos θ = ±(1 − y²), which takes the roots at both ends away. Left are branch points θ = ±iκ,
2 sinh²(κ/2) = η the distance beyond the end of zeros of 1 − ρ_xy² and of the determinants of x, y, z and x, y, w:
θ = κ sinh w, and Gauss-Legendre in w. The pair whose path is short is taken; a singular set has one of length 0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sgdode.gaussian.variance.four_cofactors import BLOCK, CROSSED, PAIRS, ROOM, Room
from sgdode.jit.angles import sine_cosine, upper_angle
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.model.overlaps import Array

_TWO_PI = 2.0 / math.pi
_LONGEST = 17.0  # of w
_TINY = 1e-300


class Rules(NamedTuple):
    """Paths of length L in w: sinh L (rows,), number of nodes (rows,), and θ/Θ and its weights at the nodes."""

    reach: Array
    counts: Array
    nodes: Array
    weights: Array


#: Rules as compiled code knows them.
RULES = types.NamedTuple((VECTOR, VECTOR, MATRIX, MATRIX), Rules)


def path_rules() -> Rules:
    """Rules for all lengths: the error of P is below 1e-14, five decades of anisotropy included."""
    lengths = np.concatenate([[0.25, 0.5, 0.75], np.arange(1.0, _LONGEST, 0.5)])
    counts = 4 * np.ceil((8.5 + 3.2 * lengths) / 4.0).astype(int)
    nodes, weights = np.zeros((lengths.size, counts.max())), np.zeros((lengths.size, counts.max()))
    for row, (length, count) in enumerate(zip(lengths, counts, strict=True)):
        x, w = np.polynomial.legendre.leggauss(count)
        at = 0.5 * length * (1.0 + x)
        nodes[row, :count] = np.sinh(at) / np.sinh(length)
        weights[row, :count] = 0.5 * length * w * np.cosh(at) / np.sinh(length)
    return Rules(np.sinh(lengths), counts.astype(float), nodes, weights)


@compiled(types.void(ROOM, types.intp, types.intp))
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


@compiled(types.UniTuple(types.float64, 2)(*[types.float64] * 6), error_model="numpy", forceinline=True)
def _beyond(a: float, cxx: float, exz: float, eyz: float, top: float, sign: float) -> tuple[float, float]:
    """How far beyond the end of a path x, y, z are dependent, and the sign of w in the dependency there, from its a."""
    widest = math.sqrt(exz * (2.0 - exz) * eyz * (2.0 - eyz))
    gap = sign * (top - (exz + eyz - exz * eyz))
    near = a * a / (cxx * (widest - gap))
    return (1.0 if a >= 0.0 else -1.0), (widest + gap if gap >= 0.0 else near)


@compiled(types.float64(types.boolean, types.float64, types.float64), forceinline=True)
def _pick(better: bool, new: float, old: float) -> float:
    return new if better else old


@compiled(types.void(VECTOR, VECTOR, types.float64, types.intp), error_model="numpy")
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


@compiled(types.void(ROOM, types.intp), error_model="numpy")
def fill_best(room: Room, count: int) -> None:
    """Choose the paths of the first ``count`` sets, whose cofactors are known."""
    room.best[:BLOCK] = math.inf
    for pair in range(6):
        _gather(room, pair, count)
        _consider(room.work, room.best, float(pair), count)


@compiled(
    types.float64(VECTOR, VECTOR, types.intp, *[types.float64] * 8),
    error_model="numpy", fastmath={"reassoc"},
)  # fmt: skip
def _integral(
    nodes: Array, weights: Array, count: int, cofactor: float, e: float, lift: float, r: float, left: float,
    half: float, step: float, spread: float,
) -> float:  # fmt: skip
    """Σ weights α sin θ/√(1 − ρ²) on the path from 1 − ρ = e, y² = ``left``, θ = 2 ``half`` and C_zw = ``cofactor``.

    ``step``: de/dy²; ``spread``: s √(1 − ρ_zw²) with the sign of z times that of w.
    """
    total = 0.0
    for n in range(count):
        sine, cosine = sine_cosine(half * nodes[n])
        change = step * (2.0 * sine * sine - left)
        at = e + change
        near = max(at if step > 0.0 else 2.0 - at, 2.0 * abs(step) * sine * sine)  # of an end that is 0 itself
        root = math.sqrt(near * (2.0 - near))
        moved = math.copysign(1.0, spread) * (cofactor - change * (lift - r * (e + at)))
        moment = 2.0 * sine * cosine
        total += weights[n] * moment * upper_angle(abs(spread) * root * moment, moved) / root
    return total


@compiled(types.float64(ROOM, RULES, types.intp), error_model="numpy", forceinline=True)
def tetrahedron(room: Room, rules: Rules, m: int) -> float:
    """16 times the probability of the orthant at the end of set m's best path, (4/π²) ∫ α |s| sin θ dθ/√(1 − ρ²)."""
    e, best, pair = room.e, room.best, int(room.best[8 * BLOCK + m])
    steep, step, left = best[BLOCK + m], best[2 * BLOCK + m], best[3 * BLOCK + m]
    half = upper_angle(math.sqrt(0.5 * left), math.sqrt(1.0 - 0.5 * left))
    reach, row = half * math.sqrt((2.0 * steep + left) / max(left, _TINY)), 0
    while row < rules.reach.size - 1 and rules.reach[row] < reach:
        row += 1
    xz, yz, xw, yw = CROSSED[pair, 0], CROSSED[pair, 1], CROSSED[pair, 2], CROSSED[pair, 3]
    exz, eyz, exw, eyw = e[xz * BLOCK + m], e[yz * BLOCK + m], e[xw * BLOCK + m], e[yw * BLOCK + m]
    exy, ezw = e[pair * BLOCK + m], e[(5 - pair) * BLOCK + m]
    lift = exz + eyw + exw + eyz - exz * eyw - exw * eyz - 2.0 * ezw
    spread = best[6 * BLOCK + m] * best[7 * BLOCK + m] * abs(step) * math.sqrt(ezw * (2.0 - ezw))
    total = _integral(
        rules.nodes[row], rules.weights[row], int(rules.counts[row]), room.C[(9 - pair) * BLOCK + m], exy, lift,
        1.0 - ezw, left, half, step, spread,
    )  # fmt: skip
    return 2.0 * _TWO_PI * _TWO_PI * abs(step) * half * total
