"""The state of the equations on (Q, M, a) as one vector: the only place that packs and unpacks it.

Order: the upper triangle of Q row by row, then M row by row, then the output weights a where they are trained. The
mean-field systems have M, then q = diag Q⊥, then a. Where inputs have blocks, Q_b and M_b of each block come in turn,
then a. ``pack`` and ``unpack`` are plain loops, which sgdode.jit.formulas
compiles; the others are for many states at once.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sgdode.model.overlaps import Array


def size(p: int, k: int) -> int:
    """How many numbers Q and M are in a state."""
    return p * (p + 1) // 2 + p * k


def entries(p: int, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The units (row, column) of Ω that the numbers of a state stand for, (size,) each; teachers count from p on."""
    rows, columns = np.triu_indices(p)
    students, teachers = np.divmod(np.arange(p * k), k)
    return np.concatenate([rows, students]), np.concatenate([columns, p + teachers])


def pack(Q: Array, M: Array, a: Array, y: Array) -> None:
    """Fill ``y`` with Q (p,p), M (p,k) and ``a``, (p,) or, where it is not trained, (0,)."""
    p, k = M.shape
    at = 0
    for i in range(p):
        for j in range(i, p):
            y[at] = Q[i, j]
            at += 1
    for i in range(p):
        for r in range(k):
            y[at] = M[i, r]
            at += 1
    for i in range(a.size):
        y[at + i] = a[i]


def unpack(y: Array, Q: Array, M: Array, a: Array) -> None:
    """Fill Q (p,p), M (p,k), and a (p,) where the state holds it."""
    p, k = M.shape
    at = 0
    for i in range(p):
        for j in range(i, p):
            Q[i, j] = y[at]
            Q[j, i] = y[at]
            at += 1
    for i in range(p):
        for r in range(k):
            M[i, r] = y[at]
            at += 1
    for i in range(y.size - at):
        a[i] = y[at + i]


def packed(Q: Array, M: Array, a: Array) -> Array:
    """The state of Q (p,p), M (p,k) and ``a`` (empty where it is not trained)."""
    return np.concatenate([Q[np.triu_indices(len(Q))], M.ravel(), a])


def unpacked(states: Array, p: int, k: int) -> tuple[Array, Array, Array]:
    """Q (T,p,p), M (T,p,k) and a (T,p) or (T,0) of states (T,size)."""
    triangle = p * (p + 1) // 2
    rows, columns = np.triu_indices(p)
    Q = np.empty((len(states), p, p))
    Q[:, rows, columns] = Q[:, columns, rows] = states[:, :triangle]
    M = states[:, triangle : triangle + p * k].reshape(-1, p, k)
    return Q, M, states[:, triangle + p * k :]


def packed_blocks(Q: Array, M: Array, a: Array) -> Array:
    """The state of Q_b (B,p,p), M_b (B,p,k) and ``a`` (empty where it is not trained)."""
    none = np.empty(0)
    return np.concatenate([*(packed(Q_b, M_b, none) for Q_b, M_b in zip(Q, M, strict=True)), a])


def unpacked_blocks(states: Array, blocks: int, p: int, k: int) -> tuple[Array, Array, Array]:
    """Q_b (T,B,p,p), M_b (T,B,p,k) and a (T,p) or (T,0) of states (T,size) of ``blocks`` blocks."""
    one, times = size(p, k), len(states)
    Q, M, _ = unpacked(np.ascontiguousarray(states[:, : blocks * one]).reshape(times * blocks, one), p, k)
    return Q.reshape(times, blocks, p, p), M.reshape(times, blocks, p, k), states[:, blocks * one :]


def repacked_blocks(curves: Mapping[str, Array], scale: Array, trained: bool) -> Array:
    """The states (T,size) of the curves Q_block, M_block and output_weights, with Q_b and M_b times ``scale`` (B,)."""
    Q, M = (scale[:, None, None] * curves[name] for name in ("Q_block", "M_block"))
    a = curves["output_weights"] if trained else np.empty((len(Q), 0))
    return np.array([packed_blocks(*state) for state in zip(Q, M, a, strict=True)])


def packed_diagonal(M: Array, q: Array, a: Array) -> Array:
    """The mean-field state of M (p,k), q (p,) and ``a`` (empty where it is not trained)."""
    return np.concatenate([M.ravel(), q, a])


def unpacked_diagonal(states: Array, p: int, k: int) -> tuple[Array, Array, Array]:
    """M (T,p,k), q (T,p) and a (T,p) or (T,0) of mean-field states (T,size)."""
    M = states[:, : p * k].reshape(-1, p, k)
    return M, states[:, p * k : p * (k + 1)], states[:, p * (k + 1) :]


def repacked(curves: Mapping[str, Array], trained: bool) -> Array:
    """The states (T,size) that the curves M (T,p,k), Q (T,p,p) or else q (T,p), and output_weights are of."""
    M = curves["M"].reshape(len(curves["M"]), -1)
    if "Q" in curves:
        rows, columns = np.triu_indices(curves["Q"].shape[1])
        parts = [curves["Q"][:, rows, columns], M]
    else:
        parts = [M, curves["q"]]
    return np.concatenate([*parts, *([curves["output_weights"]] if trained else [])], axis=1)
