"""The variance term Ψ(Var) without its output weights: V_ij = E[σ'(λ_i) σ'(λ_j) E²], E = Σ_c v_c s_c(λ_c) + √Δ z.

Ψ(Var)_ij = a_i a_j V_ij (eqs. (9)-(12) of the paper; noise z ~ N(0,1) independent of the fields). One builder a method,
and :func:`variance_term` takes the first of :data:`METHODS` that applies. A method is imported (and compiled) when
it is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sgdode.gaussian.closed_forms import RAMPS
from sgdode.gaussian.dual import PairKernel, kernel_error, pair_kernel
from sgdode.jit.pairs import held
from sgdode.jit.units import Unit, machine_code
from sgdode.model.activations import ACTIVATIONS
from sgdode.model.overlaps import Array

#: ``fill(Omega, v, noise, out)``: fills V (p,p) for Ω (n,n), v (n,) and Δ.
Fill = Callable[[Array, Array, float, Array], None]
_SIGMOIDAL = {"erf", "tanh", "sigmoid"}
#: Relative error of V by quasi Monte Carlo where Ω is singular (measured; a tenth of it for regular Ω).
_SAMPLING_ERROR = 8e-3
#: Outer nodes, inner nodes and Hermite terms of the conditional method, the best first; seconds that one V may cost.
_LEVELS = ((20, 24, 24), (16, 20, 20), (12, 16, 16))
_LONGEST = 0.05
_EVALUATION = 2e-8  # seconds of one σ
_ROUND_OFF = 1e-11
#: Two students and a teacher in coordinates.
_CASES = (
    [[1.0, 0.0, 0.3], [0.3, 1.0, 0.0], [0.5, 0.8, 0.5]],
    [[1.4, 0.0], [0.4, 1.0], [1.4, 0.0]],
    [[1.4, 0.0], [0.4, 1.0], [-1.4, 0.0]],
)


@dataclass(frozen=True)
class VarianceTerm:
    """How V is computed. ``error``: relative error of V (0: round-off). ``method``: the same in words."""

    fill: Fill
    error: float
    method: str


class Problem(NamedTuple):
    """What a method needs: the two kinds of neuron, their numbers, and their dual kernels."""

    student: Unit
    teacher: Unit
    p: int
    k: int
    ss: PairKernel
    st: PairKernel
    tt: PairKernel

    @property
    def names(self) -> set[str]:
        """Those of the two activations."""
        return {self.student.name, self.teacher.name}


def variance_term(
    student: Unit, teacher: Unit, p: int, k: int, ss: PairKernel, st: PairKernel, tt: PairKernel
) -> VarianceTerm:
    """The best method for these activations; ``ss``, ``st``, ``tt`` are their dual kernels."""
    problem = Problem(student, teacher, p, k, ss, st, tt)
    return next(term for term in (method(problem) for method in METHODS) if term is not None)


def _erf(problem: Problem) -> VarianceTerm | None:
    if problem.names != {"erf"}:
        return None
    from sgdode.gaussian.variance.erf_student import erf_variance

    gains = problem.student.gain, problem.teacher.gain
    return VarianceTerm(lambda Omega, v, noise, out: erf_variance(Omega, v, noise, *gains, out), 0.0, "closed form")


def _square(problem: Problem) -> VarianceTerm | None:
    if problem.names != {"square"}:
        return None
    from sgdode.gaussian.variance.square import square_variance

    gains = problem.student.gain, problem.teacher.gain
    return VarianceTerm(lambda Omega, v, noise, out: square_variance(Omega, v, noise, *gains, out), 0.0, "closed form")


def _sigmoidal(problem: Problem) -> VarianceTerm | None:
    """erf, tanh and sigmoid as sums of erfs, where neither is exact by other means."""
    if not problem.names <= _SIGMOIDAL:
        return None
    from sgdode.gaussian.variance.erf_mixture import affordable_terms, mixture, mixture_variance

    terms = affordable_terms(problem.student, problem.teacher, problem.p, problem.k)
    one, other = mixture(problem.student, terms), mixture(problem.teacher, terms)
    parts = one.weights, one.scales, other.weights, other.scales, one.constant, other.constant

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        mixture_variance(Omega, v, noise, *parts, out)

    return VarianceTerm(fill, 4.0 * max(one.error, other.error), f"closed form, {terms} erfs for each tanh")


def _tanh(problem: Problem) -> VarianceTerm | None:
    """A tanh student of any teacher, as erf students: few where the dual kernels of the teacher are series."""
    if problem.student.name != "tanh":
        return None
    from sgdode.gaussian.variance.erf_mixture import (
        affordable_terms,
        affordable_with_series,
        mixture,
        tanh_student_variance,
    )

    if problem.teacher.name in RAMPS:
        terms = affordable_terms(problem.student, problem.student, problem.p, problem.k)
    else:
        terms = affordable_with_series(problem.p)
    if not terms:
        return None
    part, erf = mixture(problem.student, terms), Unit("erf", machine_code(ACTIVATIONS["erf"]))
    pairs = held(pair_kernel(erf, erf)), held(pair_kernel(erf, problem.teacher)), held(problem.tt)

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        tanh_student_variance(Omega, v, noise, part.weights, part.scales, *pairs, out)

    error = max(4.0 * part.error, _kernel_error(erf, problem.teacher))
    return VarianceTerm(fill, error, f"closed form, {terms} erfs for each tanh")


def _kernel_error(student: Unit, teacher: Unit) -> float:
    """The error of the dual kernels of a teacher with the student and itself, at variance 2; 0: round-off."""
    found = max(max(kernel_error(one, teacher, 2.0, 2.0)) for one in (student, teacher))
    return found if found > _ROUND_OFF else 0.0


def _tilted(problem: Problem) -> VarianceTerm | None:
    """An erf student of any teacher."""
    if problem.student.name != "erf":
        return None
    from sgdode.gaussian.variance.erf_student import erf_student_variance

    pairs, gain = (held(problem.ss), held(problem.st), held(problem.tt)), problem.student.gain

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        erf_student_variance(Omega, v, noise, gain, *pairs, out)

    error = _kernel_error(problem.student, problem.teacher)
    return VarianceTerm(fill, error, "closed form in the student, dual kernels of the teacher")


def _polynomial(problem: Problem) -> VarianceTerm | None:
    """Polynomials of each other: few nodes are exact."""
    degrees = [_degree(problem.student), _degree(problem.teacher)]
    if min(degrees) < 0:
        return None
    from sgdode.gaussian.variance.conditioning import gauss_rules

    largest = max(degrees)
    rules = gauss_rules(max(degrees[0] + largest, 1), largest + 1, largest + 1)
    return VarianceTerm(_conditional_fill(problem, rules), 0.0, "exact quadrature")


def _degree(unit: Unit) -> int:
    """The degree of a polynomial activation, −1 for any other."""
    if unit.hermite is not None:
        return len(unit.hermite) - 1
    return {"linear": 1, "square": 2}.get(unit.name, -1)


def _ramps(problem: Problem) -> VarianceTerm | None:
    """relu, leaky-relu and linear."""
    if not problem.names <= set(RAMPS):
        return None
    from sgdode.gaussian.variance.orthants import path_rules
    from sgdode.gaussian.variance.piecewise_linear import ramp_variance

    units = [problem.student] * problem.p + [problem.teacher] * problem.k
    gain, slope = np.array([unit.gain for unit in units]), np.array([RAMPS[unit.name] for unit in units])
    rules = path_rules()

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        ramp_variance(Omega, v, noise, gain, slope, rules, out)

    # Two students next to each other: see ramp_error, which is far below this elsewhere.
    return VarianceTerm(fill, 1e-7, "arcsines, and a short integral for every four units")


def _conditional(problem: Problem) -> VarianceTerm | None:
    """Smooth activations, while it is affordable and more accurate than quasi Monte Carlo."""
    from sgdode.gaussian.variance.conditioning import trapezoid_rules

    n = problem.p + problem.k
    for outer, inner, terms in _LEVELS:
        pairs = problem.p + 0.5 * problem.p * (problem.p - 1) * outer
        if pairs * outer * n * inner * _EVALUATION <= _LONGEST:
            error = _conditional_error(problem.student, problem.teacher, (outer, inner, terms))
            if error > _SAMPLING_ERROR:
                return None
            fill = _conditional_fill(problem, trapezoid_rules(outer, inner, terms))
            return VarianceTerm(fill, error, f"quadrature over pairs of fields, {outer}² nodes, {terms} Hermite terms")
    return None


def _conditional_fill(problem: Problem, rules: tuple[Array, Array]) -> Fill:
    from sgdode.gaussian.variance.conditioning import conditional_variance

    pair = held(problem.st)

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        conditional_variance(Omega, v, noise, pair, *rules, out)

    return fill


@lru_cache
def _conditional_error(student: Unit, teacher: Unit, level: tuple[int, int, int]) -> float:
    """The relative error of V for two students and a teacher, against twice as fine a rule: the worst of three cases,
    regular fields, and a student of variance 2 equal and opposite to the teacher; times 3 for what other fields may
    add."""
    from sgdode.gaussian.variance.conditioning import conditional_variance, trapezoid_rules

    pair = held(kernel := pair_kernel(student, teacher))
    worst = 0.0
    for rows in _CASES:
        Omega = np.array(rows) @ np.array(rows).T
        coarse, fine = np.empty((2, 2)), np.empty((2, 2))
        for rules, out in ((trapezoid_rules(*level), coarse), (trapezoid_rules(*(2 * size for size in level)), fine)):
            conditional_variance(Omega, np.array([-0.5, -0.5, 1.0]), 0.0, pair, *rules, out)
        worst = max(worst, float(np.max(np.abs(coarse - fine)) / max(np.max(np.abs(fine)), 1e-300)))
    del kernel
    return 3.0 * worst


def _sampled(problem: Problem) -> VarianceTerm | None:
    from sgdode.gaussian.variance.quasi_monte_carlo import LOG2_NODES, nodes, sampled_variance, symmetric_root

    z = nodes(problem.p + problem.k)
    pairs = held(problem.ss), held(problem.st)

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        sampled_variance(symmetric_root(Omega), z, v, noise, *pairs, out)

    return VarianceTerm(fill, _SAMPLING_ERROR, f"quasi Monte Carlo, 2^{LOG2_NODES} nodes")


#: The methods in order of preference; the last one always applies.
METHODS: tuple[Callable[[Problem], VarianceTerm | None], ...] = (
    _erf, _square, _polynomial, _ramps, _sigmoidal, _tanh, _tilted, _conditional, _sampled,
)  # fmt: skip
