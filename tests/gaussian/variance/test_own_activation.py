"""Activations of a user's own: the stated error is measured where the fields are, and what is too steep is refused."""

import math

import numpy as np
from support.planar_cases import planar_variance, random_planar

from sgdode.gaussian.dual import pair_kernel
from sgdode.gaussian.variance.adaptive import adaptive_variance
from sgdode.gaussian.variance.edge_rule import barycentric_rule
from sgdode.gaussian.variance.own_activation import AdaptiveRule, refusal
from sgdode.gaussian.variance.panels import panels
from sgdode.gaussian.variance.quasi_monte_carlo import QuasiMonteCarlo
from sgdode.gaussian.variance.smoothed_ramps import WedgeSum
from sgdode.jit.pairs import held
from sgdode.model.activations import ACTIVATIONS, Activation


def own(name, f, df):
    return Activation(f=f, df=df, name=name)


def named(name):
    return ACTIVATIONS[name]


OWN = {
    "steep": own("steep", lambda x: math.tanh(30.0 * x), lambda x: 30.0 / math.cosh(min(abs(30.0 * x), 300.0)) ** 2),
    "elu": own("elu", lambda x: x if x > 0 else math.expm1(x), lambda x: 1.0 if x > 0 else math.exp(x)),
    "bump": own("bump", lambda x: math.exp(-x * x), lambda x: -2.0 * x * math.exp(-x * x)),
    "cosine": own("cosine", lambda x: math.cos(x), lambda x: -math.sin(x)),
}


def rule(student, teacher, p):
    return AdaptiveRule(student, teacher, p, pair_kernel(student, teacher))


def filled(term, Omega, v, noise, p):
    out = np.full((p, p), np.nan)
    term.fill(np.ascontiguousarray(Omega), np.ascontiguousarray(v), noise, out)
    return out


def test_stated_error_over_planar_fields():
    rng = np.random.default_rng(12)
    names, others = ["steep", "elu", "bump"], [*map(named, ("tanh", "relu", "softplus")), *OWN.values()]
    for number in range(30):
        student, teacher = OWN[names[number % 3]], others[rng.integers(6)]
        if number % 2:
            student, teacher = teacher, student
        p, k = ((1, 1), (1, 2), (2, 1))[rng.integers(3)]
        vectors, v, noise = random_planar(rng, p, k, -4.0, 2.0)
        term = rule(student, teacher, p)
        wanted = planar_variance([student] * p + [teacher] * k, vectors, v, noise, p, 0.02)
        size = np.sqrt(np.outer(wanted.diagonal(), wanted.diagonal()))
        Omega = vectors @ vectors.T
        error, stated = np.abs(filled(term, Omega, v, noise, p) - wanted), term.error(Omega, v, noise)
        assert np.all(error <= stated + 1e-10 * size), (number, student.name, teacher.name, p, k)


def test_against_a_closed_form():
    rows = np.random.default_rng(13).standard_normal((4, 6)) * 0.8
    Omega, v = rows @ rows.T, np.array([-0.6, -0.4, 0.5, 0.5])
    closed = filled(WedgeSum(named("gelu"), named("gelu"), 2, 2), Omega, v, 0.1, 2)
    term = rule(named("gelu"), named("gelu"), 2)
    out = filled(term, Omega, v, 0.1, 2)
    assert np.all(np.abs(out - closed) <= term.error(Omega, v, 0.1))
    np.testing.assert_allclose(out, closed, rtol=1e-7)


def test_the_units_of_students_and_teachers_may_be_told_apart_or_not():
    """One unit given as two different ones: the same V, within what the series leaves out, by fewer common terms."""
    rows = np.random.default_rng(15).standard_normal((3, 5))
    Omega, v = rows @ rows.T, np.array([-0.5, -0.5, 1.0])
    edges = panels(OWN["elu"], 8.0).edges
    found, bounds = np.empty((2, 2, 2)), np.empty((2, 2, 2))
    pair = held(pair_kernel(OWN["elu"], OWN["elu"]))
    for same in (0, 1):
        unit = pair, edges, edges, bool(same), barycentric_rule(12)
        adaptive_variance(Omega, v, 0.2, *unit, found[same], bounds[same])
    assert np.all(np.abs(found[0] - found[1]) <= bounds.sum(0) + 1e-12)


def test_perfect_learning_is_a_fixed_point():
    rows = np.random.default_rng(14).standard_normal((2, 3))
    there, v = np.concatenate([rows, rows]), np.array([-0.5, -0.5, 0.5, 0.5])
    V = filled(rule(OWN["steep"], OWN["steep"], 2), there @ there.T, v, 0.0, 2)
    assert np.max(np.abs(V)) < 1e-10


def test_what_is_too_steep_is_refused():
    fast = own("fast", lambda x: math.cos(500.0 * x), lambda x: -500.0 * math.sin(500.0 * x))
    assert refusal(OWN["steep"], 100.0) is None
    why = refusal(fast, 3.0)
    assert why is not None
    assert "too steep" in why


def test_quasi_monte_carlo_states_the_spread_of_its_scramblings():
    rng = np.random.default_rng(15)
    student, teacher = named("softplus"), named("tanh")
    term = QuasiMonteCarlo(2, 1, pair_kernel(student, student), pair_kernel(student, teacher))
    closed = WedgeSum(student, teacher, 2, 1)
    for _ in range(20):
        rows = rng.standard_normal((3, 4)) * 10 ** rng.uniform(-1, 1, (3, 1))
        Omega, v = rows @ rows.T, np.array([-0.6, -0.4, 0.9])
        error = np.abs(filled(term, Omega, v, 0.1, 2) - filled(closed, Omega, v, 0.1, 2))
        assert np.all(error <= term.error(Omega, v, 0.1))
