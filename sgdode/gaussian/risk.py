"""The excess population risk R − Δ/2 = ½ vᵀ K v, exactly, from the overlaps (K: the dual kernel; v = (−a/p, +a*/k))."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sgdode.gaussian.dual import PairKernel, kernel_error, pair_kernel
from sgdode.jit.pairs import Pair, dual, held
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem, student_weights

_ROUND_OFF = 1e-13
RiskFunction = Callable[[Array, Array, Array, Array], float]


@dataclass(frozen=True)
class Kernels:
    """The dual kernels of a spec: student–student, student–teacher, teacher–teacher; as PairKernel and as Pair."""

    kernels: tuple[PairKernel, PairKernel, PairKernel]
    ss: Pair
    st: Pair
    tt: Pair


def kernels(student: Activation, teacher: Activation) -> Kernels:
    """The dual kernels of two activations."""
    found = pair_kernel(student, student), pair_kernel(student, teacher), pair_kernel(teacher, teacher)
    return Kernels(found, *(held(kernel) for kernel in found))


def kernel_error_at(student: Activation, teacher: Activation, q: Array, q_star: Array) -> float:
    """The relative error of K11 at the largest variances ``q`` of students and ``q_star`` of teachers; 0: round-off."""
    largest, found = (float(q.max()), float(q_star.max())), 0.0
    for one, other, q2 in ((student, student, largest[0]), (student, teacher, largest[1])):
        error = kernel_error(one, other, largest[0], q2).K11
        sizes = [_slope_variance(unit, v) for unit, v in ((one, largest[0]), (other, q2))]
        found = max(found, error / max(math.sqrt(sizes[0] * sizes[1]), 1e-300))
    return found if found > _ROUND_OFF else 0.0


def _slope_variance(one: Activation, q: float) -> float:
    """E[σ'(λ)²] at variance ``q``."""
    variance = np.array([q])
    return float(pair_kernel(one, one).evaluate(variance, variance, variance[None])[1][0, 0])


def risk_function(problem: Problem) -> RiskFunction:
    """``risk(Q, M, P, a)``: the excess risk of a network with output weights ``a`` (p,) at the overlaps
    ``Q`` (p,p), ``M`` (p,k), ``P`` (k,k). Exact to round-off, about 1e-16 of K; never below 0."""
    duals, v_teacher = kernels(*problem.activations), problem.v_star

    def risk(Q: Array, M: Array, P: Array, a: Array) -> float:
        v = student_weights(np.asarray(a, dtype=float))
        q, q_star = np.diag(Q), np.diag(P)
        student = v @ dual(duals.ss, q, q, Q)[0] @ v
        cross = v @ dual(duals.st, q, q_star, M)[0] @ v_teacher
        teacher = v_teacher @ dual(duals.tt, q_star, q_star, P)[0] @ v_teacher
        return float(np.maximum(0.5 * (student + 2.0 * cross + teacher), 0.0))

    return risk
