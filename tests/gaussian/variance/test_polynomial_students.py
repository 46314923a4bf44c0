"""Polynomial students: exact against quadrature, singular overlaps and perfect learning included."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.planar_cases import planar_variance, random_planar

from sgdode.gaussian.variance.polynomial import PolynomialStudents, polynomial
from sgdode.gaussian.variance.smoothed_ramps import WedgeSum
from sgdode.model.activations import ACTIVATIONS, Activation, hermite_series

VALUES = json.loads((Path(__file__).parents[2] / "reference" / "averages_values.json").read_text())["values"]
TEACHERS = ("linear", "square", "relu", "leaky-relu", "erf", "tanh", "sigmoid", "softplus", "gelu")
SERIES = ((0.3, -0.2, 0.4, 0.1), (0.0, 0.0, 0.0, 0.0, 0.5), (0.1, 1.0, 0.0, -0.3, 0.0, 0.2))


def hermite(series, gain=1.0):
    return replace(hermite_series(series), gain=gain)


def unit(record):
    if isinstance(record, str):
        return ACTIVATIONS[record]
    if "hermite" in record:
        return hermite(tuple(record["hermite"]))
    return replace(ACTIVATIONS[record["name"]], gain=record["gain"])


def filled(term, Omega, v, noise, p):
    out = np.full((p, p), np.nan)
    term.fill(np.ascontiguousarray(Omega), np.ascontiguousarray(v), noise, out)
    return out


@pytest.mark.parametrize("case", [v for v in VALUES if polynomial(unit(v["student"])) is not None])
def test_reference_values(case):
    term = PolynomialStudents(unit(case["student"]), unit(case["teacher"]), case["p"], case["k"])
    wanted = np.array(case["V"])
    out = filled(term, np.array(case["Omega"]), np.array(case["v"]), case["noise"], case["p"])
    np.testing.assert_allclose(out, wanted, rtol=1e-9)


def test_stated_error_over_planar_fields():
    rng = np.random.default_rng(7)
    students = [unit("linear"), unit("square"), *map(hermite, SERIES)]
    for number in range(24):
        student, teacher = students[number % 5], unit(TEACHERS[rng.integers(len(TEACHERS))])
        p, k = ((1, 1), (2, 1), (1, 2))[rng.integers(3)]
        vectors, v, noise = random_planar(rng, p, k, -6.0, 2.0)
        term = PolynomialStudents(student, teacher, p, k)
        wanted = planar_variance([student] * p + [teacher] * k, vectors, v, noise, p, reach=13.0)
        size = np.sqrt(np.outer(wanted.diagonal(), wanted.diagonal()))
        Omega = vectors @ vectors.T
        error, stated = np.abs(filled(term, Omega, v, noise, p) - wanted), term.error(Omega, v, noise)
        assert np.all(error <= stated + 1e-11 * size), (number, student.name, teacher.name)
        assert np.all(stated <= 1e-7 * size + 1e-300), (number, student.name, teacher.name)


@pytest.mark.parametrize("teacher", TEACHERS)
def test_a_linear_student_by_two_methods(teacher):
    rng = np.random.default_rng(8)
    rows, v = rng.standard_normal((5, 6)), np.array([-0.6, -0.4, 0.5, 0.9, -0.2])
    Omega = rows @ rows.T
    one = filled(PolynomialStudents(unit("linear"), unit(teacher), 3, 2), Omega, v, 0.1, 3)
    other = filled(WedgeSum(unit("linear"), unit(teacher), 3, 2, 0.0), Omega, v, 0.1, 3)
    np.testing.assert_allclose(one, other, rtol=2e-7)


def test_perfect_learning_is_a_fixed_point():
    rows = np.random.default_rng(9).standard_normal((2, 3))
    there, v = np.concatenate([rows, rows]), np.array([-0.5, -0.5, 0.5, 0.5])
    for student in (unit("linear"), unit("square"), *map(hermite, SERIES)):
        term = PolynomialStudents(student, student, 2, 2)
        V, alone = (filled(term, there @ there.T, one, 0.0, 2) for one in (v, np.maximum(-v, 0.0)))
        assert np.max(np.abs(V)) < 1e-10 * np.max(alone)
        assert np.all(np.abs(V) <= term.error(there @ there.T, v, 0.0))


def test_a_teacher_of_ones_own():
    def steep(x):
        return np.tanh(30.0 * x)

    def slope(x):
        return 30.0 / np.cosh(np.minimum(np.abs(30.0 * x), 300.0)) ** 2

    teacher = Activation(f=steep, df=slope, name="steep")
    vectors = np.array([[0.9, 0.3], [-0.2, 1.1]])
    v = np.array([-0.7, 1.0])
    term = PolynomialStudents(hermite(SERIES[0]), teacher, 1, 1)
    wanted = planar_variance([hermite(SERIES[0]), teacher], vectors, v, 0.1, 1, 0.02)
    np.testing.assert_allclose(filled(term, vectors @ vectors.T, v, 0.1, 1), wanted, rtol=1e-8)
