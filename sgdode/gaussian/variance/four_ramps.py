"""E[z_b^m z_c^n θ(u_i) θ(u_j) θ(u_b) θ(u_c)] with m, n ≤ 1: the fast case of :mod:`wedge`, for sums over noises.

u_x = λ_x + √τ_x ξ_x with noise of its own for every field, so that in S = Ω + diag τ only the diagonal differs from
term to term of a sum. Every minor of S is a polynomial in τ with coefficients that are minors of Ω,
  det S_X = Σ_{Y ⊆ X} det Ω_Y Π_{X∖Y} τ,
of terms that are never negative: no digits are lost, however large Ω is beside τ, and the residual correlations of
one set of fields are consistent even where Ω is singular.
"""

from __future__ import annotations

import math

import numpy as np

from sgdode.gaussian.variance.elementary import angle
from sgdode.gaussian.variance.orthants import four_signs
from sgdode.gaussian.variance.sparse_product import Whole
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.model.overlaps import Array

_CUBE = types.float64[:, :, ::1]
_FLAGS = types.int64[::1]
_HALF_PI = 0.5 * math.pi
_SQRT_TWO_PI = math.sqrt(2.0 * math.pi)
_PAIRS = np.array([[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]])


@compiled(types.void(MATRIX, _CUBE, VECTOR), error_model="numpy")
def minors(rows: Array, G: Array, D: Array) -> None:
    """Fill D[X] = det Ω_X (16,) for sets X of fields as bits, and G[X, z, w] = det of the rows X, z and columns X, w
    of Ω (16,4,4); Ω = ``rows`` @ ``rows``ᵀ (4,4)."""
    left = np.empty((16, 4, 4))
    for x in range(4):
        for d in range(4):
            left[0, x, d] = rows[x, d]
    D[0] = 1.0
    for X in range(16):
        if X:
            x = 3 if X & 8 else 2 if X & 4 else 1 if X & 2 else 0
            before = X ^ (1 << x)
            square = 0.0
            for d in range(4):
                square += left[before, x, d] * left[before, x, d]
            D[X] = D[before] * square
            for z in range(4):
                dot = 0.0
                for d in range(4):
                    dot += left[before, z, d] * left[before, x, d]
                dot = dot / square if square > 0.0 else 0.0
                for d in range(4):
                    left[X, z, d] = left[before, z, d] - dot * left[before, x, d]
        for z in range(4):
            for w in range(4):
                dot = 0.0
                for d in range(4):
                    dot += left[X, z, d] * left[X, w, d]
                G[X, z, w] = D[X] * dot


@compiled(types.void(VECTOR, VECTOR, VECTOR))
def _with_noise(D: Array, tau: Array, det: Array) -> None:
    """det S_X from det Ω_X, for all X."""
    for X in range(16):
        det[X] = D[X]
    for x in range(4):
        bit = 1 << x
        for X in range(16):
            if X & bit:
                det[X] += tau[x] * det[X ^ bit]


@compiled(types.void(_CUBE, VECTOR, *[VECTOR] * 6), error_model="numpy")
def _correlations(
    G: Array, det: Array, root: Array, rho: Array, below: Array, above: Array, sine: Array, width: Array
) -> None:
    """√S_xx (4,); of the six pairs ρ, 1 − ρ, 1 + ρ, asin ρ and √(1 − ρ²), (6,)."""
    for x in range(4):
        root[x] = math.sqrt(det[1 << x])
    for n in range(6):
        x, y = _PAIRS[n, 0], _PAIRS[n, 1]
        size = root[x] * root[y]
        r = min(max(G[0, x, y] / size, -1.0), 1.0)
        h = det[(1 << x) | (1 << y)] / (size * size)
        rho[n], width[n] = r, math.sqrt(h)
        below[n] = h / (1.0 + r) if r >= 0.0 else 1.0 - r
        above[n] = h / (1.0 - r) if r < 0.0 else 1.0 + r
        sine[n] = angle(r, width[n])


