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

from sgdode.gaussian.dual import PairKernel, kernel_error, pair_kernel
from sgdode.jit.pairs import held
from sgdode.model.activations import ACTIVATIONS, Activation
from sgdode.model.overlaps import Array

#: ``fill(Omega, v, noise, out)``: fills V (p,p) for Ω (n,n), v (n,) and Δ.
Fill = Callable[[Array, Array, float, Array], None]
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


class Pairing(NamedTuple):
    """What a method needs: the two kinds of neuron, their numbers, and their dual kernels."""

    student: Activation
    teacher: Activation
    p: int
    k: int
    ss: PairKernel
    st: PairKernel
    tt: PairKernel

    @property
    def names(self) -> set[str]:
        """Those of the two activations."""
        return {self.student.name, self.teacher.name}


@dataclass(frozen=True)
class VarianceMethod:
    """One method. ``domain(pairing)``: whether it holds for these activations at these numbers of units, at an
    affordable cost; ``build(pairing)``: the term, with its stated error. ``meaning``: one line for a reader."""

    domain: Callable[[Pairing], bool]
    build: Callable[[Pairing], VarianceTerm]
    meaning: str = ""


def variance_term(
    student: Activation, teacher: Activation, p: int, k: int, ss: PairKernel, st: PairKernel, tt: PairKernel
) -> VarianceTerm:
    """The best method for these activations; ``ss``, ``st``, ``tt`` are their dual kernels."""
    pairing = Pairing(student, teacher, p, k, ss, st, tt)
    return next(method.build(pairing) for method in METHODS.values() if method.domain(pairing))


def _erf(pairing: Pairing) -> VarianceTerm:
    from sgdode.gaussian.variance.erf_student import erf_variance

    gains = pairing.student.gain, pairing.teacher.gain
    return VarianceTerm(lambda Omega, v, noise, out: erf_variance(Omega, v, noise, *gains, out), 0.0, "closed form")


def _square(pairing: Pairing) -> VarianceTerm:
    from sgdode.gaussian.variance.square import square_variance

    gains = pairing.student.gain, pairing.teacher.gain
    return VarianceTerm(lambda Omega, v, noise, out: square_variance(Omega, v, noise, *gains, out), 0.0, "closed form")


def _both_sigmoidal(pairing: Pairing) -> bool:
    return pairing.student.sigmoidal and pairing.teacher.sigmoidal


def _sigmoidal(pairing: Pairing) -> VarianceTerm:
    from sgdode.gaussian.variance.erf_mixture import affordable_terms, mixture, mixture_variance

    terms = affordable_terms(pairing.student, pairing.teacher, pairing.p, pairing.k)
    one, other = mixture(pairing.student, terms), mixture(pairing.teacher, terms)
    parts = one.weights, one.scales, other.weights, other.scales, one.constant, other.constant

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        mixture_variance(Omega, v, noise, *parts, out)

    return VarianceTerm(fill, 4.0 * max(one.error, other.error), f"closed form, {terms} erfs for each tanh")


def _tanh_terms(pairing: Pairing) -> int:
    """How many erfs stand for a tanh student: few where the dual kernels of the teacher are series; 0: too dear."""
    from sgdode.gaussian.variance.erf_mixture import affordable_terms, affordable_with_series

    if pairing.student.name != "tanh":
        return 0
    if pairing.teacher.ramp is not None:
        return affordable_terms(pairing.student, pairing.student, pairing.p, pairing.k)
    return affordable_with_series(pairing.p)


def _tanh(pairing: Pairing) -> VarianceTerm:
    from sgdode.gaussian.variance.erf_mixture import mixture, tanh_student_variance

    terms = _tanh_terms(pairing)
    part, erf = mixture(pairing.student, terms), ACTIVATIONS["erf"]
    pairs = held(pair_kernel(erf, erf)), held(pair_kernel(erf, pairing.teacher)), held(pairing.tt)

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        tanh_student_variance(Omega, v, noise, part.weights, part.scales, *pairs, out)

    error = max(4.0 * part.error, _kernel_error(erf, pairing.teacher))
    return VarianceTerm(fill, error, f"closed form, {terms} erfs for each tanh")


def _kernel_error(student: Activation, teacher: Activation) -> float:
    """The error of the dual kernels of a teacher with the student and itself, at variance 2; 0: round-off."""
    found = max(max(kernel_error(one, teacher, 2.0, 2.0)) for one in (student, teacher))
    return found if found > _ROUND_OFF else 0.0


def _tilted(pairing: Pairing) -> VarianceTerm:
    from sgdode.gaussian.variance.erf_student import erf_student_variance

    pairs, gain = (held(pairing.ss), held(pairing.st), held(pairing.tt)), pairing.student.gain

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        erf_student_variance(Omega, v, noise, gain, *pairs, out)

    error = _kernel_error(pairing.student, pairing.teacher)
    return VarianceTerm(fill, error, "closed form in the student, dual kernels of the teacher")


