"""The variance term of a sigmoidal student (erf, tanh, sigmoid), and an error of it that holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sgdode.gaussian.tanh_as_erfs import NINE, TWELVE, Levels, odd_unit
from sgdode.gaussian.variance.erf_sums import ErfSums, erf_sum_variance
from sgdode.gaussian.variance.matching import parts
from sgdode.gaussian.variance.other_teachers import ClosedTeacher, no_teacher, teacher_of
from sgdode.gaussian.variance.round_off import nearness
from sgdode.gaussian.variance.sparse_product import products, weights
from sgdode.gaussian.variance.tilt import split_fields
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array

_EPSILON = 1e-14


class Accuracy(NamedTuple):
    """A table of nested sums, the tolerance of their products, and the error of V that both come to, relative to
    E[σ'_i σ'_j (Σ_c |v_c| |s_c|)²] (measured, see the tests)."""

    table: Levels
    tolerance: float
    error: float


ROUGH = Accuracy(NINE, 1e-4, 1e-2)
USUAL = Accuracy(NINE, 2e-9, 1e-7)
FINE = Accuracy(TWELVE, 1e-11, 5e-10)


class ErfSumMethod(NamedTuple):
    """The arguments of :func:`erf_sum_variance` for two kinds of unit."""

    sums: ErfSums
    teacher: ClosedTeacher


def erf_sum_method(student: Activation, teacher: Activation, accuracy: Accuracy) -> ErfSumMethod:
    """Sums of erfs of two units. Raises ValueError for a student that is not sigmoidal, or a teacher without a name."""
    if not student.sigmoidal:
        raise ValueError(f"{student.name} is no sum of erfs")
    table, tolerance, _ = accuracy
    constant, amplitude, one = odd_unit(student, table)
    slopes = weights(one, (), tolerance)
    if teacher.sigmoidal:
        other_constant, other_amplitude, two = odd_unit(teacher, table)
        found = no_teacher()
        same = (student.name == "erf") == (teacher.name == "erf")
        pairs = [(one, one)] if same else [(one, one), (one, two), (two, two)]
    else:
        other_constant, other_amplitude, two, pairs = 0.0, 1.0, one, [(one, one)]
        known = teacher_of(teacher, one, tolerance)
        if known is None:
            raise ValueError(f"no closed form for a teacher {teacher.name}")
        found = known
    scales = np.zeros((2, max(one.scales.size, two.scales.size)))
    scales[0, : one.scales.size], scales[1, : two.scales.size] = one.scales, two.scales
    lists = products([weights(one, pair, tolerance) for pair in pairs])
    constants, amplitudes = np.array([constant, other_constant]), np.array([amplitude, other_amplitude])
    return ErfSumMethod(ErfSums(scales, constants, amplitudes, slopes, lists), found)


@dataclass(frozen=True)
class SigmoidalVariance:
    """V_ij = E[σ'(λ_i) σ'(λ_j) E²] of a sigmoidal student, with a finer and a rough method for its error."""

    student: Activation
    teacher: Activation
    usual: ErfSumMethod
    finer: ErfSumMethod
    rough: ErfSumMethod

    def fill(self, Omega: Array, v: Array, noise: float, out: Array) -> None:
        """Fill ``out`` (p,p) for Ω (n,n), v (n,) and Δ."""
        erf_sum_variance(Omega, v, noise, *self.usual, out)

    def error(self, Omega: Array, v: Array, noise: float, p: int) -> Array:
        """A bound on the error of V, (p,p), at this Ω: the distance to a finer sum, what that may be off by, and
        round-off."""
        bound = rounding(self, Omega, v, noise, p)
        if not self.exact:
            found, finer = np.empty((p, p)), np.empty((p, p))
            self.fill(Omega, v, noise, found)
            erf_sum_variance(Omega, v, noise, *self.finer, finer)
            bound += 1.1 * abs(found - finer) + self.finest * term_size(self, Omega, v, noise, p)
        return bound

    @property
    def finest(self) -> float:
        """The error of the finer method, relative to :func:`term_size`, beyond a tenth of that of the usual one."""
        return (8.0 if self.teacher.name == "softplus" else 1.0) * FINE.error

    @property
    def exact(self) -> bool:
        """Whether nothing is replaced by a sum."""
        return self.student.name == "erf" and self.teacher.name not in {"tanh", "sigmoid", "softplus"}

    def scaled(self, Omega: Array, p: int) -> Array:
        """g_b g_c Ω_bc, (n,n)."""
        gains = np.where(np.arange(len(Omega)) < p, self.student.gain, self.teacher.gain)
        return np.asarray(Omega * np.outer(gains, gains))


def sigmoidal_variance(student: Activation, teacher: Activation, accuracy: Accuracy = USUAL) -> SigmoidalVariance:
    """The method of this module for two kinds of unit; raises what :func:`erf_sum_method` does."""
    methods = (erf_sum_method(student, teacher, one) for one in (accuracy, FINE, ROUGH))
    return SigmoidalVariance(student, teacher, *methods)


def term_size(term: SigmoidalVariance, Omega: Array, v: Array, noise: float, p: int) -> Array:
    """E[σ'_i σ'_j (Σ |parts|)²] + Δ E[σ'_i σ'_j], (p,p), to a per cent: Minkowski's inequality, and :mod:`matching`."""
    root, one = np.zeros((p, p)), np.empty((p, p))
    for part in parts(term.student.name, term.teacher.name, term.scaled(Omega, p), v, p):
        direction = np.zeros(len(v))
        direction[part.b] = 1.0
        if part.c >= 0:
            direction[part.c] = part.sign
        erf_sum_variance(Omega, direction, 0.0, *term.rough, one)
        root += part.weight * np.sqrt(one)
    erf_sum_variance(Omega, np.zeros(len(v)), noise, *term.rough, one)
    return root**2 + one


def rounding(term: SigmoidalVariance, Omega: Array, v: Array, noise: float, p: int) -> Array:
    """What round-off adds, (p,p): of the arcsines, which is √(g²q) times it, and of Ω itself where it is singular, and
    the more where two students are next to each other."""
    n = len(v)
    variance = np.diag(term.scaled(Omega, p))
    plain, amplified, one = np.zeros((p, p)), np.zeros((p, p)), np.empty((p, p))
    shares = conditional(Omega, p)
    for c in range(n):
        direction = np.zeros(n)
        direction[c] = abs(v[c])
        erf_sum_variance(Omega, direction, 0.0, *term.rough, one)
        root = np.sqrt(one)
        plain += root
        lost = np.minimum(variance[c], 1.0 / np.maximum(shares[..., c], 1e-300))
        amplified += root * (1.0 + np.sqrt(variance[c]) + lost)
    erf_sum_variance(Omega, np.zeros(n), noise, *term.rough, one)
    epsilon = _EPSILON * (10.0 if term.teacher.degree is not None else 3.0 if term.exact else 1.0)
    return np.asarray(epsilon * (plain * amplified * nearness(variance[:p], Omega[:p, :p]) + one))


def conditional(Omega: Array, p: int) -> Array:
    """What is left of the variance of each field, given two students, as a share of it, (p,p,n); 1 for the two."""
    n = len(Omega)
    A, B, R, shares = np.empty(n), np.empty(n), np.empty((n, n)), np.ones((p, p, n))
    for i in range(p):
        for j in range(i, p):
            split_fields(Omega, i, j, A, B, R)
            for c in range(n):
                if c not in (i, j) and Omega[c, c] > 0.0:
                    shares[i, j, c] = shares[j, i, c] = abs(R[c, c]) / Omega[c, c]
    return shares
