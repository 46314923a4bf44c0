"""A step of SGD within p directions: B ← B + y cᵀ, in place of B ← B + g cᵀ and one row χ cᵀ more.

Where B (p,p), the students' coordinates outside the teachers' span, has an inverse, let Bᵀs = c. Then
  y = g + α s   with   |s|² α² + 2 (1 + g·s) α = χ²
leaves BᵀB as the row would, and it is BᵀB alone that counts. N = B⁻¹ follows by a change of rank one (Sherman &
Morrison 1950), N ← N − N y sᵀ / (1 + y·s). A step costs O(p²), and nothing is factorised as long as N is good, which
every step looks at: an error e in Bᵀs = c is one of α (e cᵀ + c eᵀ) in BᵀB.
"""

from __future__ import annotations

import math
from typing import Any

from sgdode.jit.compiling import STEPS, compiled
from sgdode.jit.simd import WIDTH, add, add_product, load, put, spread, store, take, total
from sgdode.simulation.small_linalg import combination
from sgdode.simulation.step import PROJECTION, REFLECTION, SCALE

#: The square roots of the round-off of float64 and float32. Nᵀc may be off by that much, relative to c, before one
#: refinement, which squares it; and N is of no use where ‖B‖‖N‖ comes near one over it.
_ROOT_DOUBLE, _ROOT_SINGLE = 2.0**-26, 2.0**-11.5
_MARGIN = 0.1


@compiled(**STEPS)
def invert(W: Any, N: Any, first: int) -> None:
    """N (p,p) becomes the inverse of the upper-triangular W[first : first + p], or NaN where that is of no use."""
    p, there, back = W.shape[1], 0.0, 0.0
    for j in range(p):
        for i in range(p):
            N[j, i] = 0.0
        N[j, j] = 1.0
    for j in range(p - 1, -1, -1):
        for t in range(j + 1, p):
            for i in range(t, p):
                N[j, i] -= W[first + j, t] * N[t, i]
        for i in range(j, p):
            N[j, i] /= W[first + j, j]
            there += float(W[first + j, i]) ** 2
            back += float(N[j, i]) ** 2
    root = _ROOT_DOUBLE if N.itemsize == 8 else _ROOT_SINGLE
    if not there * back < (_MARGIN / root) ** 2:
        N[0, 0] = math.nan


@compiled(**STEPS)
def _subtract_from(C: Any, e: Any, root: float) -> bool:
    """e = C[0] − e; whether that is within ``root`` of C[0]."""
    p, error, size, rest, rest_size = e.size, spread(0.0), spread(0.0), 0.0, 0.0
    for i in range(0, p - WIDTH + 1, WIDTH):
        c = load(C, i)
        off = add_product(c, spread(-1.0), load(e, i))
        store(e, i, off)
        error, size = add_product(error, off, off), add_product(size, c, c)
    for i in range(p - p % WIDTH, p):
        c_i = take(C, i)
        off_i = c_i - take(e, i)
        put(e, i, off_i)
        rest, rest_size = rest + off_i * off_i, rest_size + c_i * c_i
    return total(error) + rest <= root * root * (total(size) + rest_size)


@compiled(**STEPS)
def _add_and_measure(s: Any, more: Any, G: Any, first: int) -> tuple[float, float]:
    """s += more. Returns g·s and |s|², with g = G[0, first : first + p]."""
    p, slant, square, rest, rest_square = s.size, spread(0.0), spread(0.0), 0.0, 0.0
    for i in range(0, p - WIDTH + 1, WIDTH):
        s_i = add(load(s, i), load(more, i))
        store(s, i, s_i)
        slant, square = add_product(slant, load(G, first + i), s_i), add_product(square, s_i, s_i)
    for i in range(p - p % WIDTH, p):
        last = take(s, i) + take(more, i)
        put(s, i, last)
        rest, rest_square = rest + take(G, first + i) * last, rest_square + last * last
    return total(slant) + rest, total(square) + rest_square


@compiled(**STEPS)
def _tilt(s: Any, alpha: float, scale: float, scaled: Any, G: Any, first: int) -> None:
    """G[0, first : first + p] += alpha · s, and scaled = scale · s."""
    p, none = s.size, spread(0.0)
    for i in range(0, p - WIDTH + 1, WIDTH):
        store(G, first + i, add_product(load(G, first + i), spread(alpha), load(s, i)))
        store(scaled, i, add_product(none, spread(scale), load(s, i)))
    for i in range(p - p % WIDTH, p):
        put(G, first + i, take(G, first + i) + alpha * take(s, i))
        put(scaled, i, scale * take(s, i))


@compiled(**STEPS)
def _replace(N: Any, scaled: Any, G: Any, first: int) -> None:
    """N −= N y scaledᵀ, y = G[0, first : first + p]."""
    p = N.shape[1]
    for i in range(p):
        sums, rest, row = spread(0.0), 0.0, i * p
        for j in range(0, p - WIDTH + 1, WIDTH):
            sums = add_product(sums, load(G, first + j), load(N, row + j))
        for j in range(p - p % WIDTH, p):
            rest += take(G, first + j) * take(N, row + j)
        factor = -(total(sums) + rest)
        for j in range(0, p - WIDTH + 1, WIDTH):
            store(N, row + j, add_product(load(N, row + j), spread(factor), load(scaled, j)))
        for j in range(p - p % WIDTH, p):
            put(N, row + j, take(N, row + j) + factor * take(scaled, j))


@compiled(**STEPS)
def absorb(W: Any, N: Any, first: int, G: Any, C: Any, chi: float, room: Any) -> bool:
    """G[0, first : first + p] from g to y, and N with it; B = W[first : first + p] and c = C[0].

    False, and nothing has changed, where N is not good enough.
    """
    p = W.shape[1]
    s, e, more = room[REFLECTION, :p], room[PROJECTION, :p], room[SCALE, :p]
    combination(C, 0, N, 0, p, s, 0)
    combination(s, 0, W, first, p, e, 0)
    if not _subtract_from(C, e, _ROOT_DOUBLE if N.itemsize == 8 else _ROOT_SINGLE):
        return False
    combination(e, 0, N, 0, p, more, 0)
    slant, square = _add_and_measure(s, more, G, first)
    slant += 1.0
    length = math.copysign(math.sqrt(slant * slant + chi * chi * square), slant)
    if not abs(length) < math.inf:
        return False
    _tilt(s, chi * chi / (slant + length), 1.0 / length, more, G, first)
    _replace(N, more, G, first)
    return True
