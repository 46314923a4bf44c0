"""Sums over the rows of small matrices, in tiles of columns that stay in registers.

Arrays are contiguous, float64 or float32; sums are float64.
"""

from __future__ import annotations

import math
from typing import Any

from sgdode.jit.compiling import CALLED, STEPS, compiled
from sgdode.jit.simd import WIDTH, add, add_product, load, put, spread, store, take
from sgdode.simulation.step import PROJECTION, REFLECTION

#: A pivot this far below its diagonal is round-off.
_SINGULAR = 1e-14


@compiled(**STEPS)
def combination(v: Any, at: int, W: Any, first: int, count: int, out: Any, to: int) -> None:
    """out[to : to + p] = Σ_t v[at + t] W[first + t], t < count, with W (·,p) and flat indices into v and out.

    Two tiles of columns and two rows at a time: what it takes is the latency of the sums.
    """
    p, pairs = W.shape[1], count - count % 2
    for i in range(0, p - 2 * WIDTH + 1, 2 * WIDTH):
        a0 = a1 = b0 = b1 = spread(0.0)
        w = first * p + i
        for t in range(0, pairs, 2):
            v0, v1 = spread(take(v, at + t)), spread(take(v, at + t + 1))
            a0, a1 = add_product(a0, v0, load(W, w)), add_product(a1, v0, load(W, w + WIDTH))
            b0, b1 = add_product(b0, v1, load(W, w + p)), add_product(b1, v1, load(W, w + p + WIDTH))
            w += 2 * p
        if count != pairs:
            v0 = spread(take(v, at + pairs))
            a0, a1 = add_product(a0, v0, load(W, w)), add_product(a1, v0, load(W, w + WIDTH))
        store(out, to + i, add(a0, b0))
        store(out, to + i + WIDTH, add(a1, b1))
    for i in range(p - p % (2 * WIDTH), p - WIDTH + 1, WIDTH):
        a0 = spread(0.0)
        for t in range(count):
            a0 = add_product(a0, spread(take(v, at + t)), load(W, (first + t) * p + i))
        store(out, to + i, a0)
    for i in range(p - p % WIDTH, p):
        total = 0.0
        for t in range(count):
            total += take(v, at + t) * take(W, (first + t) * p + i)
        put(out, to + i, total)


@compiled(**STEPS)
def combine(G: Any, W: Any, rows: int, out: Any, n: int) -> None:
    """out[:n] = G[:n, :rows] W[:rows], with W and out (·,p)."""
    for s in range(n):
        combination(G, s * G.shape[1], W, 0, rows, out, s * W.shape[1])


@compiled(**STEPS)
def add_outer(X: Any, n: int, columns: int, C: Any, W: Any, first: int) -> None:
    """W[first + j] += Σ_s X[s, j] C[s] for j < columns and s < n, with C and W (·,p)."""
    p = W.shape[1]
    for s in range(n):
        x = s * X.shape[1]
        for i in range(0, p - WIDTH + 1, WIDTH):
            c, at = load(C, s * p + i), first * p + i
            for j in range(columns):
                store(W, at, add_product(load(W, at), spread(take(X, x + j)), c))
                at += p
        for i in range(p - p % WIDTH, p):
            for j in range(columns):
                W[first + j, i] += X[s, j] * C[s, i]


@compiled(**STEPS)
def _gram(W: Any, first: int, count: int, out: Any) -> None:
    """out (p,p) = BᵀB of the rows B = W[first : first + count], on and above the diagonal."""
    p = W.shape[1]
    for j in range(p):
        for i in range(j - j % WIDTH, p - WIDTH + 1, WIDTH):
            total = spread(0.0)
            for t in range(first, first + count):
                total = add_product(total, spread(W[t, j]), load(W, t * p + i))
            store(out, j * p + i, total)
        for i in range(max(j, p - p % WIDTH), p):
            out[j, i] = 0.0
            for t in range(first, first + count):
                out[j, i] += float(W[t, j]) * W[t, i]


@compiled(**STEPS)
def _cholesky(S: Any) -> bool:
    """S (p,p), given above the diagonal, becomes the upper R with RᵀR = S.

    False where a column is a combination of the earlier ones, to round-off; S is unfinished then.
    """
    p = len(S)
    for j in range(p):
        size = S[j, j]
        for i in range(j - j % WIDTH, p - WIDTH + 1, WIDTH):
            total = load(S, j * p + i)
            for t in range(j):
                total = add_product(total, spread(-S[t, j]), load(S, t * p + i))
            store(S, j * p + i, total)
        for i in range(max(j, p - p % WIDTH), p):
            for t in range(j):
                S[j, i] -= S[t, j] * S[t, i]
        if not S[j, j] > _SINGULAR * size:
            return False
        scale = 1.0 / math.sqrt(S[j, j])
        for i in range(p):
            S[j, i] = scale * S[j, i] if i >= j else 0.0
    return True


@compiled(**CALLED)
def _reflect(W: Any, top: int, end: int, j: int, square: float, room: Any) -> None:
    """The Householder reflection of rows top, ..., end − 1 that makes column j vanish below ``top``, where its squares
    add up to ``square``. Columns before j are 0 in these rows;
    a loop over all of them is the faster one (it is vector code)."""
    p, v, w = W.shape[1], room[REFLECTION], room[PROJECTION]
    head = float(W[top, j])
    length = math.sqrt(square + head * head)
    head = -square / (head + length) if head > 0.0 else head - length  # R_jj > 0, without cancellation
    factor = 2.0 / (square + head * head)
    for i in range(top, end):
        v[i - top] = W[i, j]
    v[0] = head
    for c in range(p):
        w[c] = 0.0
    for i in range(top, end):
        f = v[i - top]
        for c in range(p):
            w[c] += f * W[i, c]
    for i in range(top, end):
        f = factor * v[i - top]
        for c in range(p):
            W[i, c] -= f * w[c]
    for i in range(top + 1, end):
        W[i, j] = 0.0


@compiled(**CALLED)
def fold(W: Any, first: int, count: int, R: Any, room: Any) -> int:
    """Rows first, ..., first + count − 1 of W become the R, R_jj ≥ 0, of their QR factorisation: WᵀW is kept.

    By Cholesky in the table ``R`` (p,p), twice as fast at p = 8; by Householder reflections where WᵀW is singular.
    Returns the number of rows that are left, min(count, p); the others are set to 0.
    """
    p, end = W.shape[1], first + count
    rank = min(count, p)
    if count >= p:
        _gram(W, first, count, R)
    if count >= p and _cholesky(R):
        for row in range(count):
            for i in range(p):
                W[first + row, i] = R[row, i] if row < p else 0.0
        return rank
    for j in range(rank):
        top = first + j
        square = 0.0
        for i in range(top + 1, end):
            square += float(W[i, j]) * W[i, j]
        if square > 0.0:
            _reflect(W, top, end, j, square, room)
        elif W[top, j] < 0.0:
            for c in range(p):
                W[top, c] = -W[top, c]
    for i in range(first + rank, end):
        for c in range(p):
            W[i, c] = 0.0
    return rank
