"""Infinite width: the mean-field equations on particles that are a quadrature rule of the initial law.

(1/p) Σ_j becomes Σ_j π_j with Σ π_j = 1, and two neurons at one node are independent, so l = i is averaged over Ξ like
the others. This is the paper's mean-field PDE at spectral instead of Monte-Carlo accuracy.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from sgdode.equations.mean_field import MeanField, field_warnings, mean_field_system
from sgdode.equations.system import Method, System
from sgdode.errors import Defect, SpecError
from sgdode.gaussian.quadrature import chi_square, normal
from sgdode.model.overlaps import Array, teacher_factor
from sgdode.model.problem import Problem

#: Particles that ``auto`` takes for r = rank P = 0 (a teacher that is zero), 1, 2 and above.
_AUTO = {0: 32, 1: 128, 2: 500}
_AUTO_ABOVE = 1024
_TENSOR_UP_TO = 2


def particles(problem: Problem, count: int) -> tuple[Array, Array, Array]:
    """About ``count`` particles of the start: M (n,k), q (n,) and weights π (n,), Σ π = 1.

    ``gaussian`` neurons: A ~ N(0, s²/d I_r), q ~ (s²/d) χ²_D, by Gauss–Hermite × generalised Gauss–Laguerre for r ≤ 2,
    else by quasi-random points in mirrored pairs. ``sphere``: A uniform on the unit sphere of R^r, q = 0.
    """
    L = teacher_factor(problem.teacher.P)
    r, initial = L.shape[1], problem.initial
    if initial.law.neuron == "sphere":
        A, weight = _sphere(r, count)
        q = np.zeros(len(A))
    elif initial.law.neuron == "gaussian":
        A, q, weight = (_tensor if r <= _TENSOR_UP_TO else _quasi_random)(r, problem.d - r, count)
        scale = initial.values["scale"] / math.sqrt(problem.d)
        A, q = scale * A, scale**2 * q
    else:
        reason = (
            f"{initial.name} at student.width inf is a single neuron repeated, apart from a perturbation that has "
            "no limit; use gaussian or in-teacher-span, or a finite width"
        )
        raise SpecError([Defect("", "initial.kind", reason)])
    if problem.rule.spherical:
        square = (A * A).sum(axis=1) + q
        A, q = A / np.sqrt(square)[:, None], q / square
    return A @ L.T, q, weight


def particle_count(problem: Problem, method: Method) -> int:
    """The number that ``integrate.particles: auto`` stands for.

    For square, σ' is linear, so w(t) is a linear image of w(0) and four moments of the start are all that matters.
    """
    if method.particles is not None:
        return method.particles
    r = teacher_factor(problem.teacher.P).shape[1]
    if problem.student.activation.name == "square" and r <= _TENSOR_UP_TO and not problem.rule.trained:
        return 2 * 4**r
    return _AUTO.get(r, _AUTO_ABOVE)


def finer(problem: Problem, method: Method, count: int) -> Method:
    """The method with the next larger number of particles: the difference of the two risks is the error of the
    first."""
    r = teacher_factor(problem.teacher.P).shape[1]
    if problem.initial.law.neuron != "gaussian" or r > _TENSOR_UP_TO:
        return replace(method, particles=2 * count)
    return replace(method, particles=int(2**r * (_levels(r, count) + 1) ** (r + 1)))


def infinite_width(problem: Problem, method: Method) -> System:
    """``mean-field`` at p = ∞."""
    return _infinite_width("mean-field", False, problem, method)


def infinite_width_high_d(problem: Problem, method: Method) -> System:
    """``mean-field-high-d`` at p = ∞."""
    return _infinite_width("mean-field-high-d", True, problem, method)


def _infinite_width(name: str, high_d: bool, problem: Problem, method: Method) -> System:
    P = problem.teacher.P
    L = teacher_factor(P)
    M, q, weight = particles(problem, particle_count(problem, method))
    span = P, L, math.inf if high_d else problem.d - L.shape[1]
    field = MeanField(problem, method, span, weight, own=False)
    a = np.full(len(q), problem.student.a[0])
    system = mean_field_system(name, field, M, q, a, field_warnings(problem, field))
    system.report["particles"] = len(q)
    return replace(system, particle_weight=weight)


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
    A = np.array([g.ravel() for g in grids[:r]]).reshape(r, grids[r].size)
    return np.ascontiguousarray(A.T), grids[r].ravel(), np.prod(weights, axis=0).ravel()


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