def _both_polynomials(pairing: Pairing) -> bool:
    return pairing.student.degree is not None and pairing.teacher.degree is not None


def _polynomial(pairing: Pairing) -> VarianceTerm:
    from sgdode.gaussian.variance.conditioning import gauss_rules

    degree, largest = pairing.student.degree or 0, max(pairing.student.degree or 0, pairing.teacher.degree or 0)
    rules = gauss_rules(max(degree + largest, 1), largest + 1, largest + 1)
    return VarianceTerm(_conditional_fill(pairing, rules), 0.0, "exact quadrature")


def _both_ramps(pairing: Pairing) -> bool:
    return pairing.student.ramp is not None and pairing.teacher.ramp is not None


def _ramps(pairing: Pairing) -> VarianceTerm:
    from sgdode.gaussian.variance.piecewise_linear import path_rule, ramp_variance

    units = [pairing.student] * pairing.p + [pairing.teacher] * pairing.k
    gain, slope = np.array([unit.gain for unit in units]), np.array([unit.ramp for unit in units])
    rule = path_rule(12)

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        ramp_variance(Omega, v, noise, gain, slope, rule, out)

    return VarianceTerm(fill, 5e-6, "arcsines, integrated over 12 nodes")


def _conditional_level(pairing: Pairing) -> tuple[int, int, int] | None:
    """The finest affordable rule, where it is more accurate than quasi Monte Carlo."""
    n = pairing.p + pairing.k
    for outer, inner, terms in _LEVELS:
        pairs = pairing.p + 0.5 * pairing.p * (pairing.p - 1) * outer
        if pairs * outer * n * inner * _EVALUATION <= _LONGEST:
            level = outer, inner, terms
            return level if _conditional_error(pairing.student, pairing.teacher, level) <= _SAMPLING_ERROR else None
    return None


def _conditional(pairing: Pairing) -> VarianceTerm:
    from sgdode.gaussian.variance.conditioning import trapezoid_rules

    level = _conditional_level(pairing)
    assert level is not None
    outer, _, terms = level
    words = f"quadrature over pairs of fields, {outer}² nodes, {terms} Hermite terms"
    fill = _conditional_fill(pairing, trapezoid_rules(*level))
    return VarianceTerm(fill, _conditional_error(pairing.student, pairing.teacher, level), words)


def _conditional_fill(pairing: Pairing, rules: tuple[Array, Array]) -> Fill:
    from sgdode.gaussian.variance.conditioning import conditional_variance

    pair = held(pairing.st)

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        conditional_variance(Omega, v, noise, pair, *rules, out)

    return fill


@lru_cache
def _conditional_error(student: Activation, teacher: Activation, level: tuple[int, int, int]) -> float:
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


def _sampled(pairing: Pairing) -> VarianceTerm:
    from sgdode.gaussian.variance.quasi_monte_carlo import LOG2_NODES, nodes, sampled_variance, symmetric_root

    z = nodes(pairing.p + pairing.k)
    pairs = held(pairing.ss), held(pairing.st)

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        sampled_variance(symmetric_root(Omega), z, v, noise, *pairs, out)

    return VarianceTerm(fill, _SAMPLING_ERROR, f"quasi Monte Carlo, 2^{LOG2_NODES} nodes")


#: The methods in order of preference; the last one always holds.
METHODS: dict[str, VarianceMethod] = {
    "erf": VarianceMethod(lambda pairing: pairing.names == {"erf"}, _erf, "erf of erf, in closed form"),
    "square": VarianceMethod(lambda pairing: pairing.names == {"square"}, _square, "square of square, in closed form"),
    "polynomial": VarianceMethod(_both_polynomials, _polynomial, "polynomials of each other: few nodes are exact"),
    "piecewise-linear": VarianceMethod(_both_ramps, _ramps, "relu, leaky-relu and linear"),
    "sigmoidal": VarianceMethod(_both_sigmoidal, _sigmoidal, "erf, tanh and sigmoid as sums of erfs"),
    "tanh": VarianceMethod(lambda pairing: _tanh_terms(pairing) > 0, _tanh, "a tanh student of any teacher"),
    "erf-student": VarianceMethod(lambda pairing: pairing.student.name == "erf", _tilted, "of any teacher"),
    "conditioning": VarianceMethod(
        lambda pairing: _conditional_level(pairing) is not None, _conditional, "smooth ones"
    ),
    "sampling": VarianceMethod(lambda pairing: True, _sampled, "quasi Monte Carlo"),
}
