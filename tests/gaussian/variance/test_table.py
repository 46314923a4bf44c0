"""The variance term of every student and teacher: Monte Carlo, nested quadrature, perfect learning."""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from support.gaussian_twin import average, functions

from sgdode.gaussian.dual import pair_kernel
from sgdode.gaussian.variance.table import variance_term
from sgdode.model.activations import ACTIVATIONS, Activation, hermite_series

SERIES = (0.3, -1.0, 0.5, 0.2)
EVERY = {**ACTIVATIONS, "hermite": hermite_series(SERIES)}
PAIRS = list(product(EVERY, EVERY))
VALUES = json.loads((Path(__file__).parents[2] / "reference" / "averages_values.json").read_text())["values"]
V = np.array([-0.6, -0.4, 0.5, 0.5])
NOISE = 0.1
_ROWS = np.random.default_rng(3).standard_normal((4, 4)) * 0.6
REGULAR = _ROWS @ _ROWS.T / 2
SINGULAR = REGULAR[np.ix_([0, 1, 1, 2], [0, 1, 1, 2])]  # one teacher is one of the students


def term(student, teacher, p, k):
    pairs = pair_kernel(student, student), pair_kernel(student, teacher), pair_kernel(teacher, teacher)
    return variance_term(student, teacher, p, k, *pairs)


def filled(variance, Omega, v, noise, p):
    out = np.full((p, p), np.nan)
    variance.fill(np.ascontiguousarray(Omega), np.ascontiguousarray(v), noise, out)
    assert np.isfinite(out).all()
    np.testing.assert_array_equal(out, out.T)
    return out


def monte_carlo(student, teacher, Omega, count=100_000):
    """V of two students and two teachers, and its standard error."""
    values, vectors = np.linalg.eigh(Omega)
    half = np.random.default_rng(5).standard_normal((count, 4))
    lam = (half * np.sqrt(np.maximum(values, 0))) @ vectors.T
    activations = [student, student, teacher, teacher]
    displacement = sum(v * functions(one)[0](lam[:, c]) for c, (v, one) in enumerate(zip(V, activations, strict=True)))
    slope = functions(student)[1](lam[:, :2])
    samples = slope[:, [0, 0, 1]] * slope[:, [0, 1, 1]] * (displacement**2 + NOISE)[:, None]
    return samples.mean(axis=0), samples.std(axis=0) / np.sqrt(count)


@pytest.mark.parametrize(("student", "teacher"), PAIRS)
@pytest.mark.parametrize("Omega", [REGULAR, SINGULAR], ids=["regular", "singular"])
def test_variance_against_monte_carlo(student, teacher, Omega):
    variance = term(EVERY[student], EVERY[teacher], 2, 2)
    out = filled(variance, Omega, V, NOISE, 2)[[0, 0, 1], [0, 1, 1]]
    mean, error = monte_carlo(EVERY[student], EVERY[teacher], Omega)
    assert np.all(np.abs(out - mean) < 5.5 * error + variance.error * np.abs(mean) + 1e-12)


@pytest.mark.parametrize(("student", "teacher"), PAIRS)
def test_stated_error_against_quadrature(student, teacher):
    one, other = EVERY[student], EVERY[teacher]
    variance = term(one, other, 1, 1)
    (s, ds), r = functions(one), functions(other)[0]
    for q, P, m in ((0.9, 1.0, 0.5), (0.5, 1.2, -0.3), (1.0, 1.0, 0.995), (1.0, 1.0, 1.0)):
        out = filled(variance, np.array([[q, m], [m, P]]), np.array([-0.7, 1.0]), NOISE, 1)[0, 0]
        wanted = average(lambda u, w: ds(u) ** 2 * ((r(w) - 0.7 * s(u)) ** 2 + NOISE), q, P, m)
        stated = variance.error * wanted
        if variance.bound is not None:
            stated = variance.bound(np.array([[q, m], [m, P]]), np.array([-0.7, 1.0]), NOISE)[0, 0]
            assert stated <= max(5.0 * variance.error, 1e-7) * wanted
        assert abs(out - wanted) < stated + 1e-9 * wanted


