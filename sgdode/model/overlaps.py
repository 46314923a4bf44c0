"""Ω = (Q, M, P): the sufficient statistics of a student and its teacher, and their factors.

Shapes: p students, k teachers, r = rank P, D = d − r. Weights in units of √d: in an orthonormal basis whose first r
coordinates span the teachers, W/√d = [A, B] and W*/√d = [L, 0], so that Q = A Aᵀ + B Bᵀ, M = A Lᵀ, P = L Lᵀ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sgdode.model.starts import TOLERANCE

Array = NDArray[np.float64]
#: The same for overlaps whose numbers are of single precision.
_SINGLE_TOLERANCE = 1e-6
_SINGLE_DIGITS = 9


@dataclass(frozen=True)
class Overlaps:
    """Overlaps with the factors they come from.

    ``Q`` (p,p), ``M`` (p,k), ``P`` (k,k); ``A`` (p,r) and ``L`` (k,r) in the teachers' span, ``B`` (p,m) outside it.
    """

    Q: Array
    M: Array
    P: Array
    A: Array
    B: Array
    L: Array

    @property
    def orthogonal(self) -> Array:
        """Q⊥ = Q − M P⁺ Mᵀ, (p,p)."""
        return np.asarray(self.B @ self.B.T)

    @property
    def q(self) -> Array:
        """diag Q⊥, (p,)."""
        return np.asarray((self.B**2).sum(axis=1))


def teacher_factor(P: Array, scale: float | None = None) -> Array:
    """L (k,r) with P = L Lᵀ and r the rank of P at 1e-8 of ``scale`` (default: the largest eigenvalue)."""
    values, vectors = np.linalg.eigh(P)
    kept = values > TOLERANCE * (values[-1] if scale is None else scale)
    factor = vectors[:, kept] * np.sqrt(values[kept])
    return np.asarray(np.eye(len(P)) if np.array_equal(P, np.eye(len(P))) else factor)


def bartlett(rng: np.random.Generator, rows: int, dimension: float) -> Array:
    """L (rows, min(rows, D)), the LQ factor of a (rows, D) standard normal matrix: L Lᵀ is Wishart. Any D."""
    columns = int(min(rows, dimension))
    factor = np.tril(rng.standard_normal((rows, columns)), -1)
    chi = np.sqrt(rng.chisquare(dimension - np.arange(columns)))
    factor[np.arange(columns), np.arange(columns)] = chi
    return factor


def from_factors(A: Array, B: Array, L: Array, P: Array) -> Overlaps:
    """The overlaps of W/√d = [A, B] with the teachers [L, 0]; ``P`` is kept as given where L has full rank."""
    product = B @ B.T
    Q = A @ A.T + np.tril(product) + np.tril(product, -1).T
    Q = np.tril(Q) + np.tril(Q, -1).T
    return Overlaps(Q, A @ L.T, P if L.shape[0] == L.shape[1] else L @ L.T, A, B, L)


def omega(Q: Array, M: Array, P: Array) -> Array:
    """Ω = [[Q, M], [Mᵀ, P]], (n,n) with n = p + k."""
    return np.block([[Q, M], [M.T, P]])


class NotOverlaps(ValueError):
    """Matrices that are the overlaps of no weights; the text says by how much they fail."""


def asymmetry(matrix: Array) -> float:
    """The largest |X_ij − X_ji| of a matrix, relative to its largest entry."""
    return float(np.abs(matrix - matrix.T).max() / max(np.abs(matrix).max(), np.finfo(float).tiny))


def allowance(tolerance: float, *matrices: Array) -> float:
    """``tolerance``, and 1e-6 at least where all numbers of ``matrices`` are of single precision: such numbers exactly,
    or of up to nine digits, as they are printed."""
    with np.errstate(over="ignore"):
        longer = [matrix[matrix.astype(np.float32) != matrix] for matrix in matrices]
    single = all(float(f"{x:.{_SINGLE_DIGITS}g}") == x for numbers in longer for x in numbers.ravel())
    return max(tolerance, _SINGLE_TOLERANCE) if single else tolerance


def project(Q: Array, M: Array, P: Array, orthogonal_dimension: float, tolerance: float = TOLERANCE) -> Overlaps:
    """The overlaps nearest to (Q, M, P) that weights of D = ``orthogonal_dimension`` further dimensions have.

    ``tolerance``: how far below 0 eigenvalues of Ω may be, relative to λ_max(Ω), and up to where those of Q⊥ beyond the
    D largest count as 0. Raises NotOverlaps where Ω is not positive semidefinite, or Q⊥ has a rank above D.
    """
    full = omega(Q, M, P)
    values = np.linalg.eigvalsh(full)
    scale = max(values[-1], np.finfo(float).tiny)
    if values[0] < -tolerance * scale:
        raise NotOverlaps(
            f"Ω = [[Q, M], [Mᵀ, P]] is not positive semidefinite: its smallest eigenvalue is {values[0]:.3g}, "
            f"its largest {values[-1]:.3g} (allowed: down to -{tolerance:g} of the largest; initial.tolerance sets it)"
        )
    if values[0] < -TOLERANCE * scale:
        values, vectors = np.linalg.eigh(full)
        full, p = (vectors * np.maximum(values, 0.0)) @ vectors.T, len(Q)
        full = (full + full.T) / 2
        Q, M, P = full[:p, :p], full[:p, p:], full[p:, p:]
    L = teacher_factor(P)
    A = M @ L @ np.linalg.inv(L.T @ L)
    values, vectors = np.linalg.eigh(Q - A @ A.T)
    level = TOLERANCE * scale
    if np.sum(values > level) > orthogonal_dimension:
        level = max(tolerance, TOLERANCE) * scale
    rank = int(np.sum(values > level))
    if rank > orthogonal_dimension:
        raise NotOverlaps(
            f"Q⊥ = Q − M P⁺ Mᵀ has rank {rank}, but only d − rank(P) = {orthogonal_dimension:g} dimensions are "
            "orthogonal to the teachers"
        )
    kept = values > (level if len(values) > orthogonal_dimension else 0.0)
    return from_factors(A, vectors[:, kept] * np.sqrt(values[kept]), L, P)
