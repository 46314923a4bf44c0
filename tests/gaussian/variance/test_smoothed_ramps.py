"""Students that are sums of ramps: reference values, the stated error, perfect learning, symmetries."""

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from support.planar_cases import planar_variance, random_planar

from sgdode.gaussian.variance.four_ramps import four_ramps, minors
from sgdode.gaussian.variance.smoothed_ramps import WedgeSum, holds_for
from sgdode.gaussian.variance.wedge import place, wedge
from sgdode.model.activations import ACTIVATIONS, hermite_series

VALUES = json.loads((Path(__file__).parents[2] / "reference" / "averages_values.json").read_text())["values"]
STUDENTS = ("relu", "leaky-relu", "softplus", "gelu")
TEACHERS = ("linear", "square", "relu", "leaky-relu", "erf", "tanh", "sigmoid", "softplus", "gelu")


def unit(record, gain=1.0):
    """The unit that a name, or a mapping with a gain or a Hermite list, stands for."""
    if isinstance(record, str):
        return replace(ACTIVATIONS[record], gain=gain)
    if "hermite" in record:
        return replace(hermite_series(tuple(record["hermite"])), gain=gain)
    return replace(ACTIVATIONS[record["name"]], gain=record["gain"])


@cache
def term(student, teacher, p, k, gain=1.0, teacher_gain=1.0):
    return WedgeSum(unit(student, gain), unit(teacher, teacher_gain), p, k)


def filled(term, Omega, v, noise, p):
    out = np.full((p, p), np.nan)
    term.fill(np.ascontiguousarray(Omega), np.ascontiguousarray(v), noise, out)
    return out


@pytest.mark.parametrize("case", [v for v in VALUES if holds_for(unit(v["student"]), unit(v["teacher"]))])
def test_reference_values(case):
    one = WedgeSum(unit(case["student"]), unit(case["teacher"]), case["p"], case["k"])
    Omega, v, wanted = np.array(case["Omega"]), np.array(case["v"]), np.array(case["V"])
    out = filled(one, Omega, v, case["noise"], case["p"])
    stated = one.error(Omega, v, case["noise"])
    assert np.all(np.abs(out - wanted) <= stated + 1e-13 * np.abs(wanted))
    assert np.all(stated <= 1e-6 * np.sqrt(np.outer(wanted.diagonal(), wanted.diagonal())))


def test_stated_error_over_planar_fields():
    rng = np.random.default_rng(11)
    for number in range(200):
        student, teacher = STUDENTS[number % 4], TEACHERS[rng.integers(len(TEACHERS))]
        p, k = ((1, 1), (2, 1))[rng.integers(2)]
        gain = 10.0 ** rng.integers(0, 2)
        vectors, v, noise = random_planar(rng, p, k)
        one = term(student, teacher, p, k, gain)
        units = [unit(student, gain)] * p + [unit(teacher)] * k
        wanted = planar_variance(units, vectors, v, noise, p)
        Omega = vectors @ vectors.T
        size = np.sqrt(np.outer(wanted.diagonal(), wanted.diagonal()))
        error = np.abs(filled(one, Omega, v, noise, p) - wanted)
        stated = one.error(Omega, v, noise)
        assert np.all(error <= stated + 3e-11 * size), (number, student, teacher)
        if gain == 1.0 and vectors.max() < 10.0 and noise:
            assert np.all(stated <= 1e-5 * size), (number, student, teacher)


def test_the_fast_case_is_the_recursion():
    rng = np.random.default_rng(2)
    W, h, v, cov, room = np.zeros((16, 8, 8)), np.zeros(16), np.zeros((16, 2, 2, 2, 2)), np.zeros((4, 8)), np.zeros(36)
    G, D, fast = np.zeros((16, 4, 4)), np.zeros(16), np.zeros((9, 40))
    for number in range(400):
        rank = 1 + number % 4
        rows = np.zeros((4, 4))
        rows[:, :rank] = rng.standard_normal((4, rank)) * np.exp(rng.standard_normal(rank))
        rows /= np.linalg.norm(rows, axis=1)[:, None]
        size, tau = 10 ** rng.uniform(-3, 3, 4), 10 ** rng.uniform(-1, 1, 4)
        noisy = np.concatenate([[0, 0], rng.integers(2, size=2)])
        place(rows, tau, noisy, size, W)
        minors(rows * size[:, None], G, D)
        for powers in ((0, 0), (0, 1), (1, 0), (1, 1)):
            wedge(W, h, 15, np.array([0, 0, *powers]), sum(powers) % 2, v, cov, room)
            found = four_ramps(G, D, tau, np.array(powers), noisy[2:], fast)
            scale = math.prod(size[2 + x] + math.sqrt(tau[2 + x]) for x in range(2) if powers[x])
            assert abs(found - v[0, 0, 0, powers[0], powers[1]]) < 1e-11 * scale


def test_four_steps_in_a_plane_are_a_sector_of_the_circle():
    rng = np.random.default_rng(3)
    W, h, v, cov, room = np.zeros((16, 8, 8)), np.zeros(16), np.zeros((16, 2, 2, 1, 1)), np.zeros((4, 8)), np.zeros(36)
    turn = np.linspace(0, 2 * np.pi, 200_001)[:-1]
    for _ in range(40):
        angle = rng.normal(0, 1, 4)
        rows = np.zeros((4, 4))
        rows[:, 0], rows[:, 1] = np.cos(angle), np.sin(angle)
        place(rows, np.zeros(4), np.zeros(4, np.int64), np.ones(4), W)
        wedge(W, h, 15, np.zeros(4, np.int64), 0, v, cov, room)
        share = np.mean((np.cos(turn[:, None] - angle) > 0).all(axis=1))
        assert abs(v[0, 0, 0, 0, 0] - share) < 2e-5


@pytest.mark.parametrize("name", STUDENTS)
def test_perfect_learning_is_a_fixed_point(name):
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((2, 3)) * np.array([[0.8], [2.5]])
    one = term(name, name, 2, 2)
    v = np.array([-0.5, -0.5, 0.5, 0.5])
    there = np.concatenate([rows, rows])
    V = filled(one, there @ there.T, v, 0.0, 2)
    assert np.max(np.abs(V)) < 3e-14 * (1 + np.max(there**2))
    away = np.concatenate([rows + 1e-2 * rng.standard_normal((2, 3)), rows])
    near = np.concatenate([rows + (away[:2] - rows) * 0.1, rows])
    far, close = (filled(one, x @ x.T, v, 0.0, 2) for x in (away, near))
    assert np.all(np.abs(close.diagonal() * 100.0 / far.diagonal() - 1.0) < 0.1)


@pytest.mark.parametrize("name", STUDENTS)
def test_order_and_gain_of_units(name):
    rng = np.random.default_rng(5)
    rows, v = rng.standard_normal((4, 5)), np.array([-0.6, -0.4, 0.5, 0.9])
    Omega, order = rows @ rows.T, [1, 0, 3, 2]
    one = term(name, "tanh", 2, 2)
    V = filled(one, Omega, v, 0.1, 2)
    turned = filled(one, Omega[np.ix_(order, order)], v[order], 0.1, 2)
    np.testing.assert_allclose(turned[::-1, ::-1], V, rtol=1e-12)
    gains = np.array([1.7, 1.7, 0.4, 0.4])
    other = term(name, "tanh", 2, 2, 1.7, 0.4)
    scaled = filled(one, Omega * np.outer(gains, gains), v, 0.1, 2) * 1.7**2
    np.testing.assert_allclose(filled(other, Omega, v, 0.1, 2), scaled, rtol=1e-11)
