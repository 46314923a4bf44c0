"""Where the teachers lie in the spectrum of the inputs: P_b = W* Π_b W*ᵀ/d of every block.

Teachers are W* = F U, with F Fᵀ = P the covariance of their fields and directions u_s whose fields are independent and
of variance 1; ``shares`` (B,r) say how much of that variance, Σ_b = 1, every u_s has in every block. So Σ_b c_b P_b = P
however the teachers are placed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sgdode.model.inputs import InputLaw
from sgdode.model.overlaps import Array, teacher_factor


def isotropic_shares(law: InputLaw) -> Array:
    """π_b c_b (B,): as much of each teacher in every direction."""
    return np.array(law.fractions) * np.array(law.eigenvalues)


def weighted_shares(law: InputLaw, weights: Array) -> Array:
    """c_b Σ_b w_j² (B,), scaled to 1, of squared components that add up to ``weights`` (B,) in each block."""
    shares = np.array(law.eigenvalues) * weights
    return np.asarray(shares / shares.sum())


def teachers_by_block(law: InputLaw, P: Array, shares: Array, d: float) -> tuple[Array, tuple[str, ...]]:
    """P_b (B,k,k) of teachers with the field covariance ``P`` (k,k), and what a reader is to know of them.

    ``shares``: (B,), the same for all directions, or (B,k), one column for each teacher where P is diagonal. A block of
    fewer dimensions than directions holds as many of them as it has room for, in turn.
    """
    c, room = np.array(law.eigenvalues), law.dimensions(d)
    # a diagonal P has a teacher's own direction for each teacher
    diagonal = not np.any(P - np.diag(np.diag(P)))
    F = np.diag(np.sqrt(np.diag(P))) if diagonal else teacher_factor(P)
    each = np.array(np.broadcast_to(shares if shares.ndim == 2 else shares[:, None], (len(c), F.shape[1])))
    used = np.any(F != 0.0, axis=0)
    narrow = [b for b in range(len(c)) if room[b] < np.count_nonzero(used & (each[b] > 0))]
    if not narrow and shares.ndim == 1:
        divided = np.divide(shares, c, out=np.zeros(len(c)), where=c > 0)
        return np.asarray(divided[:, None, None] * P), ()
    _take_turns(each, narrow, room, np.flatnonzero(used))
    total = each.sum(axis=0)
    each /= np.where(total > 0, total, 1.0)
    weights = np.divide(each, c[:, None], out=np.zeros_like(each), where=c[:, None] > 0)
    blocks = np.einsum("ks,bs,ls->bkl", F, weights, F)
    return (blocks + np.swapaxes(blocks, 1, 2)) / 2, _told(narrow, room, int(used.sum()))


def _take_turns(each: Array, narrow: list[int], room: tuple[float, ...], used: NDArray[np.intp]) -> None:
    """In blocks that are too narrow, give all to the directions whose turn it is, in place."""
    turn = 0
    for b in narrow:
        size = int(room[b])
        chosen = [int(used[(turn + step) % len(used)]) for step in range(size)]
        turn += size
        kept = each[b, chosen] * len(used) / size
        each[b] = 0.0
        each[b, chosen] = kept


def _told(narrow: list[int], room: tuple[float, ...], directions: int) -> tuple[str, ...]:
    if not narrow:
        return ()
    few = ", ".join(str(b) for b in narrow[:5]) + (", ..." if len(narrow) > 5 else "")
    return (
        f"blocks {few} have fewer dimensions ({int(room[narrow[0]])}) than there are independent teachers "
        f"({directions}): each holds as many of them as it has room for, in turn",
    )
