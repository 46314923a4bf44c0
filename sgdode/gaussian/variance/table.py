"""The variance term Ψ(Var) without its output weights: V_ij = E[σ'(λ_i) σ'(λ_j) E²], E = Σ_c v_c s_c(λ_c) + √Δ z.

Ψ(Var)_ij = a_i a_j V_ij (eqs. (9)-(12) of the paper; noise z ~ N(0,1) independent of the fields). One builder a method,
and :func:`variance_term` takes the first of :data:`METHODS` that applies. A method is imported (and compiled) when
it is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sgdode.gaussian.dual import PairKernel, kernel_error, pair_kernel
from sgdode.gaussian.polynomials import low_degree
from sgdode.gaussian.variance.round_off import PLAIN, erf_round_off, polynomial_round_off, steepest
from sgdode.jit.pairs import held
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array

if TYPE_CHECKING:
    from sgdode.gaussian.variance.own_activation import AdaptiveRule
    from sgdode.gaussian.variance.smoothed_ramps import WedgeSum

#: ``fill(Omega, v, noise, out)``: fills V (p,p) for Ω (n,n), v (n,) and Δ.
Fill = Callable[[Array, Array, float, Array], None]
#: ``bound(Omega, v, noise)``: what the error of V does not exceed at this state, (p,p).
Bound = Callable[[Array, Array, float], Array]
#: Relative error of V by quasi Monte Carlo where Ω is singular (measured; a tenth of it for regular Ω).
_SAMPLING_ERROR = 8e-3
#: Outer nodes, inner nodes and Hermite terms of the conditional method, the best first; seconds that one V may cost.
_LEVELS = ((20, 24, 24), (16, 20, 20), (12, 16, 16))
_LONGEST = 0.05
_EVALUATION = 2e-8  # seconds of one σ
_PRODUCT = 1e-7  # seconds of one product of steps and ramps
_WEDGES_ERROR = 1e-7
_ROUND_OFF = 1e-11
#: Up to this :func:`_size` V is computed by the adaptive rule, and the error of the conditional one measured with it.
_FEW, _MOST_JUDGED = 48, 2000
#: Two students and a teacher in coordinates.
_CASES = (
    [[1.0, 0.0, 0.3], [0.3, 1.0, 0.0], [0.5, 0.8, 0.5]],
    [[1.4, 0.0], [0.4, 1.0], [1.4, 0.0]],
    [[1.4, 0.0], [0.4, 1.0], [-1.4, 0.0]],
)


@dataclass(frozen=True)
class VarianceTerm:
    """How V is computed. ``error``: relative error of V where nothing cancels, which the solver's tolerance follows
    (0: round-off). ``method``: how, in words. ``bound``: a bound on the error at a state; None: round-off.
    ``closed``: the same in one call of machine code, where there is such."""

    fill: Fill
    error: float
    method: str
    bound: Bound | None = None
    closed: ClosedForm | None = None


class ClosedForm(NamedTuple):
    """A variance term for ``variance_at`` (``sgdode.jit.units``): its function, the gains, and the largest g²q of
    fields that it holds for."""

    function: Any
    gain: float
    teacher_gain: float
    steepest: float


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

    gains, p = (pairing.student.gain, pairing.teacher.gain), pairing.p
    every, steep = np.repeat(gains, (p, pairing.k)), lru_cache(1)(lambda: _sigmoidal(pairing))

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        if steepest(Omega, every) <= PLAIN:
            erf_variance(Omega, v, noise, *gains, out)
        else:
            steep().fill(Omega, v, noise, out)

    def bound(Omega: Array, v: Array, noise: float) -> Array:
        if steepest(Omega, every) <= PLAIN:
            return erf_round_off(Omega, v, noise, every, p)
        found = steep().bound
        assert found is not None
        return found(Omega, v, noise)

    return VarianceTerm(fill, 0.0, "closed form", bound, ClosedForm(erf_variance, *gains, PLAIN))


def _square(pairing: Pairing) -> VarianceTerm:
    from sgdode.gaussian.variance.square import square_variance

    gains = pairing.student.gain, pairing.teacher.gain

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        square_variance(Omega, v, noise, *gains, out)

    closed = ClosedForm(square_variance, *gains, math.inf)
    return VarianceTerm(fill, 0.0, "closed form", _polynomial_bound(pairing), closed)


def _polynomial_bound(pairing: Pairing) -> Bound:
    degrees = pairing.student.degree or 0, pairing.teacher.degree or 0

    def bound(Omega: Array, v: Array, noise: float) -> Array:
        return polynomial_round_off(Omega, v, noise, (pairing.ss, pairing.tt), degrees, pairing.p)

    return bound


def _sigmoidal_student(pairing: Pairing) -> bool:
    """Whether the student is sigmoidal and the averages of the teacher under a Gaussian are known in closed form."""
    teacher = pairing.teacher
    known = teacher.sigmoidal or teacher.ramp is not None or teacher.name in {"gelu", "softplus"}
    return pairing.student.sigmoidal and (known or low_degree(teacher))


def _sigmoidal(pairing: Pairing) -> VarianceTerm:
    from sgdode.gaussian.variance.sigmoidal import USUAL, sigmoidal_variance

    term = sigmoidal_variance(pairing.student, pairing.teacher)

    def bound(Omega: Array, v: Array, noise: float) -> Array:
        return term.error(Omega, v, noise, pairing.p)

    if term.exact:
        return VarianceTerm(term.fill, 0.0, "closed form", bound)
    return VarianceTerm(term.fill, USUAL.error, f"closed form, {len(USUAL.table.scales)} erfs for each tanh", bound)


def _polynomial_student(pairing: Pairing) -> bool:
    return low_degree(pairing.student)


def _any_teacher(pairing: Pairing) -> VarianceTerm:
    from sgdode.gaussian.variance.polynomial import PolynomialStudents

    term = PolynomialStudents(pairing.student, pairing.teacher, pairing.p, pairing.k)
    return VarianceTerm(term.fill, 0.0, term.method, term.error)


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
    return VarianceTerm(_conditional_fill(pairing, rules), 0.0, "exact quadrature", _polynomial_bound(pairing))


def _both_ramps(pairing: Pairing) -> bool:
    return pairing.student.ramp is not None and pairing.teacher.ramp is not None


def _ramps(pairing: Pairing) -> VarianceTerm:
    from sgdode.gaussian.variance.piecewise_linear import ramp_error, ramp_variance
    from sgdode.gaussian.variance.tetrahedra import path_rules

    units = [pairing.student] * pairing.p + [pairing.teacher] * pairing.k
    gain, slope = np.array([unit.gain for unit in units]), np.array([unit.ramp for unit in units])
    rules = path_rules()

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        ramp_variance(Omega, v, noise, gain, slope, rules, out)

    def bound(Omega: Array, v: Array, noise: float) -> Array:
        out = np.empty((pairing.p, pairing.p))
        ramp_error(Omega, v, noise, gain, slope, out)
        return out

    return VarianceTerm(fill, 0.0, "arcsines, and a short integral for every four units", bound)


@lru_cache(8)
def _wedge_sum(student: Activation, teacher: Activation, p: int, k: int) -> WedgeSum:
    from sgdode.gaussian.variance.smoothed_ramps import WedgeSum

    return WedgeSum(student, teacher, p, k)


def _sums_of_ramps(pairing: Pairing) -> bool:
    """Whether the student is a sum of ramps, the teacher a named one, and V affordable."""
    from sgdode.gaussian.variance.smoothed_ramps import holds_for

    if not holds_for(pairing.student, pairing.teacher):
        return False
    return _wedge_sum(pairing.student, pairing.teacher, pairing.p, pairing.k).products * _PRODUCT <= 2.0 * _LONGEST


def _wedges(pairing: Pairing) -> VarianceTerm:
    term = _wedge_sum(pairing.student, pairing.teacher, pairing.p, pairing.k)
    return VarianceTerm(term.fill, _WEDGES_ERROR, term.method, term.error)


def _size(pairing: Pairing) -> int:
    """Pairs of students times pairs of neurons."""
    return pairing.p * (pairing.p + 1) // 2 * (pairing.p + pairing.k) ** 2


def _adaptive_rule(pairing: Pairing) -> AdaptiveRule:
    from sgdode.gaussian.variance.own_activation import AdaptiveRule

    return AdaptiveRule(pairing.student, pairing.teacher, pairing.p, pairing.st)


def _adaptive(pairing: Pairing) -> VarianceTerm:
    term = _adaptive_rule(pairing)
    return VarianceTerm(term.fill, 0.0, term.method, term.error)


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
    fill, p = _conditional_fill(pairing, trapezoid_rules(*level)), pairing.p
    finer = _conditional_fill(pairing, trapezoid_rules(*(2 * size for size in level)))
    judge = _adaptive_rule(pairing) if _size(pairing) <= _MOST_JUDGED else None

    def bound(Omega: Array, v: Array, noise: float) -> Array:
        found, fine = np.empty((p, p)), np.empty((p, p))
        fill(Omega, v, noise, found)
        if judge is None:
            finer(Omega, v, noise, fine)
            return np.asarray(3.0 * np.abs(found - fine))
        right, off = judge.judged(Omega, v, noise)
        return np.asarray(np.abs(found - right) + off)

    return VarianceTerm(fill, _conditional_error(pairing.student, pairing.teacher, level), words, bound)


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
    from sgdode.gaussian.variance.quasi_monte_carlo import QuasiMonteCarlo

    term = QuasiMonteCarlo(pairing.p, pairing.k, pairing.ss, pairing.st)
    return VarianceTerm(term.fill, _SAMPLING_ERROR, term.method, term.error)


#: The methods in order of preference; the last one always holds.
METHODS: dict[str, VarianceMethod] = {
    "erf": VarianceMethod(lambda pairing: pairing.names == {"erf"}, _erf, "erf of erf, in closed form"),
    "square": VarianceMethod(lambda pairing: pairing.names == {"square"}, _square, "square of square, in closed form"),
    "polynomial": VarianceMethod(_both_polynomials, _polynomial, "polynomials of each other: few nodes are exact"),
    "piecewise-linear": VarianceMethod(_both_ramps, _ramps, "relu, leaky-relu and linear of each other"),
    "sigmoidal": VarianceMethod(_sigmoidal_student, _sigmoidal, "erf, tanh and sigmoid of named teachers"),
    "polynomial-student": VarianceMethod(_polynomial_student, _any_teacher, "polynomials of any teacher"),
    "erf-student": VarianceMethod(lambda pairing: pairing.student.name == "erf", _tilted, "of any teacher"),
    "sums-of-ramps": VarianceMethod(_sums_of_ramps, _wedges, "relu, leaky-relu, softplus and gelu of named ones"),
    "adaptive": VarianceMethod(lambda pairing: _size(pairing) <= _FEW, _adaptive, "any, on their own scales"),
    "conditioning": VarianceMethod(
        lambda pairing: _conditional_level(pairing) is not None, _conditional, "smooth ones"
    ),
    "sampling": VarianceMethod(lambda pairing: True, _sampled, "quasi Monte Carlo"),
}
