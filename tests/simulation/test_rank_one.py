"""Steps within p directions (``sgdode.simulation.rank_one``) against the overlaps that a step of one more row has."""

from __future__ import annotations

import numpy as np
import pytest

from sgdode.runs.engines import simulate
from sgdode.simulation.rank_one import absorb, invert
from sgdode.simulation.small_linalg import add_outer, fold
from sgdode.spec.load import load_spec

FIRST, SPARE = 2, 3
EPS = {"float64": 1e-13, "float32": 1e-5}
RELATIVE = {"float64": 1e-11, "float32": 2e-3}


class Basis:
    """B of given columns, folded to its R, and N; c, g and χ are drawn by ``rng``."""

    def __init__(self, B, real, rng):
        p = B.shape[1]
        self.p, self.real, self.rng = p, real, rng
        self.W = rng.standard_normal((FIRST + p + SPARE, p)).astype(real)
        self.W[FIRST : FIRST + p] = B
        self.N, self.room = np.full((p, p), 7.0, real), np.zeros((9, p + FIRST + SPARE))
        fold(self.W, FIRST, p, np.empty((p, p)), self.room)
        invert(self.W, self.N, FIRST)

    @property
    def B(self):
        return self.W[FIRST : FIRST + self.p].astype(float)

    def step(self, size=0.3):
        """One step, if it is not refused. Returns that, and the BᵀB that it is to have."""
        G = self.rng.standard_normal((1, FIRST + self.p)).astype(self.real)
        C = (size * self.rng.standard_normal((1, self.p))).astype(self.real)
        chi = float(self.rng.chisquare(self.rng.integers(1, 1000)) ** 0.5)
        c, moved = C[0].astype(float), self.B + np.outer(G[0, FIRST:], C[0].astype(float))
        wanted = moved.T @ moved + chi**2 * np.outer(c, c)
        done = absorb(self.W, self.N, FIRST, G, C, chi, self.room)
        if done:
            add_outer(G, 1, FIRST + self.p, C, self.W, 0)
        return done, wanted


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize("p", [1, 2, 3, 4, 7, 8, 13, 16])
def test_the_overlaps_are_those_of_one_more_row(p, real):
    rng = np.random.default_rng(p)
    for _ in range(20):
        basis = Basis(rng.standard_normal((p, p)) + 2 * p**0.5 * np.eye(p), real, rng)
        others = basis.W[FIRST + p :].copy()
        done, wanted = basis.step()
        assert done
        np.testing.assert_allclose(basis.B.T @ basis.B, wanted, atol=EPS[real] * np.abs(wanted).max())
        error = np.abs(basis.N @ basis.B - np.eye(p)).max()
        assert error < RELATIVE[real] * np.linalg.cond(basis.B)
        assert np.array_equal(basis.W[FIRST + p :], others)


def test_a_long_run_stays_exact_and_notices_what_it_lost():
    """5000 steps at p = 6: every one to round-off, the inverse renewed whenever a step is refused."""
    rng, refused = np.random.default_rng(1), 0
    basis = Basis(rng.standard_normal((6, 6)), "float64", rng)
    for _ in range(5000):
        basis.W[FIRST : FIRST + 6] *= 0.9
        basis.N /= 0.9
        done, wanted = basis.step()
        if done:
            assert np.abs(basis.B.T @ basis.B - wanted).max() < 1e-12 * np.abs(wanted).max()
        else:
            refused, basis = refused + 1, Basis(basis.B, "float64", rng)
    assert refused < 50


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["zero", "equal", "nearly equal"])
def test_a_singular_basis_has_no_inverse(kind, real):
    rng = np.random.default_rng(2)
    B = rng.standard_normal((4, 4))
    B[:, 1] = B[:, 0] + (1e-9 * B[:, 1] if kind == "nearly equal" else 0.0)
    basis = Basis(0 * B if kind == "zero" else B, real, rng)
    before = basis.W.copy()
    assert np.isnan(basis.N[0, 0])
    assert not basis.step()[0]
    assert np.array_equal(basis.W, before)


@pytest.mark.parametrize("spoilt", [1e-5, 1e3, np.nan, np.inf])
def test_an_inverse_that_is_off_is_refused(spoilt):
    rng = np.random.default_rng(3)
    basis = Basis(rng.standard_normal((5, 5)) + 3 * np.eye(5), "float64", rng)
    basis.N[2, 1] += spoilt
    assert not basis.step()[0]


def test_a_step_that_overflows_is_refused():
    """|s|² is infinite: nothing would be left of χ."""
    basis = Basis(np.ones((1, 1)), "float64", np.random.default_rng(4))
    basis.W[FIRST], basis.N[0] = 1e-156, 1e156
    assert not basis.step()[0]


def test_equal_neurons_stay_equal_and_their_run_is_exact():
    """A start without an inverse, for ever: the run goes on as without one."""
    twins = [[1.0, 1.0, 0.2], [1.0, 1.0, 0.2], [0.2, 0.2, 1.0]]
    spec = {
        "dimension": 50,
        "teacher": {"width": 1},
        "student": {"width": 3},
        "learning_rate": 1.0,
        "initial": {"kind": "overlaps", "Q": twins, "M": [[0.1], [0.1], [0.3]]},
        "time": {"stop": 20.0},
        "save": ["risk", "M", "Q"],
        "simulate": {"seeds": 2},
    }
    found = simulate(load_spec(spec)).curves
    Q = found["Q"]
    assert np.isfinite(Q).all()
    np.testing.assert_allclose(Q[:, :, 0, 0], Q[:, :, 1, 1], rtol=1e-9)
    np.testing.assert_allclose(Q[:, :, 0, 0], Q[:, :, 0, 1], rtol=1e-9)
