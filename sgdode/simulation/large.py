"""The block of ``sgdode.simulation.small`` in matrix products, for wide networks: BLAS does all but the recursion.

All products go to SciPy's BLAS. NumPy brings one of its own, whose threads wait for work by spinning: two that are
called in turn take the processors from each other, and two cores are slower than one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, blas, cholesky, qr

from sgdode.jit.blas import routines
from sgdode.model.overlaps import Array
from sgdode.simulation import step as sgd
from sgdode.simulation.factored import PART, Tables, is_regular, steps_within
from sgdode.simulation.rule import KEEP, Real, Rule, constrain, keep_old, moves, within

_PART, _PARTS_FROM = 32, 512  # a call from Python costs 20 µs


def steps_in_products(
    student: int,
    target: sgd.Target,
    rule: Rule,
    rng: np.random.Generator,
    dt: Array,
    sizes: sgd.Sizes,
    weights: sgd.Weights,
    m: int,
    workspace: sgd.Workspace,
) -> tuple[int, int]:
    """len(dt) steps of SGD: the same arguments and results as ``small.steps_in_loops``, for ahead = block."""
    W, none, a = weights.W, weights.beside[:0, :0], weights.a
    room, labels = workspace.room, workspace.labels
    r, p = target.L.shape[1], W.shape[1]
    for done in range(0, len(dt), sizes.block):
        steps = min(sizes.block, len(dt) - done)
        n, whole = steps * rule.batch, sizes.block * rule.batch
        rows, outside = r + m, sizes.dimension - m
        G, C = _matrix(workspace.inputs, whole, rows), workspace.C[:n]
        sgd.draw_normals(rng, G, whole, 0, r)
        sgd.draw_labels(target, rule, rng, G, whole, labels)
        sgd.draw_normals(rng, G, whole, r, rows)
        fresh = whole if sizes.block > 1 else min(n, p)
        gram, T = workspace.gram, _matrix(workspace.T, fresh, int(min(fresh, outside)))
        if sizes.block > 1:
            sgd.draw_bartlett(rng, T, len(T), T.shape[1], outside)
            G, T = G[:n], np.ascontiguousarray(T[:n, : int(min(n, outside))])
        if steps > 1:
            gram = _matrix(workspace.gram, n, n)
            _square(gram, G, 0.0)
            _square(gram, T, 1.0)
        _product(C, G, W[:rows], 0.0)
        inner = within(rule, steps)
        bad = _descend_in_parts(student, inner, dt[done : done + steps], gram, C, a, room, labels[sgd.Y])
        if bad >= 0:
            return m, done + bad
        keep_old(inner, W, none, rows, room)
        _product(W[:rows], G, C, 1.0, transposed=True)
        if sizes.block == 1:
            C = _triangle(C) if n > p else C
            sgd.draw_bartlett(rng, T, len(T), T.shape[1], outside)
        m = _append_product(T, C, W, r, m)
        constrain(rule, W, none, r + m, room)
    return m, len(dt)


def steps_with_factor(real: str, r: int, p: int, block: int, batch: int) -> Callable[..., tuple[int, int]]:
    """Steps with the same arguments and results, in blocks of ``block`` steps: within p rows where these have a factor
    (``sgdode.simulation.factored``), else as above."""
    n, kernel, blas = block * batch, steps_within(real), routines(real)
    shapes = (n, p), (r, p), (max(PART, batch),) * 2, (p, p)
    tables = Tables(*(np.empty(shape, real) for shape in shapes))

    def steps(
        student: int, target: sgd.Target, rule: Rule, rng: np.random.Generator, dt: Array, sizes: sgd.Sizes,
        weights: sgd.Weights, m: int, workspace: sgd.Workspace,
    ) -> tuple[int, int]:  # fmt: skip
        done, fine = 0, True
        while done < len(dt) and fine:
            m, known = with_factor(weights, target.L.shape[1], m, n)
            if known:
                m, some, fine = kernel(student, target, rule, rng, dt[done:], sizes, weights, workspace, tables, blas)
            else:
                now = dt[done : done + sizes.block]
                m, some = steps_in_products(student, target, rule, rng, now, sizes, weights, m, workspace)
                fine = some == len(now)
            done += some
        return m, done

    return steps


def with_factor(weights: sgd.Weights, r: int, m: int, n: int) -> tuple[int, bool]:
    """The new m, after a fold where there is no room for n more rows; and whether the rows are p, upper triangular,
    with their overlaps beside them. That is tried where they have just come to be p."""
    W, S, p = weights.W, weights.beside, weights.a.size
    if r + m + n > len(W):
        m = _fold(W, r, m)
    if m != p or not np.isnan(S[0, 0]):
        return m, m == p
    B = W[r : r + p]
    _product(S, B, B, 0.0, transposed=True)
    try:
        R: Real = np.ascontiguousarray(cholesky(S, check_finite=False))
        if is_regular(R, S):
            B[:] = R
            S[:] = np.triu(S)
            return m, True
    except LinAlgError:
        pass
    S[0, 0] = np.nan
    return m, False


def _descend_in_parts(student: int, rule: Rule, dt: Array, gram: Real, C: Real, a: Array, room: Array, y: Array) -> int:
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
        if moves(rule):
            keep = room[KEEP, : len(a)]
            C[:first] *= keep
            C[end:] *= keep
            kept *= keep
        if end < len(C):
            _product(C[end:], np.ascontiguousarray(gram[end:, first:end]), C[first:end], 1.0)
    room[KEEP, : len(a)] = kept
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


def _square(out: Real, A: Real, keep: float) -> None:
    """out = keep · out + A Aᵀ, in place."""
    if A.size:
        _gemm(out.dtype)(1.0, A.T, A.T, beta=keep, c=out.T, trans_a=True, overwrite_c=True)


def _append_product(T: Real, C: Real, W: Real, r: int, m: int) -> int:
    """The new rows TᵀC, after a factorisation where there is no room for them. Returns the new m."""
    if not T.shape[1]:
        return m
    if r + m + T.shape[1] > len(W):
        m = _fold(W, r, m)
    _product(W[r + m : r + m + T.shape[1]], T, C, 0.0, transposed=True)
    return m + T.shape[1]


def _fold(W: Real, r: int, m: int) -> int:
    """The m rows from r on become the R of their QR factorisation, and those after it 0. Returns the new m."""
    factor = _factor(W[r : r + m])
    W[r:] = 0.0
    W[r : r + len(factor)] = factor
    return len(factor)


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
