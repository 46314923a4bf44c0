"""Dual kernels of every pair of activations against nested quadrature."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import special
from scipy.integrate import trapezoid
from support.gaussian_twin import dual_kernel, functions

from sgdode.gaussian.dual import kernel_error, mehler_kernel, pair_kernel
from sgdode.jit.units import machine_code
from sgdode.model.activations import ACTIVATIONS, Activation, hermite_series

SERIES = (0.3, -1.0, 0.5, 0.2, 0.1)
EVERY = {**ACTIVATIONS, "hermite": hermite_series(SERIES)}
PAIRS = list(product(EVERY, EVERY))


def kinked(activation):
    """Whether σ' or σ'' jumps: the second difference of σ' is O(h²) where neither does."""
    x = np.linspace(-4, 4, 8001)
    s, ds = np.empty_like(x), np.empty_like(x)
    machine_code(activation)(x, s, ds)
    return np.abs(np.diff(ds, 2)).max() > 1e-4


KINKED = {name for name, activation in EVERY.items() if kinked(activation)}
RHO = np.array([0.0, 0.3, -0.7, 0.95, -0.999, 1.0, -1.0])


def errors(first, second, q, q_prime, rho=RHO):
    """The largest errors of K, K11, K20 over correlations."""
    c = rho * np.sqrt(q * q_prime)
    found = pair_kernel(first, second).evaluate(np.array([q]), np.full(len(c), q_prime), c[None])
    wanted = np.array([dual_kernel(first, second, q, q_prime, one) for one in c]).T
    return [float(np.max(np.abs(a[0] - b))) for a, b in zip(found, wanted, strict=True)]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_kernels_against_quadrature(first, second):
    for q, q_prime in ((1.0, 1.0), (0.4, 0.9)):
        bounds = kernel_error(EVERY[first], EVERY[second], q, q_prime)
        if not {first, second} & KINKED:
            assert max(bounds) < 1e-9
        for error, bound in zip(errors(EVERY[first], EVERY[second], q, q_prime), bounds, strict=True):
            assert error < 1e-10 + bound


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_reported_error_bounds_the_error_at_large_variance(first, second):
    q, q_prime = 7.0, 25.0
    scale = 1.0 + np.max(np.abs(dual_kernel(EVERY[first], EVERY[second], q, q_prime, 13.0)))
    bounds = kernel_error(EVERY[first], EVERY[second], q, q_prime)
    found = errors(EVERY[first], EVERY[second], q, q_prime, np.array([0.5, 0.98, 1.0]))
    for error, bound in zip(found, bounds, strict=True):
        assert error < 1e-9 * scale + bound
    assert max(bounds) < 1e-3 * scale


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_no_variance_and_round_off_give_finite_numbers(first, second):
    q1, q2 = np.array([0.0, 1.0, -1e-17]), np.array([1.0, 0.0])
    C = np.array([[0.0, 0.0], [1.0 + 1e-12, 0.0], [1e-9, -1e-12]])
    kernels = pair_kernel(EVERY[first], EVERY[second]).evaluate(q1, q2, C)
    assert np.isfinite(kernels).all()
    s, r = functions(EVERY[first])[0], functions(EVERY[second])[0]
    zero = np.zeros(1)
    assert kernels[0][0, 1] == pytest.approx(float((s(zero) * r(zero))[0]), abs=1e-8)


def test_gains_scale_the_fields():
    q, q_prime = 0.8, 0.5
    for first, second in (("erf", "erf"), ("relu", "relu"), ("tanh", "gelu"), ("square", "square"), ("erf", "relu")):
        one = replace(EVERY[first], gain=1.3)
        other = replace(EVERY[second], gain=0.6)
        assert max(errors(one, other, q, q_prime)) < 1e-10


def test_closed_forms_are_the_mehler_expansion():
    q, C = np.array([0.3, 0.8]), np.array([[0.3, 0.2], [0.2, 0.8]])
    for name in ("erf", "square", "linear"):
        closed, series = pair_kernel(EVERY[name], EVERY[name]), mehler_kernel(EVERY[name], EVERY[name])
        np.testing.assert_allclose(closed.evaluate(q, q, C), series.evaluate(q, q, C), atol=1e-13)


def test_a_jump_is_seen_although_its_slope_is_given_as_zero():
    sign = Activation(f=np.sign, df=lambda x: 0.0 * x, name="sign")
    q, q_prime, c = 0.7, 0.5, 0.4
    found = pair_kernel(EVERY["erf"], sign).evaluate(np.array([q]), np.array([q_prime]), np.array([[c]]))
    spread = np.sqrt((1 + q) * q_prime - c * c)
    wanted = 2 / np.pi * np.arctan2(c, spread), 2 / np.pi / spread, -2 / np.pi * c / ((1 + q) * spread)
    np.testing.assert_allclose(np.ravel(found), wanted, atol=1e-10)


def test_a_kink_away_from_zero_is_within_the_reported_error():
    hard = Activation(f=lambda x: min(max(x, -1.0), 1.0), df=lambda x: 1.0 * (abs(x) < 1.0), name="hard")
    q, c = 0.8, 0.5
    found = pair_kernel(hard, EVERY["erf"]).evaluate(np.array([q]), np.array([1.0]), np.array([[c]]))[1][0, 0]
    wanted = (2 * special.ndtr(1 / np.sqrt(q)) - 1) * 0.0
    x = np.linspace(-1, 1, 20001)
    density = np.exp(-x * x / (2 * q)) / np.sqrt(2 * np.pi * q)
    variance = 1.0 - c * c / q  # of the erf's field, given the other
    slope = np.sqrt(2 / np.pi / (1 + variance)) * np.exp(-((c / q * x) ** 2) / (2 * (1 + variance)))
    wanted += float(trapezoid(density * slope, x))
    bound = kernel_error(hard, EVERY["erf"], q, 1.0).K11
    assert 0.0 < abs(found - wanted) < bound < 0.1
