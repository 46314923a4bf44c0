"""The state as one vector: every way to pack and unpack it agrees, and nothing is lost."""

import numpy as np
import pytest

from sgdode.jit import formulas
from sgdode.model import state
from sgdode.model.overlaps import omega

SIZES = [(1, 1), (1, 3), (4, 2), (5, 5)]
LOOPS = pytest.mark.parametrize("loops", [state, formulas], ids=["plain", "compiled"])


def parts(p, k, trained, seed=0):
    """Q (p,p), M (p,k) and a (p,) or (0,)."""
    rng = np.random.default_rng(seed)
    Q = rng.standard_normal((p, p))
    return Q + Q.T, rng.standard_normal((p, k)), rng.standard_normal(p if trained else 0)


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize(("p", "k"), SIZES)
def test_packing_is_lossless(p, k, trained):
    """Several states at once; each number stands for the entry of Ω that ``entries`` names."""
    given = [parts(p, k, trained, seed) for seed in range(3)]
    states = np.array([state.packed(*one) for one in given])
    assert states.shape == (3, state.size(p, k) + trained * p)
    for t, found in enumerate(zip(*state.unpacked(states, p, k), strict=True)):
        for one, other in zip(found, given[t], strict=True):
            assert np.array_equal(one, other)
    for y, (Q, M, _) in zip(states, given, strict=True):
        rows, columns = state.entries(p, k)
        assert np.array_equal(omega(Q, M, np.eye(k))[rows, columns], y[: state.size(p, k)])


@LOOPS
@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize(("p", "k"), SIZES)
def test_loops_are_the_same_packing(loops, p, k, trained):
    Q, M, a = parts(p, k, trained)
    y = state.packed(Q, M, a)
    filled = np.full_like(y, np.nan)
    loops.pack(Q, M, a, filled)
    assert np.array_equal(filled, y)
    before = np.full(p, 7.0)
    found = np.full((p, p), np.nan), np.full((p, k), np.nan), before.copy()
    loops.unpack(y, *found)
    for one, other in zip(found, (Q, M, a if trained else before), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize(("p", "k"), SIZES)
def test_the_mean_field_state_is_lossless(p, k, trained):
    given = [(M, np.diag(Q), a) for Q, M, a in (parts(p, k, trained, seed) for seed in range(2))]
    states = np.array([state.packed_diagonal(*one) for one in given])
    for t, found in enumerate(zip(*state.unpacked_diagonal(states, p, k), strict=True)):
        for one, other in zip(found, given[t], strict=True):
            assert np.array_equal(one, other)
