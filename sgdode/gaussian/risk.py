"""The excess population risk R − Δ/2 = ½ vᵀ K v, exactly, from the overlaps (K: the dual kernel; v = (−a/p, +a*/k))."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sgdode.gaussian.dual import PairKernel, kernel_error, pair_kernel
from sgdode.gaussian.tanh_as_erfs import MINIMAX
from sgdode.jit.pairs import Pair, dual, held
from sgdode.model.activations import Activation
from sgdode.model.clock import distinct
from sgdode.model.lessons import active, distinct_tasks
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem, student_weights

_ROUND_OFF = 1e-13
_FLOOR = 1e-9
#: Of tanh as a sum of erfs; of a sigmoid half of it.
_SUM_ERROR = MINIMAX[2]
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


def risks_in_time(problem: Problem) -> Callable[[float, Array, Array, Array, Array], dict[str, Array]]:
    """``risks(t, Q, M, P, a)``: the excess ``risk`` at time t of teachers that may turn, and on the task that is taught
    then; and where there are tasks ``task_risk`` (tasks,), on each of them. Overlaps are those with the fixed frame."""
    teacher, k = problem.teacher, problem.k
    measured = [risk_function(problem.during(task)) for task in distinct_tasks(teacher.lessons)] or [
        risk_function(problem)
    ]

    def risks(t: float, Q: Array, M: Array, P: Array, a: Array) -> dict[str, Array]:
        if teacher.rotation is not None:
            R = teacher.rotation.matrix(t, k)
            M, P = M @ R.T, R @ P @ R.T
        found = np.array([risk(Q, M, P, a) for risk in measured])
        if not teacher.lessons:
            return {"risk": found[0]}
        return {"risk": found[teacher.lessons[active(teacher.lessons, t)].task], "task_risk": found}

    return risks


def averaged_risk_error(problem: Problem, P: Array, q: Array, a: Array, risk: Array) -> float:
    """The largest error of :func:`risk_function` relative to the ``risk`` (T,), at variances ``q`` (T,p) of students
    with the output weights ``a`` (T,p); 0: round-off.

    With ½ Σ_bc |v_b v_c| |δK_bc|, δK at the largest variance of either kind; or, where one s̃ stands for s in all three
    kernels, ½ E[(E + δE)²] − ½ E[E²] by the inequality of Cauchy and Schwarz, which falls with the risk.
    """
    student, teacher = problem.activations
    outer, largest = float(np.abs(problem.v_star).sum()), float(np.max(np.diag(P)))
    at_rest, errors = kernel_error(teacher, teacher, largest, largest).K, np.empty(len(risk))
    for t in range(len(risk)):
        own, most = float(np.abs(student_weights(a[t])).sum()), float(np.max(q[t]))
        alone, cross = kernel_error(student, student, most, most).K, kernel_error(student, teacher, most, largest).K
        errors[t] = 0.5 * (own * own * alone + 2.0 * own * outer * cross + outer * outer * at_rest)
        if student.name == teacher.name:
            moved = own * _value_error(student, alone) + outer * _value_error(teacher, at_rest)
            errors[t] = min(errors[t], math.sqrt(2.0 * float(risk[t])) * moved + 0.5 * moved * moved)
    return worst_share(errors, risk)


def _value_error(unit: Activation, kernel: float) -> float:
    """√E[(s̃ − s)²] of what stands for a unit in its own kernel, which is off by ``kernel``: a sum of erfs, or a series
    that is cut, whose rest is orthogonal."""
    return _SUM_ERROR if unit.sigmoidal and kernel > 0.0 else math.sqrt(kernel)


def worst_share(errors: Array, risk: Array) -> float:
    """The largest of ``errors`` (T,) relative to the ``risk`` (T,), of which what is below a billionth of the first
    counts as that: no curve is read further down."""
    return float(np.max(errors / np.maximum(risk, max(_FLOOR * float(risk[0]), 1e-300))))


def some_times(time: Array) -> NDArray[np.intp]:
    """The indices at which errors are stated: the first, the last and eight between, even in log t."""
    last = len(time) - 1
    between = np.geomspace(max(time[min(1, last)], 1e-300), max(time[-1], 1e-300), 8)
    return distinct(np.append(np.minimum(np.searchsorted(time, between), last), (0, last)))