@compiled(types.float64(*[VECTOR] * 7))
def _orthant(det: Array, root: Array, rho: Array, below: Array, above: Array, sine: Array, room: Array) -> float:
    """P(all four fields > 0); ``room`` (32,) is worked in."""
    total, flips = 0.0, 1.0
    for n in range(3):
        flips *= 1.0 if rho[n] >= 0.0 else -1.0
    gaps, angles, triples = room[:6], room[6:12], room[12:16]
    scale = det[1] * det[2] * det[4] * det[8]
    for x in range(4):
        triples[x] = det[15 ^ (1 << x)] * root[x] * root[x] / scale
    for n in range(6):
        total += sine[n]
        one = rho[_PAIRS[n, 0] - 1] if n >= 3 else 1.0
        same = (one >= 0.0) == (rho[_PAIRS[n, 1] - 1] >= 0.0)
        gaps[n], angles[n] = (below[n], sine[n]) if same else (above[n], -sine[n])
    return (1.0 + total / _HALF_PI + flips * four_signs(gaps, angles, triples, det[15] / scale, room[16:])) / 16.0


@compiled(types.float64(*[types.float64] * 6))
def _bend(bx: float, by: float, cx: float, cy: float, below: float, above: float) -> float:
    """b_x c_y + b_y c_x − ρ_xy (b_x c_x + b_y c_y)."""
    return 0.5 * ((bx + by) * (cx + cy) * below - (bx - by) * (cx - cy) * above)


@compiled(types.float64(_CUBE, VECTOR, VECTOR, *[VECTOR] * 5), error_model="numpy")
def _two_hits(
    G: Array, det: Array, tau: Array, one_C: Array, other_C: Array, below: Array, above: Array, width: Array
) -> float:
    """Σ_{x<y} of the second derivatives of E[z_b z_c θθθθ]; C (4,) of each z: Cov(z, u_x)/√S_xx."""
    total = 0.0
    for n in range(6):
        x, y, z, w = _PAIRS[n, 0], _PAIRS[n, 1], _PAIRS[5 - n, 0], _PAIRS[5 - n, 1]
        one, other = 1 << x, 1 << y
        residual = G[one | other, z, w] + tau[x] * G[other, z, w] + tau[y] * (G[one, z, w] + tau[x] * G[0, z, w])
        turn = angle(residual, math.sqrt(det[one | other] * det[15]))
        bend = _bend(one_C[x], one_C[y], other_C[x], other_C[y], below[n], above[n])
        total += (0.5 * math.pi + turn) * bend / width[n]
    return total / (4.0 * math.pi * math.pi)


@compiled(types.float64(_CUBE, VECTOR, VECTOR, VECTOR), error_model="numpy")
def _one_hit(G: Array, det: Array, tau: Array, C: Array) -> float:
    """Σ_x Cov(z, u_x) E[δ(u_x) θθθ]; ``C`` (4,): Cov(z, u_x)/√S_xx."""
    total = 0.0
    for x in range(4):
        angles = 0.0
        for n in range(6):
            y, z = _PAIRS[n, 0], _PAIRS[n, 1]
            if x != y and x != z:
                three = (1 << x) | (1 << y) | (1 << z)
                residual = G[1 << x, y, z] + tau[x] * G[0, y, z]
                angles += angle(residual, math.sqrt(det[1 << x] * det[three]))
        total += C[x] * (0.125 + angles / (4.0 * math.pi))
    return total / _SQRT_TWO_PI


@compiled(types.float64(_CUBE, VECTOR, VECTOR, _FLAGS, _FLAGS, MATRIX), error_model="numpy")
def four_ramps(G: Array, D: Array, tau: Array, powers: Whole, noisy: Whole, room: Array) -> float:
    """E[z_b^m z_c^n θ(u_i) θ(u_j) θ(u_b) θ(u_c)] for τ > 0 (4,) and (m, n) = ``powers`` (2,), 0 or 1.

    ``G``, ``D``: see :func:`minors`. ``noisy`` (2,): whether z is u = λ + noise or λ. ``room`` (9,28) is worked in.
    """
    det, root, rho, below, above = room[0], room[1], room[2], room[3], room[4]
    sine, width = room[5], room[6]
    _with_noise(D, tau, det)
    _correlations(G, det, root, rho, below, above, sine, width)
    for z in range(2):
        for x in range(4):
            room[7 + z, x] = G[0, 2 + z, x] / root[x]
        if noisy[z]:
            room[7 + z, 2 + z] = root[2 + z]
    if powers[0] + powers[1] == 1:
        return _one_hit(G, det, tau, room[7] if powers[0] else room[8])
    positive = _orthant(det, root, rho, below, above, sine, room[8, 4:])
    if powers[0] == 0:
        return positive
    return G[0, 2, 3] * positive + _two_hits(G, det, tau, room[7], room[8], below, above, width)
