"""Sums over the rows of small matrices, in tiles of columns that stay in registers.

Arrays are contiguous, float64 or float32; sums are float64.
"""

from __future__ import annotations

import math

from sgdode.jit.compiling import CALLED, STEPS, compiled
from sgdode.jit.simd import WIDTH, add, add_product, load, put, spread, store, take
from sgdode.model.overlaps import Array
from sgdode.simulation.rule import PROJECTION, REFLECTION, Real

#: A pivot this far below its diagonal is round-off.
_SINGULAR = 1e-14


@compiled(**STEPS)
def combination(v: Real, at: int, W: Real, first: int, count: int, out: Real, to: int) -> None:
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
def combine(G: Real, W: Real, rows: int, out: Real, n: int) -> None:
    """out[:n] = G[:n, :rows] W[:rows], with W and out (·,p)."""
    for s in range(n):
        combination(G, s * G.shape[1], W, 0, rows, out, s * W.shape[1])


@compiled(**CALLED)
def fill_gram(G: Real, rows: int, T: Real, columns: int, gram: Real, n: int) -> None:
    """gram = G Gᵀ + T Tᵀ on and below the diagonal, of n samples."""
    for s in range(n):
        for t in range(s + 1):
            total = 0.0
            for i in range(rows):
                total += G[s, i] * G[t, i]
            for i in range(min(t + 1, columns)):
                total += T[s, i] * T[t, i]
            gram[s, t] = total


@compiled(**STEPS)
def add_outer(X: Real, n: int, columns: int, C: Real, W: Real, first: int) -> None:
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
def _normal_matrix(W: Real, first: int, count: int, out: Array) -> None:
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
def _cholesky(S: Array) -> bool:
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


@compiled(**STEPS)
def _subtract_rows(S: Real, first: int, row: int, i: int) -> None:
    """S[row : row + 4, i : i + 4] −= Σ_t S[t, row : row + 4] S[t, i : i + 4], first ≤ t < row.

    Two rows at a time: what it takes is the latency of the sums.
    """
    p = S.shape[1]
    at, t = row * p + i, first * p
    a, b, c, d = load(S, at), load(S, at + p), load(S, at + 2 * p), load(S, at + 3 * p)
    e = f = g = h = spread(0.0)
    while t < row * p:
        x, y, u, v = load(S, t + i), load(S, t + p + i), t + row, t + p + row
        a, e = add_product(a, spread(-take(S, u)), x), add_product(e, spread(-take(S, v)), y)
        b, f = add_product(b, spread(-take(S, u + 1)), x), add_product(f, spread(-take(S, v + 1)), y)
        c, g = add_product(c, spread(-take(S, u + 2)), x), add_product(g, spread(-take(S, v + 2)), y)
        d, h = add_product(d, spread(-take(S, u + 3)), x), add_product(h, spread(-take(S, v + 3)), y)
        t += 2 * p
    store(S, at, add(a, e))
    store(S, at + p, add(b, f))
    store(S, at + 2 * p, add(c, g))
    store(S, at + 3 * p, add(d, h))


@compiled(**STEPS)
def _four_pivots(S: Real, row: int) -> bool:
    """S[row : row + 4, row : row + 4] becomes its factor. False where a pivot is not positive."""
    for j in range(row, row + WIDTH):
        pivot = float(S[j, j])
        for t in range(row, j):
            pivot -= float(S[t, j]) ** 2
        if not pivot > 0.0:
            return False
        S[j, j] = math.sqrt(pivot)
        for i in range(j + 1, row + WIDTH):
            for t in range(row, j):
                S[j, i] -= S[t, j] * S[t, i]
            S[j, i] /= S[j, j]
            S[i, j] = 0.0
    return True


@compiled(**STEPS)
def _divide_rows(S: Real, row: int, end: int) -> None:
    """S[row : row + 4, row + 4 : end] of a factor, less the rows before, from its pivots."""
    p = S.shape[1]
    at, none = row * p + row, spread(0.0)
    ab, ac, ad = spread(-take(S, at + 1)), spread(-take(S, at + 2)), spread(-take(S, at + 3))
    bc, bd, cd = spread(-take(S, at + p + 2)), spread(-take(S, at + p + 3)), spread(-take(S, at + 2 * p + 3))
    ra, rb = spread(1.0 / take(S, at)), spread(1.0 / take(S, at + p + 1))
    rc, rd = spread(1.0 / take(S, at + 2 * p + 2)), spread(1.0 / take(S, at + 3 * p + 3))
    for to in range(at + WIDTH, row * p + end, WIDTH):
        a = add_product(none, ra, load(S, to))
        b = add_product(none, rb, add_product(load(S, to + p), ab, a))
        c = add_product(none, rc, add_product(add_product(load(S, to + 2 * p), ac, a), bc, b))
        d = add_product(add_product(load(S, to + 3 * p), ad, a), bd, b)
        store(S, to, a)
        store(S, to + p, b)
        store(S, to + 2 * p, c)
        store(S, to + 3 * p, add_product(none, rd, add_product(d, cd, c)))


@compiled(**CALLED)
def factor_rows(S: Real, first: int, end: int) -> bool:
    """Rows first, ..., end − 1 of the Cholesky factor of S (p,p), in place on and above the diagonal, where the rows
    before ``first`` are subtracted already; end − first a multiple of four, or end = p. False where a pivot is not
    positive; S is unfinished then."""
    p = S.shape[1]
    whole = p - (p - first) % WIDTH
    for row in range(first, min(end, whole), WIDTH):
        for i in range(row, whole, WIDTH):
            _subtract_rows(S, first, row, i)
        if not _four_pivots(S, row):
            return False
        _divide_rows(S, row, whole)
    for i in range(whole, p):
        square = float(S[i, i])
        for j in range(first, min(i, end)):
            for t in range(first, j):
                S[j, i] -= S[t, j] * S[t, i]
            S[j, i] /= S[j, j]
            square -= float(S[j, i]) ** 2
        if i < end:
            if not square > 0.0:
                return False
            S[i, i] = math.sqrt(square)
    return True


@compiled(**CALLED)
def _reflect(W: Real, top: int, end: int, j: int, square: float, room: Array) -> None:
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
def fold(W: Real, first: int, count: int, R: Array, room: Array) -> int:
    """Rows first, ..., first + count − 1 of W become the R, R_jj ≥ 0, of their QR factorisation: WᵀW is kept.

    By Cholesky in the table ``R`` (p,p), twice as fast at p = 8; by Householder reflections where WᵀW is singular.
    Returns the number of rows that are left, min(count, p); the others are set to 0.
    """
    p, end = W.shape[1], first + count
    rank = min(count, p)
    if count >= p:
        _normal_matrix(W, first, count, R)
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


@compiled(**CALLED)
def append_rows(T: Real, n: int, columns: int, C: Real, W: Real, r: int, m: int, R: Array, room: Array) -> int:
    """The new rows TᵀC of a block, T (n, columns), after a fold where there is no room for them. Returns the new m."""
    if r + m + columns > W.shape[0]:
        m = fold(W, r, m, R, room)
    for j in range(columns):  # T is lower triangular
        for i in range(W.shape[1]):
            W[r + m + j, i] = T[j, j] * C[j, i]
        for s in range(j + 1, n):
            for i in range(W.shape[1]):
                W[r + m + j, i] += T[s, j] * C[s, i]
    return m + columns
