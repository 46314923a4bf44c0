"""The variance term of a sigmoidal student (erf, tanh, sigmoid), and an error of it that holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sgdode.gaussian.tanh_as_erfs import NINE, SIGMOIDAL, TWELVE, Levels, levels
from sgdode.gaussian.variance.erf_sums import ErfSums, erf_sum_variance
from sgdode.gaussian.variance.other_teachers import Teacher, no_teacher, teacher_of
from sgdode.gaussian.variance.sparse_product import products, weights
from sgdode.jit.units import Unit
from sgdode.model.overlaps import Array


class Accuracy(NamedTuple):
    """A table of nested sums, the tolerance of their products, and the error of V that both come to, relative to
    E[σ'_i σ'_j (Σ_c |v_c| |s_c|)²] (measured, see the tests)."""

    table: Levels
    tolerance: float
    error: float


ROUGH = Accuracy(NINE, 1e-4, 1e-2)
USUAL = Accuracy(NINE, 4e-9, 2e-7)
FINE = Accuracy(TWELVE, 1e-11, 2e-9)


class Method(NamedTuple):
    """The arguments of :func:`erf_sum_variance` for two kinds of unit."""

    sums: ErfSums
    teacher: Teacher


@lru_cache
def _cached(student: Unit, teacher: Unit, name: str) -> Method:
    return method(student, teacher, {"rough": ROUGH, "usual": USUAL, "fine": FINE}[name])


def method(student: Unit, teacher: Unit, accuracy: Accuracy) -> Method:
    """Sums of erfs of two units. Raises ValueError for a student that is not sigmoidal, or a teacher without a name."""
    if student.name not in SIGMOIDAL:
        raise ValueError(f"{student.name} is not one of {sorted(SIGMOIDAL)}")
    table, tolerance, _ = accuracy
    constant, one = levels(student, table)
    slopes = weights(one, (), tolerance)
    if teacher.name in SIGMOIDAL:
        other_constant, two = levels(teacher, table)
        found = no_teacher()
        pairs = [(one, one)] if (student.name == "erf") == (teacher.name == "erf") else [(one, one), (one, two), (two, two)]
    else:
        other_constant, two, pairs = 0.0, one, [(one, one)]
        known = teacher_of(teacher, one, table, tolerance)
        if known is None:
            raise ValueError(f"no closed form for a teacher {teacher.name}")
        found = known
    scales = np.zeros((2, max(one.scales.size, two.scales.size)))
    scales[0, : one.scales.size], scales[1, : two.scales.size] = one.scales, two.scales
    lists = products([weights(one, pair, tolerance) for pair in pairs])
    return Method(ErfSums(scales, np.array([constant, other_constant]), slopes, lists), found)
