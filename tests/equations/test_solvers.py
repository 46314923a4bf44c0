"""The solvers on problems with known solutions: accuracy that follows the tolerance, divergence, failure."""

import numpy as np
import pytest

from sgdode.equations.solvers import SOLVERS, solve

TIMES = np.array([0.0, 1e-3, 0.1, 1.0, 1.0001, 20.0])


def ignore(_):
    pass


def relaxation(t, y, ydot):
    """Two decades of stiffness: y0 → cos t, y1' = −y1."""
    ydot[0] = -100.0 * (y[0] - np.cos(t))
    ydot[1] = -y[1]


def exact(t):
    a = (100.0**2 * np.cos(t) + 100.0 * np.sin(t)) / (100.0**2 + 1)
    return np.column_stack([a - 100.0**2 / (100.0**2 + 1) * np.exp(-100.0 * t), np.exp(-t)])


@pytest.mark.parametrize("solver", SOLVERS)
def test_error_follows_the_tolerance(solver):
    errors = []
    for rtol in (1e-5, 1e-9):
        solution = solve(relaxation, np.array([0.0, 1.0]), TIMES, solver, rtol, 1e-13, ignore)
        assert solution.states.shape == (len(TIMES), 2)
        assert solution.failed is None
        assert solution.steps > 0
        assert solution.evaluations > 0
        errors.append(np.abs(solution.states - exact(TIMES)).max())
    assert errors[0] < 3e-3
    assert errors[1] < 1e-6
    assert errors[1] < errors[0] / 100


@pytest.mark.parametrize("solver", SOLVERS)
def test_divergence_is_dated(solver):
    def explode(_, y, ydot):
        ydot[:] = y * y

    solution = solve(explode, np.array([1.0]), np.array([0.0, 0.5, 2.0, 3.0]), solver, 1e-8, 1e-12, ignore)
    assert solution.diverged_at == pytest.approx(1.0, abs=1e-4)
    assert len(solution.states) == 2


def test_a_tolerance_that_cannot_be_met_is_a_failure():
    def jagged(t, y, ydot):
        ydot[:] = np.sign(np.sin(1.0 / max(abs(1.0 - t), 1e-300))) * 1e6

    solution = solve(jagged, np.array([1.0]), np.array([0.0, 2.0]), "bdf", 1e-13, 1e-13, ignore)
    assert solution.failed or len(solution.states) == 2


def test_a_state_of_no_numbers_is_solved():
    solution = solve(relaxation, np.empty(0), TIMES, "auto", 1e-8, 1e-12, ignore)
    assert solution.states.shape == (len(TIMES), 0)


def test_a_large_system_takes_the_krylov_solver():
    def decay(_, y, ydot):
        ydot[:] = -np.arange(1, len(y) + 1) * y

    solution = solve(decay, np.ones(100), np.array([0.0, 1.0]), "auto", 1e-9, 1e-12, ignore)
    assert "gmres" in solution.method
    np.testing.assert_allclose(solution.states[-1], np.exp(-np.arange(1.0, 101.0)), atol=1e-7)
