"""Dual kernels of sigmoidal units by sums of erfs: against quadrature, within the stated error, for steep ones too."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from support import planar_twin
from support.gaussian_twin import functions

from sgdode.gaussian.polynomials import hermite_means
from sgdode.gaussian.sigmoidal_error import sigmoidal_kernel_error
from sgdode.gaussian.sigmoidal_kernels import sigmoidal_kernel
from sgdode.jit.units import address
from sgdode.model.activations import ACTIVATIONS, Activation, hermite_series

EVERY = {**ACTIVATIONS, "hermite": hermite_series((0.3, -0.2, 0.4, 0.1))}
SIGMOIDAL = [name for name, record in EVERY.items() if record.sigmoidal]
PAIRS = [pair for pair in product(EVERY, EVERY) if set(pair) & set(SIGMOIDAL)]
STATES = [(0.9, 1.0, 0.5), (2.0, 0.5, -0.8), (1.0, 1.0, 0.999), (1.0, 1.0, -1.0), (0.01, 2.0, 0.9), (6.0, 9.0, 0.3)]


def evaluated(first, second, q, q_prime, c):
    """K, K11 and K20."""
    kernel, out = sigmoidal_kernel(first, second), np.empty((3, 1, 1))
    gains, codes = (first.gain, second.gain), (address(first), address(second))
    kernel.fill(np.array([q]), np.array([q_prime]), np.array([[c]]), *gains, *codes, kernel.table, *out)
    return out[:, 0, 0]


def quadrature(first, second, q, q_prime, rho):
    """The same; steep are all but straight lines and polynomials."""
    gains = [one.gain if one.ramp is None and one.degree is None else 0.0 for one in (first, second)]
    return planar_twin.dual_kernel(gains, q, q_prime, rho, functions(first), functions(second))


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_the_stated_error_holds_against_quadrature(first, second):
    for (q, q_prime, rho), gains in product(STATES, [(1.0, 1.0), (0.7, 1.6)]):
        one, two = (replace(EVERY[name], gain=gain) for name, gain in zip((first, second), gains, strict=True))
        c = rho * np.sqrt(q * q_prime)
        wanted = quadrature(one, two, q, q_prime, rho)
        stated = np.array(sigmoidal_kernel_error(one, two, q, q_prime))
        off = abs(evaluated(one, two, q, q_prime, c) - wanted)
        assert np.all(off <= stated + 2e-12 * (1 + abs(wanted)))  # the twin's own error
        assert np.all(stated < 3e-9 * max(one.gain, two.gain) ** 2 * (1 + q_prime))


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_k11_and_k20_are_the_slopes_of_k(first, second):
    one, two = replace(EVERY[first], gain=1.3), replace(EVERY[second], gain=0.8)
    q, q_prime, c, step = 1.1, 0.9, 0.4, 1e-4
    _, K11, K20 = evaluated(one, two, q, q_prime, c)
    up, down = (evaluated(one, two, q, q_prime, c + sign * step)[0] for sign in (1, -1))
    assert abs((up - down) / (2 * step) - K11) < 1e-7
    up, down = (evaluated(one, two, q + sign * step, q_prime, c)[0] for sign in (1, -1))
    assert abs((up - down) / step - K20) < 1e-7  # K20 = 2 ∂K/∂q


def test_steep_units_become_signs():
    one = replace(EVERY["tanh"], gain=1e6)
    for rho in (-0.9, 0.2, 0.99):
        K, K11, _ = evaluated(one, one, 4.0, 1.0, 2.0 * rho)
        assert abs(K - 2 / np.pi * np.arcsin(rho)) < 1e-9
        assert abs(K11 - 2 / np.pi / np.sqrt(4.0 - 4.0 * rho**2)) < 1e-9


def test_large_variances_need_no_more_terms():
    """tanh of gain 2 at variance 9, where a series of Hermite polynomials needs hundreds."""
    one = replace(EVERY["tanh"], gain=2.0)
    for rho in (0.5, 0.99):
        wanted = quadrature(one, one, 9.0, 9.0, rho)
        np.testing.assert_allclose(evaluated(one, one, 9.0, 9.0, 9.0 * rho), wanted, rtol=1e-9)


def test_pairs_without_a_sigmoid_are_left_to_others():
    assert sigmoidal_kernel(EVERY["relu"], EVERY["gelu"]) is None
    assert sigmoidal_kernel(EVERY["tanh"], Activation(name="cosine")) is None


def test_means_of_a_polynomial():
    H, q = hermite_means((0.3, -0.2, 0.4, 0.1)), 2.5
    x, w = np.polynomial.hermite_e.hermegauss(20)
    x, w = np.sqrt(q) * x, w / w.sum()
    h = np.array([np.ones_like(x), x, (x**2 - 1) / np.sqrt(2), (x**3 - 3 * x) / np.sqrt(6)])
    found = H @ (q - 1) ** np.arange(4)
    slope = -0.2 + 0.4 * np.sqrt(2) * x + 0.1 * (3 * x**2 - 3) / np.sqrt(6)
    np.testing.assert_allclose(found[:2], [w @ (np.array([0.3, -0.2, 0.4, 0.1]) @ h), w @ slope], rtol=1e-12)
