"""The starts of ``sgdode.model.starts`` where the inputs have blocks: overlaps drawn block by block.

A start that is given by the overlaps of the fields alone, W = E W* + rest, has M_b = E P_b in every block, and the rest
in all directions alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sgdode.model.overlaps import (
    TOLERANCE,
    Array,
    NotOverlaps,
    Overlaps,
    allowance,
    bartlett,
    from_factors,
    project,
    teacher_factor,
)

if TYPE_CHECKING:
    from sgdode.model.problem import Problem
    from sgdode.model.start_laws import Start

Values = Mapping[str, Any]
Blocks = tuple[Overlaps, ...]


def of_fields(blocks: Blocks, eigenvalues: tuple[float, ...], tolerance: float = TOLERANCE) -> Overlaps:
    """The overlaps of the fields, Ω = Σ_b c_b Ω_b, with factors of their own."""
    Q, M, P = (
        sum(c * getattr(block, name) for c, block in zip(eigenvalues, blocks, strict=True)) for name in ("Q", "M", "P")
    )
    found = project(np.asarray(Q), np.asarray(M), np.asarray(P), math.inf, tolerance)
    return replace(found, Q=np.asarray(Q), M=np.asarray(M), P=np.asarray(P))


def teachers(problem: Problem) -> list[Array]:
    """L_b (k,r_b) of every block, P_b = L_b L_bᵀ. Raises NotOverlaps where a block has too few dimensions for them."""
    assert problem.teacher.blocks is not None
    found = []
    for b, (P, room) in enumerate(zip(problem.teacher.blocks, problem.inputs.dimensions(problem.d), strict=True)):
        L = teacher_factor(P)
        if L.shape[1] > room:
            raise NotOverlaps(
                f"block {b} has {room:g} dimensions, and the teachers given there have rank {L.shape[1]}: P_b of a "
                "block has at most its dimension as its rank (teacher.overlap)"
            )
        found.append(L)
    return found


def gaussian_by_block(problem: Problem, values: Values, rng: np.random.Generator) -> Blocks:
    """w_i ~ N(0, s² I_d), independent of the teachers: A_b and the Bartlett factor of Q_b⊥, block by block."""
    p, scale = int(problem.p), values["scale"] / math.sqrt(problem.d)
    found = []
    for b, (L, room) in enumerate(zip(teachers(problem), problem.inputs.dimensions(problem.d), strict=True)):
        A = scale * rng.standard_normal((p, L.shape[1]))
        B = scale * bartlett(rng, p, room - L.shape[1])
        found.append(from_factors(A, B, L, _P(problem)[b]))
    return tuple(found)


def in_teacher_span_by_block(problem: Problem, values: Values, rng: np.random.Generator) -> Blocks:
    """Students that are combinations of the teachers, with fields of variance 1, uniform in direction: W = E W*."""
    L = teacher_factor(problem.teacher.P)
    if not L.size:
        raise NotOverlaps("in-teacher-span needs a teacher; its weights are zero here: use gaussian")
    A = rng.standard_normal((int(problem.p), L.shape[1]))
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    return lifted(problem, A @ L.T, np.zeros((len(A), 0)))


def alike(problem: Problem, values: Values) -> tuple[Array, Array]:
    """Q (p,p) and M (p,k) of students that are all alike."""
    p, k, eps = int(problem.p), problem.k, values["epsilon"]
    return np.full((p, p), eps**2 / k) + values["q0"] * (1 - eps) ** 2 * np.eye(p), np.full((p, k), eps / k)


def symmetric_by_block(problem: Problem, values: Values, rng: np.random.Generator) -> Blocks:
    """The fields of the isotropic start of that name: M = ε/k, Q = (ε²/k) 11ᵀ + q₀ (1−ε)² I, moved by N(0, spread²)."""
    base = project(*alike(problem, values), problem.teacher.P, math.inf)
    A = base.A + values["spread"] * rng.standard_normal(base.A.shape)
    return lifted(problem, A @ base.L.T, base.B)


def overlaps_by_block(problem: Problem, values: Values, rng: np.random.Generator) -> Blocks:
    """``Q`` and ``M`` as given: (B,p,p) and (B,p,k), or those of the fields, which are lifted."""
    Q, M = np.array(values["Q"], dtype=float), np.array(values["M"], dtype=float)
    tolerance = allowance(problem.initial.tolerance, Q, M, problem.teacher.P)
    if Q.ndim == 2:
        found = project((Q + Q.T) / 2, M, problem.teacher.P, math.inf, tolerance)
        return lifted(problem, found.M, found.B)
    blocks = []
    for b, room in enumerate(problem.inputs.dimensions(problem.d)):
        P = _P(problem)[b]
        try:
            blocks.append(project((Q[b] + Q[b].T) / 2, M[b], P, room - teacher_factor(P).shape[1], tolerance))
        except NotOverlaps as error:
            raise NotOverlaps(f"block {b} (eigenvalue {problem.inputs.eigenvalues[b]:.6g}): {error}") from None
    return tuple(blocks)


def lifted(problem: Problem, M: Array, B: Array) -> Blocks:
    """The blocks of W = E W* + rest, whose fields have the overlaps ``M`` (p,k) with the teachers, and of which the
    rest has Q⊥ = B Bᵀ, B (p,m), in the fields: alike in all directions of the blocks that have room for it."""
    E = M @ np.linalg.pinv(problem.teacher.P, rcond=1e-10, hermitian=True)
    own, room = teachers(problem), problem.inputs.dimensions(problem.d)
    m, c, pi = B.shape[1], problem.inputs.eigenvalues, problem.inputs.fractions
    roomy = [m <= size - L.shape[1] for size, L in zip(room, own, strict=True)]
    variance = sum(pi[b] * c[b] for b in range(len(c)) if roomy[b])
    if m and not variance > 0.0:
        raise NotOverlaps(
            f"the part of the students orthogonal to the teachers has rank {m}, and no block of the inputs has as many "
            "dimensions beside the teachers; use initial.kind in-teacher-span or gaussian"
        )
    found = []
    for b, L in enumerate(own):
        into = L @ np.linalg.inv(L.T @ L)  # A_b = E P_b L_b (L_bᵀ L_b)⁻¹ = E L_b
        A = E @ _P(problem)[b] @ into
        rest = math.sqrt(pi[b] / variance) * B if m and roomy[b] else np.zeros((len(M), 0))
        found.append(from_factors(A, rest, L, _P(problem)[b]))
    return tuple(found)


def on_sphere(blocks: Blocks, lengths: Array) -> Blocks:
    """Every student divided by its length (p,)."""
    return tuple(
        from_factors(block.A / lengths[:, None], block.B / lengths[:, None], block.L, block.P) for block in blocks
    )


def squared_lengths(blocks: Blocks, weights: tuple[float, ...]) -> Array:
    """Σ_b w_b Q_b,ii (p,)."""
    return np.asarray(sum(w * np.diag(block.Q) for w, block in zip(weights, blocks, strict=True)))


def _P(problem: Problem) -> Array:
    assert problem.teacher.blocks is not None
    return problem.teacher.blocks


def by_block(problem: Problem, start: Start) -> dict[str, Array]:
    """What a result tells of the blocks: eigenvalue (B,), fraction (B,) and P_block (B,k,k); nothing where there are
    none."""
    if not start.blocks:
        return {}
    law = problem.inputs
    blocks = np.array([block.P for block in start.blocks])
    return {"eigenvalue": np.array(law.eigenvalues), "fraction": np.array(law.fractions), "P_block": blocks}


def binning(problem: Problem) -> dict[str, float]:
    """What a result tells of eigenvalues that were gathered."""
    error = problem.inputs.binning_error
    return {} if error is None else {"binning_error": error}
