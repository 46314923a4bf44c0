"""The block of ``sgdode.simulation.small`` in matrix products, for wide networks: BLAS does all but the recursion.

All products go to SciPy's BLAS. NumPy brings one of its own, whose threads wait for work by spinning: two that are
called in turn take the processors from each other, and two cores are slower than one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, blas, cholesky, qr

from sgdode.simulation import step as sgd
from sgdode.simulation.normals import draw_normals
from sgdode.simulation.small import normalise, shrink, within

Real = NDArray[Any]
_PART, _PARTS_FROM = 32, 512  # a call from Python costs 20 µs


def advance(
    student: Any,
    teacher: Any,
    rule: sgd.Rule,
    rng: np.random.Generator,
    bits: Real,
    L: Real,
    a_star: Real,
    dt: Real,
    W: Real,
    m: int,
    dimension: float,
    a: Real,
    block: int,
    ahead: int,
    *room: Real,
) -> tuple[int, int]:
    """len(dt) steps of SGD: the same arguments and results as ``directions.advance``, for ahead = block."""
    none, G_room, T_room, C_room, gram_room, _, vectors, labels = room
    r, p = L.shape[1], W.shape[1]
    for done in range(0, len(dt), block):
        steps = min(block, len(dt) - done)
        n = steps * rule.batch
        rows, outside = r + m, dimension - m
        G, C = _matrix(G_room, n, rows), C_room[:n]
        draw_normals(rng, bits, G, n, 0, r)
        sgd.draw_labels(teacher, rule, rng, L, a_star, G, n, labels)
        draw_normals(rng, bits, G, n, r, rows)
        fresh = n if steps > 1 else min(n, p)
        gram, T = gram_room, _matrix(T_room, fresh, int(min(fresh, outside)))
        if steps > 1:
            sgd.draw_bartlett(rng, T, len(T), T.shape[1], outside)
            gram = _matrix(gram_room, n, n)
            _gram(gram, G, 0.0)
            _gram(gram, T, 1.0)
        _product(C, G, W[:rows], 0.0)
        inner = within(rule, steps)
        bad = _descend(student, inner, dt[done : done + steps], gram, C, a, vectors, labels[sgd.Y])
        if bad >= 0:
            return m, done + bad
        shrink(inner, W, none, rows, vectors)
        _product(W[:rows], G, C, 1.0, transposed=True)
        if steps == 1:
            C = _triangle(C) if n > p else C
            sgd.draw_bartlett(rng, T, len(T), T.shape[1], outside)
        m = _append(T, C, W, r, m)
        if rule.spherical:
            normalise(W, none, r + m, vectors)
    return m, len(dt)


def _descend(student: Any, rule: sgd.Rule, dt: Real, gram: Real, C: Real, a: Real, room: Real, y: Real) -> int:
    """``sgd.descend``, for large p in parts of 32 samples: what a part does to the later ones is a matrix product."""
    part = max(1, _PART // rule.batch) if len(a) >= _PARTS_FROM else len(dt)
    kept = np.ones(len(a))
    for step in range(0, len(dt), part):
        steps = min(part, len(dt) - step)
        first, end = step * rule.batch, (step + steps) * rule.batch
        own = np.ascontiguousarray(gram[first:end, first:end]) if len(dt) > 1 else gram
        bad = int(sgd.descend(student, rule, dt, step, steps, own, C[first:end], a, room, y[first:]))
        if bad >= 0:
            return step + bad
        if rule.decay != 0.0 or rule.spherical:
            keep = room[sgd.KEEP, : len(a)]
            C[:first] *= keep
            C[end:] *= keep
            kept *= keep
        if end < len(C):
            _product(C[end:], np.ascontiguousarray(gram[end:, first:end]), C[first:end], 1.0)
    room[sgd.KEEP, : len(a)] = kept
    return -1


def _matrix(room: Real, rows: int, columns: int) -> Real:
    """A contiguous (rows, columns) matrix at the start of ``room``."""
    return np.asarray(room.reshape(-1)[: rows * columns].reshape(rows, columns))


def _gemm(real: Any) -> Callable[..., Real]:
    return blas.dgemm if real == np.float64 else blas.sgemm


def _product(out: Real, A: Real, B: Real, keep: float, transposed: bool = False) -> None:
    """out = keep · out + A B (or Aᵀ B), in place; all contiguous by rows. For BLAS, which stores by columns, that is
    outᵀ = keep · outᵀ + Bᵀ Aᵀ."""
    if A.size:
        _gemm(out.dtype)(1.0, B.T, A.T, beta=keep, c=out.T, trans_b=transposed, overwrite_c=True)


def _gram(out: Real, A: Real, keep: float) -> None:
    """out = keep · out + A Aᵀ, in place."""
    if A.size:
        _gemm(out.dtype)(1.0, A.T, A.T, beta=keep, c=out.T, trans_a=True, overwrite_c=True)


def _append(T: Real, C: Real, W: Real, r: int, m: int) -> int:
    """The new rows TᵀC, after a factorisation where there is no room for them. Returns the new m."""
    if not T.shape[1]:
        return m
    if r + m + T.shape[1] > len(W):
        factor = _factor(W[r : r + m])
        W[r:] = 0.0
        m = len(factor)
        W[r : r + m] = factor
    _product(W[r + m : r + m + T.shape[1]], T, C, 0.0, transposed=True)
    return m + T.shape[1]


def _factor(B: Real) -> Real:
    """R with at most p rows, R_jj ≥ 0 and RᵀR = BᵀB, which is all that the overlaps need: by Cholesky, three times
    faster than QR, where BᵀB is regular."""
    wide = B.astype(np.float64)
    if len(B) < B.shape[1]:
        return _triangle(wide)
    try:
        square: Real = blas.dgemm(1.0, wide.T, wide.T, trans_b=True)
        return np.asarray(cholesky(square, overwrite_a=True, check_finite=False))
    except LinAlgError:
        return _triangle(wide)


def _triangle(B: Real) -> Real:
    """The R, R_jj ≥ 0, of the QR factorisation of B."""
    R: Real = np.asarray(qr(B, mode="r", check_finite=False)[0][: min(B.shape)])
    return np.asarray(R * np.where(np.diag(R) < 0, -1, 1)[:, None].astype(R.dtype))
