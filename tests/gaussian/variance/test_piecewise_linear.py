"""V of relu, leaky-relu and linear units: against slow twins, symmetries, singular covariances, the stated error."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.ramp_twin import by_directions, by_paths, units

from sgdode.gaussian.dual import pair_kernel
from sgdode.gaussian.variance.piecewise_linear import ramp_error, ramp_variance
from sgdode.gaussian.variance.tetrahedra import path_rules
from sgdode.model.activations import ACTIVATIONS, LEAKY_SLOPE

RULES = path_rules()
SLOPES = {"relu": 0.0, "leaky-relu": LEAKY_SLOPE, "linear": 1.0}
STUDENTS = [
    ("relu", "relu"),
    ("leaky-relu", "leaky-relu"),
    ("relu", "linear"),
    ("linear", "relu"),
    ("leaky-relu", "relu"),
]


def variance(Omega, v, noise, slope, gain, p):
    out = np.full((p, p), np.nan)
    ramp_variance(np.ascontiguousarray(Omega), np.asarray(v, float), noise, gain, slope, RULES, out)
    assert np.isfinite(out).all()
    np.testing.assert_array_equal(out, out.T)
    return out


def stated(Omega, v, noise, slope, gain, p):
    out = np.full((p, p), np.nan)
    ramp_error(np.ascontiguousarray(Omega), np.asarray(v, float), noise, gain, slope, out)
    return out


def wild(rng):
    """Weights in 1 to 3 dimensions with equal, opposite, nearly equal and vanishing ones, and the rest of a problem."""
    dimension = int(rng.choice([1, 2, 2, 2, 3]))
    p, k = (int(rng.integers(1, most)) for most in ((4, 3) if dimension == 3 else (9, 5)))
    W = rng.normal(size=(p + k, dimension))
    kind = rng.choice(["any", "copies", "near", "learnt", "cluster"])
    for x in range(1, p + k):
        if kind == "copies" and rng.random() < 0.5:
            W[x] = rng.choice([1.0, -1.0, 2.0, -0.5]) * W[rng.integers(x)]
        if kind == "near" and rng.random() < 0.5:
            W[x] = rng.choice([1.0, -1.0]) * W[rng.integers(x)] + 10 ** rng.uniform(-8, -1) * W[x]
    if kind == "cluster":
        W = W[:1] + 10 ** rng.uniform(-8, -1) * W
    v = rng.normal(size=p + k)
    if kind == "learnt":
        W[:p] = W[p + np.arange(p) % k] + 10 ** rng.uniform(-6, -1) * W[:p]
        v[:p] = -v[p + np.arange(p) % k]
    W *= 10 ** rng.uniform(-3, 2, size=(p + k, 1 if rng.random() < 0.5 else dimension))
    W[rng.integers(p + k)] *= rng.random() > 0.1
    slope, gain = units(p, k, *(SLOPES[name] for name in STUDENTS[rng.integers(5)]), 10 ** rng.uniform(-1, 3, 2))
    return W, (v, float(rng.choice([0.0, 0.1])), slope, gain, p)


def correlations(W):
    length = np.maximum(np.linalg.norm(W, axis=1), 1e-100)
    return (W @ W.T) / np.outer(length, length)


def test_the_true_error_is_below_the_stated_one_which_is_not_far_above():
    rng, close, count = np.random.default_rng(11), 0, 0
    for _ in range(400):
        W, rest = wild(rng)
        right = by_directions(W, *rest)
        error, bound = np.abs(variance(W @ W.T, *rest) - right), stated(W @ W.T, *rest)
        assert np.all(error <= bound + 1e-12 * np.abs(right)), (W, rest)  # the twin knows V to that
        apart = np.abs(correlations(W[: rest[-1]])) < 1 - 1e-9
        np.fill_diagonal(apart, True)
        size = np.sqrt(np.outer(np.diag(right), np.diag(right)))
        close += np.sum(apart & ((bound <= 100 * error) | (bound <= 1e-9 * size)))
        count += np.sum(apart)
    assert close > 0.8 * count  # where V is not what two students next to each other make of it


@pytest.mark.parametrize(("student", "teacher"), STUDENTS)
def test_regular_covariances_against_grown_ones(student, teacher):
    rng = np.random.default_rng(1)
    W = rng.normal(size=(4, 8)) / 2
    Omega, v = W @ W.T, rng.normal(size=4)
    problem = Omega, v, 0.1, *units(2, 2, SLOPES[student], SLOPES[teacher], (1.5, 0.8)), 2
    np.testing.assert_allclose(variance(*problem), by_paths(*problem), rtol=0, atol=1e-10 * np.max(by_paths(*problem)))


def test_values_by_panels_in_the_fields():
    for case in json.loads((Path(__file__).parent / "ramp_values.json").read_text())["values"]:
        p, k = case["p"], case["k"]
        one, other = case["student"], case["teacher"]
        rest = *units(p, k, SLOPES[one["name"]], SLOPES[other["name"]], (one["gain"], other["gain"])), p
        problem = np.array(case["Omega"]), case["v"], case["noise"], *rest
        V = np.array(case["V"])
        assert np.all(np.abs(variance(*problem) - V) <= 1e-10 * np.abs(V) + stated(*problem))


def regular(seed, p=6, k=3, student=0.0, teacher=0.0, gains=(1.0, 1.0)):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(p + k, p + k + 2))
    return W @ W.T / (p + k), rng.normal(size=p + k) / (p + k), 0.1, *units(p, k, student, teacher, gains), p


def test_homogeneity():
    Omega, v, _, slope, gain, p = regular(2)
    V = variance(Omega, v, 0.0, slope, gain, p)
    for c in (1e-6, 0.3, 1e4):
        np.testing.assert_allclose(variance(c * Omega, v, 0.0, slope, gain, p), c * V, rtol=1e-12)


def test_gains_scale_the_fields():
    Omega, v, noise, slope, _, p = regular(3)
    gain = np.array([1.7] * p + [0.4] * 3)
    scaled = variance(Omega * np.outer(gain, gain), v, noise, slope, np.ones(9), p)
    np.testing.assert_allclose(variance(Omega, v, noise, slope, gain, p), 1.7**2 * scaled, rtol=1e-12)


def test_permutations():
    Omega, v, noise, slope, gain, p = regular(4, student=0.01)
    order = np.concatenate([np.random.default_rng(0).permutation(p), p + np.array([2, 0, 1])])
    V = variance(Omega, v, noise, slope, gain, p)
    turned = variance(Omega[np.ix_(order, order)], v[order], noise, slope[order], gain, p)
    np.testing.assert_allclose(turned, V[np.ix_(order[:p], order[:p])], rtol=1e-12)


def test_a_turned_field_is_a_unit_with_its_slopes_exchanged():
    """s(−λ) = −g α (λ⁺ + λ⁻/α): gain g α, slope 1/α, and −v."""
    Omega, v, noise, slope, gain, p = regular(5, student=0.4, teacher=0.7)
    V = variance(Omega, v, noise, slope, gain, p)
    sign = np.array([1, -1, -1, 1, 1, -1, -1, 1, 1.0])
    slope, gain = np.where(sign < 0, 1 / slope, slope), np.where(sign < 0, gain * slope, gain)
    turned = variance(Omega * np.outer(sign, sign), v * sign, noise, slope, gain, p)
    np.testing.assert_allclose(turned, V, rtol=0, atol=1e-12 * np.max(V))


@pytest.mark.parametrize("student", ["relu", "leaky-relu"])
@pytest.mark.parametrize("dimension", [2, 3, 12])
def test_learnt_perfectly_the_noise_is_left(student, dimension):
    rng = np.random.default_rng(6)
    W = rng.normal(size=(4, dimension))[[0, 1, 2, 0, 3, 1, 0, 1, 2, 3]]
    v = np.array([-0.2, -0.3, -0.6, -0.5, -0.1, -0.1, 0.7, 0.4, 0.6, 0.1])
    slope, gain = units(6, 4, SLOPES[student], SLOPES[student], (1.0, 1.0))
    kernel = pair_kernel(*[ACTIVATIONS[student]] * 2)
    q = np.diag(W @ W.T)[:6]
    K11 = kernel.evaluate(q, q, (W @ W.T)[:6, :6])[1]
    np.testing.assert_allclose(variance(W @ W.T, v, 0.3, slope, gain, 6), 0.3 * K11, rtol=0, atol=2e-15)


def test_near_perfect_learning_the_error_is_relative_to_what_is_left():
    """V ~ ε²: its digits are those of a float64 less those of ε²."""
    rng = np.random.default_rng(7)
    teachers, step = rng.normal(size=(2, 3)), rng.normal(size=(4, 3))
    v, rest = np.array([-0.5] * 4 + [1.0] * 2), (0.0, *units(4, 2, 0.0, 0.0, (1.0, 1.0)), 4)
    for epsilon in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5):
        W = np.concatenate([teachers[[0, 1, 0, 1]] + epsilon * step, teachers])
        right = by_directions(W, v, *rest)
        assert np.max(np.abs(variance(W @ W.T, v, *rest) - right)) < 3e-14 + 1e-15 / epsilon**2 * np.max(right)


@pytest.mark.parametrize("name", ["relu", "leaky-relu", "linear"])
def test_a_neuron_without_weight_has_the_slope_at_zero(name):
    slopes = np.empty(1)
    ACTIVATIONS[name].loop(np.zeros(1), np.empty(1), slopes)
    W = np.random.default_rng(8).normal(size=(5, 2))
    W[1] = 0.0
    slope, gain = units(3, 2, SLOPES[name], SLOPES[name], (1.3, 1.3))
    V = variance(W @ W.T, [0.5, 0.1, -0.3, 0.4, 0.2], 0.1, slope, gain, 3)
    right = by_directions(W, np.array([0.5, 0.1, -0.3, 0.4, 0.2]), 0.1, slope, gain, 3)
    np.testing.assert_allclose(V, right, rtol=1e-12, atol=1e-15)
    kernel = pair_kernel(*[replace(ACTIVATIONS[name], gain=1.3)] * 2)
    q = np.diag(W @ W.T)[:3]
    K11 = kernel.evaluate(q, q, (W @ W.T)[:3, :3])[1]
    assert K11[1, 1] == pytest.approx(1.3**2 * slopes[0] ** 2, abs=1e-15)
    assert K11[0, 1] == pytest.approx(1.3**2 * slopes[0] * (1 + SLOPES[name]) / 2, abs=1e-15)
