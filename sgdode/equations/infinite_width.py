"""Infinite width: the mean-field equations on particles that are a quadrature rule of the initial law.

(1/p) Σ_j becomes Σ_j π_j with Σ π_j = 1, and two neurons at one node are independent, so l = i is averaged over Ξ like
the others. This is the paper's mean-field PDE at spectral instead of Monte-Carlo accuracy.
"""

from __future__ import annotations

import math

import numpy as np

from sgdode.equations.full import System
from sgdode.equations.mean_field import MeanField, field_warnings, packed
from sgdode.errors import Defect, SpecError
from sgdode.gaussian.quadrature import chi_square, normal
from sgdode.model.overlaps import Array, teacher_factor
from sgdode.model.starts import teacher_overlap
from sgdode.spec.schema import Spec

#: Particles that ``auto`` takes for r = rank P = 1, 2 and above.
_AUTO = {1: 128, 2: 500}
_AUTO_ABOVE = 1024
_TENSOR_UP_TO = 2


def particles(spec: Spec, count: int) -> tuple[Array, Array, Array]:
    """About ``count`` particles of the start: M (n,k), q (n,) and weights π (n,), Σ π = 1.

    ``gaussian``: A ~ N(0, s²/d I_r), q ~ (s²/d) χ²_D, by Gauss–Hermite × generalised Gauss–Laguerre for r ≤ 2, else by
    quasi-random points in mirrored pairs. ``in-teacher-span``: A uniform on the unit sphere of R^r, q = 0.
    """
    L = teacher_factor(teacher_overlap(spec))
    r = L.shape[1]
    if spec.initial.kind == "in-teacher-span":
        A, weight = _sphere(r, count)
        q = np.zeros(len(A))
    elif spec.initial.kind == "gaussian":
        A, q, weight = (_tensor if r <= _TENSOR_UP_TO else _quasi_random)(r, spec.d - r, count)
        scale = spec.initial.scale / math.sqrt(spec.d)
        A, q = scale * A, scale**2 * q
    else:
        reason = (
            f"{spec.initial.kind} at student.width inf is a single neuron repeated, apart from a perturbation that has "
            "no limit; use gaussian or in-teacher-span, or a finite width"
        )
        raise SpecError([Defect("", "initial.kind", reason)])
    if spec.constraint == "spherical":
        square = (A * A).sum(axis=1) + q
        A, q = A / np.sqrt(square)[:, None], q / square
    return A @ L.T, q, weight


def particle_count(spec: Spec) -> int:
    """The number that ``integrate.particles: auto`` stands for.

    For square, σ' is linear, so w(t) is a linear image of w(0) and four moments of the start are all that matters.
    """
    if spec.integrate.particles is not None:
        return spec.integrate.particles
    r = teacher_factor(teacher_overlap(spec)).shape[1]
    if spec.student.activation.name == "square" and r <= _TENSOR_UP_TO and spec.student.train_output == 0:
        return 2 * 4**r
    return _AUTO.get(r, _AUTO_ABOVE)


def finer(spec: Spec, count: int) -> int:
    """The next larger number of particles: the difference of the two risks is the error of the first."""
    r = teacher_factor(teacher_overlap(spec)).shape[1]
    if spec.initial.kind != "gaussian" or r > _TENSOR_UP_TO:
        return 2 * count
    return int(2**r * (_levels(r, count) + 1) ** (r + 1))


def infinite_width(spec: Spec, name: str, count: int | None = None) -> System:
    """``mean-field`` or ``mean-field-high-d`` at p = ∞, with about ``count`` particles (default: as the spec says)."""
    P = teacher_overlap(spec)
    L = teacher_factor(P)
    M, q, weight = particles(spec, particle_count(spec) if count is None else count)
    dimension = math.inf if name == "mean-field-high-d" else spec.d - L.shape[1]
    field = MeanField(spec, P, L, dimension, weight, own=False)
    a = np.full(len(q), spec.student_output_weights[0])
    system = packed(name, field, M, q, a, field_warnings(spec, field))
    report = system.report
    report["particles"] = len(q)
    return System(name, system.y0, system.rhs, system.curves, system.error, report, system.warnings, weight)


def _levels(r: int, count: int) -> int:
    """n with (2n)^r Hermite × n Laguerre nodes nearest to ``count``."""
    return max(1, round((count / 2**r) ** (1 / (r + 1))))


def _tensor(r: int, D: float, count: int) -> tuple[Array, Array, Array]:
    """Gauss–Hermite in r dimensions × Gauss–Laguerre: A (n,r), q (n,) = χ²_D and weights."""
    n = _levels(r, count)
    x, wx = normal(2 * n)
    y, wy = chi_square(D, n) if D > 0 else (np.zeros(1), np.ones(1))
    grids = np.meshgrid(*[x] * r, y, indexing="ij")
    weights = np.meshgrid(*[wx] * r, wy, indexing="ij")
    return np.stack([g.ravel() for g in grids[:r]], axis=1), grids[r].ravel(), np.prod(weights, axis=0).ravel()


def _quasi_random(r: int, D: float, count: int) -> tuple[Array, Array, Array]:
    """Scrambled Sobol points (one fixed scramble) in mirrored pairs ±A, equal weights."""
    from scipy.special import gammaincinv, ndtri

    points = _sobol(r + 1, count)
    A = ndtri(points[:, :r])
    q = 2 * gammaincinv(D / 2, points[:, r]) if D > 0 else np.zeros(len(A))
    return np.concatenate([A, -A]), np.tile(q, 2), np.full(2 * len(A), 0.5 / len(A))


def _sphere(r: int, count: int) -> tuple[Array, Array]:
    """Equal-weight points of the unit sphere of R^r: ±1, equal angles, or quasi-random pairs ±A."""
    if r == 1:
        return np.array([[-1.0], [1.0]]), np.full(2, 0.5)
    if r == 2:
        angle = 2 * np.pi * (np.arange(count) + 0.25) / count
        return np.stack([np.cos(angle), np.sin(angle)], axis=1), np.full(count, 1 / count)
    from scipy.special import ndtri

    A = ndtri(_sobol(r, count))
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    return np.concatenate([A, -A]), np.full(2 * len(A), 0.5 / len(A))


def _sobol(dimensions: int, count: int) -> Array:
    """About count/2 points of the open unit cube."""
    from scipy.stats import qmc

    power = max(0, math.ceil(math.log2(max(count, 2))) - 1)
    points = qmc.Sobol(dimensions, rng=np.random.default_rng(0)).random_base2(power)
    return np.asarray(np.clip(points, 1e-12, 1 - 1e-12))