@pytest.mark.parametrize("name", EVERY)
def test_perfect_learning_is_a_fixed_point(name):
    order = [0, 1, 1, 0]
    Omega = REGULAR[np.ix_(order, order)]
    variance = term(EVERY[name], EVERY[name], 2, 2)
    out = filled(variance, Omega, np.array([-0.5, -0.5, 0.5, 0.5]), 0.0, 2)
    assert np.max(np.abs(out)) < 1e-12 * (1 + np.max(Omega) ** 2)


@pytest.mark.parametrize(
    ("student", "teacher"),
    [
        ("erf", "erf"),
        ("erf", "tanh"),
        ("square", "square"),
        ("relu", "relu"),
        ("tanh", "sigmoid"),
        ("hermite", "linear"),
    ],
)
def test_gains_scale_the_fields(student, teacher):
    gains = np.array([1.3, 1.3, 0.7, 0.7])
    one, other = EVERY[student], EVERY[teacher]
    scaled = filled(term(one, other, 2, 2), REGULAR * np.outer(gains, gains), V, NOISE, 2) * 1.3**2
    with_gains = (replace(one, gain=1.3), replace(other, gain=0.7))
    variance = term(*with_gains, 2, 2)
    np.testing.assert_allclose(filled(variance, REGULAR, V, NOISE, 2), scaled, rtol=1e-11 + 2 * variance.error)


USERS = {
    "cosine": Activation(f=np.cos, df=lambda x: -np.sin(x), name="cosine"),
    "elu": Activation(  # σ'' jumps at 0
        f=lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1),
        df=lambda x: np.exp(np.minimum(x, 0)),
        name="elu",
    ),
}


@pytest.mark.parametrize(
    ("student", "teacher"), [("cosine", "erf"), ("tanh", "elu"), ("elu", "tanh"), ("erf", "elu"), ("sigmoid", "elu")]
)
def test_a_users_activation_has_a_variance_term(student, teacher):
    one, other = ({**EVERY, **USERS}[name] for name in (student, teacher))
    variance = term(one, other, 2, 2)
    mean, error = monte_carlo(one, other, REGULAR)
    out = filled(variance, REGULAR, V, NOISE, 2)[[0, 0, 1], [0, 1, 1]]
    assert np.all(np.abs(out - mean) < 5.5 * error + variance.error * np.abs(mean))


@pytest.mark.parametrize(
    ("student", "teacher", "method"),
    [
        ("erf", "erf", "closed form"),
        ("square", "square", "closed form"),
        ("hermite", "square", "exact quadrature"),
        ("relu", "leaky-relu", "arcsines"),
        ("tanh", "erf", "erfs for each tanh"),
        ("tanh", "softplus", "erfs for each tanh"),
        ("erf", "relu", "closed form"),
        ("erf", "elu", "closed form in the student"),
        ("square", "tanh", "exact sum"),
        ("hermite", "cosine", "exact sum"),
        ("relu", "gelu", "steps and ramps"),
        ("cosine", "erf", "quadrature on the scale of the activations"),
    ],
)
def test_the_method_says_what_it_is(student, teacher, method):
    units = {**EVERY, **USERS}
    assert method in term(units[student], units[teacher], 2, 2).method


def recorded(record):
    """The activation that a reference value is of."""
    if isinstance(record, str):
        return ACTIVATIONS[record]
    if "hermite" in record:
        return hermite_series(tuple(record["hermite"]))
    return replace(ACTIVATIONS[record["name"]], gain=record["gain"])


@pytest.mark.parametrize("case", VALUES, ids=[f"{number}" for number in range(len(VALUES))])
def test_reference_values(case):
    Omega, v, noise, p = np.array(case["Omega"]), np.array(case["v"]), case["noise"], case["p"]
    variance = term(recorded(case["student"]), recorded(case["teacher"]), p, case["k"])
    out, wanted = filled(variance, Omega, v, noise, p), np.array(case["V"])
    size = np.sqrt(np.outer(wanted.diagonal(), wanted.diagonal()))
    stated = 0.0 * size if variance.bound is None else variance.bound(Omega, v, noise)
    assert np.all(np.abs(out - wanted) <= np.maximum(1e-7 * size, stated))
    if np.max(np.diag(Omega)) <= 100.0:
        assert np.all(stated <= 1e-6 * size)
