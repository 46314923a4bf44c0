"""Right-hand sides that change at once: the solver begins anew there, and what is saved is not changed by that."""

import numpy as np
import pytest

from sgdode.equations.pieces import Pieces, Polled, enter, is_break, next_break, with_breaks
from sgdode.equations.solvers import solve


class Constant:
    """dy/dt = rate; knows no error."""

    def __init__(self, rate):
        self.rate = rate

    def __call__(self, t, y, ydot):
        ydot[:] = self.rate

    def stated_error(self, t, y):
        return self.rate

    def louder(self, share):
        return Constant(self.rate * (1 + share))


@pytest.mark.parametrize("solver", ["cvode", "lsoda", "bdf", "dop853"])
def test_every_solver_turns_at_the_break(solver):
    looked = []
    rhs = Polled(Pieces([Constant(1.0), Constant(-2.0)], [0.0, 1.5]), lambda: looked.append(1))
    times, saved = with_breaks(np.array([0.0, 1.0, 2.0, 3.0]), (1.5, 9.0))
    np.testing.assert_array_equal(times, [0.0, 1.0, 1.5, 2.0, 3.0])
    np.testing.assert_array_equal(saved, [True, True, False, True, True])
    found = solve(rhs, np.zeros(2), times, solver, 1e-10, 1e-12, lambda t: None, breaks=(1.5, 9.0))
    np.testing.assert_allclose(found.states[:, 0], [0.0, 1.0, 1.5, 0.5, -1.5], atol=1e-9)
    assert looked


def test_a_break_at_a_saved_time_is_that_time():
    times, saved = with_breaks(np.array([0.0, 1.0, 2.0]), (1.0 + 1e-15,))
    assert saved.all()
    assert next_break(times, 0, (1.0,)) == 1
    assert next_break(times, 1, (1.0,)) == 2
    assert [is_break(t, (1.0,)) for t in times] == [False, True, False]


def test_pieces_know_where_they_are():
    rhs = Pieces([Constant(1.0), Constant(3.0)], [0.0, 2.0])
    enter(rhs, 2.0)
    assert rhs.now == 1
    assert rhs.stated_error(1.0, np.zeros(1)) == 1.0
    assert rhs.louder(0.5).pieces[1].rate == 4.5
    enter(lambda t, y, ydot: None, 1.0)
