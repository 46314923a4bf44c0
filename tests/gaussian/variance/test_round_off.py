"""Bounds of round-off, against what is lost."""

import numpy as np

from sgdode.gaussian.variance.edge_rule import barycentric_rule
from sgdode.gaussian.variance.erf_student import erf_variance
from sgdode.gaussian.variance.four_cofactors import PAIRS
from sgdode.gaussian.variance.four_signs import pair_bend
from sgdode.gaussian.variance.round_off import PLAIN, erf_round_off, nearness, steepest


def test_digits_are_lost_next_to_each_other():
    near = nearness(np.full(2, np.inf), np.array([[1.0, 0.8], [0.8, 1.0]]))
    np.testing.assert_allclose(near, [[1.0, 1.0 + 1.0 / 0.6], [1.0 + 1.0 / 0.6, 1.0]])
    assert nearness(np.full(2, 4.0), np.ones((2, 2)))[0, 1] == 3.0


def test_the_closed_form_of_erf_loses_what_is_stated():
    """Twice with other roundings: gains in Ω, or beside it."""
    rng, v = np.random.default_rng(1), np.array([-0.5, -0.5, 1.0])
    for _ in range(50):
        rows, gain = rng.standard_normal((3, 4)), 10 ** rng.uniform(0.0, 1.3)
        Omega, gains = rows @ rows.T, np.full(3, gain)
        beside, inside = np.empty((2, 2)), np.empty((2, 2))
        erf_variance(Omega, v, 0.1, gain, gain, beside)
        erf_variance(Omega * gain**2, v, 0.1, 1.0, 1.0, inside)
        if steepest(Omega, gains) <= PLAIN:
            assert np.all(abs(beside - gain**2 * inside) <= 2.0 * erf_round_off(Omega, v, 0.1, gains, 2))


def test_the_bend_of_a_pair():
    """w = ρ_bx ρ_cy + ρ_by ρ_cx − ρ_xy (ρ_bx ρ_cx + ρ_by ρ_cy); the other two of a pair of four are pair 5 − r."""
    bx, by, cx, cy, rho = 0.3, -0.2, 0.5, 0.4, 0.7
    assert np.isclose(pair_bend(bx, by, cx, cy, 1.0 - rho), bx * cy + by * cx - rho * (bx * cx + by * cy))
    assert all(set(PAIRS[r]) | set(PAIRS[5 - r]) == {0, 1, 2, 3} for r in range(6))


def test_interpolation_is_exact_for_polynomials():
    rule, x = barycentric_rule(5), 0.3
    share = rule.barycentric / (x - rule.nodes)
    assert np.isclose(share @ rule.nodes**4 / share.sum(), x**4)
