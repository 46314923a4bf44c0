"""Where neurons point: their norms, the part of them in the teachers' span, and their cosines with the teachers."""

from __future__ import annotations

import numpy as np

from sgdode.errors import UsageError
from sgdode.results.trajectory import Array, Trajectory

#: Eigenvalues of P below this share of the largest are taken for zero: teachers that depend on each other.
RANK_TOLERANCE = 1e-8


def squared_inside(M: Array, P: Array) -> Array:
    """(M P⁺ Mᵀ)_jj, the squared norm of each neuron's part in the teachers' span: M (...,p,k), P (k,k) → (...,p)."""
    inverse = np.linalg.pinv(P, rcond=RANK_TOLERANCE, hermitian=True)
    return np.asarray(np.einsum("...jr,rs,...js->...j", M, inverse, M))


def inside(run: Trajectory) -> Array:
    """(M P⁺ Mᵀ)_jj of a run, (...,T,p). Raises UsageError where the file holds no M."""
    return squared_inside(np.asarray(_saved(run, "M"), dtype=float), run.P)


def norms(run: Trajectory) -> Array:
    """Q_jj, (...,T,p): from Q, or from M and q. Raises UsageError where the file holds neither."""
    if "Q" in run.curves:
        return np.asarray(np.diagonal(run.Q, axis1=-2, axis2=-1), dtype=float)
    return inside(run) + np.asarray(_saved(run, "q"), dtype=float)


def cosines(run: Trajectory) -> Array:
    """M_jr/√(Q_jj P_rr), (...,T,p,k): 1 where neuron j points along teacher r; 0 for a neuron of no length."""
    lengths = np.sqrt(norms(run)[..., None] * np.diag(run.P))
    return np.asarray(np.divide(_saved(run, "M"), lengths, out=np.zeros_like(lengths), where=lengths > 0))


def share_inside(run: Trajectory) -> Array:
    """Σ_j (M P⁺ Mᵀ)_jj / Σ_j Q_jj, the share of the student's norm in the teachers' span, (...,T); particles weigh."""
    weight = np.ones(run.M.shape[-2]) if run.particle_weight is None else run.particle_weight
    return np.asarray((inside(run) @ weight) / (norms(run) @ weight))


def learnt_by_block(run: Trajectory) -> Array:
    """The cosine of each teacher with the student nearest to it in every block of the inputs, the mean over teachers
    that are there, (...,T,B); 0 where a block holds no teacher. UsageError where a file has no such overlaps."""
    if run.P_block is None:
        raise UsageError(f"{run.attributes.get('name', run.kind)}: its inputs have no blocks (inputs.spectrum)")
    Q, M = (np.asarray(_saved(run, name), dtype=float) for name in ("Q_block", "M_block"))
    there = np.diagonal(run.P_block, axis1=1, axis2=2)  # (B,k)
    lengths = np.sqrt(np.diagonal(Q, axis1=-2, axis2=-1)[..., None] * there[:, None, :])
    each = np.divide(M, lengths, out=np.zeros_like(M), where=lengths > 0).max(axis=-2)
    count = np.maximum(np.sum(there > 0, axis=1), 1)
    return np.asarray(np.where(there > 0, each, 0.0).sum(axis=-1) / count)


def _saved(run: Trajectory, name: str) -> Array:
    if name not in run.curves:
        what = "neither Q nor q" if name == "q" else f"no {name}"
        raise UsageError(
            f"{run.attributes.get('name', run.kind)}: holds {what} (saved: {', '.join(run.curves)}); "
            f"add {name} to `save` in the spec"
        )
    return run.curves[name]
