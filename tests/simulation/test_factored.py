"""Blocks within p rows against the same blocks in loops, with rows that are added, from the same random numbers."""

from __future__ import annotations

import numpy as np
import pytest
from support.sgd import VARIANTS, experiment
from support.specs import merged

from sgdode.model.start_laws import start
from sgdode.runs.engines import sampling, simulate
from sgdode.simulation.factored import is_regular
from sgdode.simulation.large import with_factor
from sgdode.simulation.run import begin, mover, overlaps_of, planned
from sgdode.simulation.step import Weights
from sgdode.spec.build import build
from sgdode.spec.load import load_spec

MANY = {"dimension": 300, "learning_rate": 30.0}
WIDE = {**MANY, "student": {"width": 37, "output_weights": 1.0}}
CASES = {
    **{name: merged(MANY, {key: value for key, value in changes.items() if key != "dimension"})
       for name, changes in VARIANTS.items()},
    "plain": MANY,
    "wide": WIDE,
    "wide, all": merged(merged(WIDE, VARIANTS["all"]), MANY),
    "one neuron": {**MANY, "student": {"width": 1, "output_weights": 1.0}},
}  # fmt: skip
TOLERANCE = {"float64": 1e-10, "float32": 2e-4}


class Ways:
    """One run, its blocks taken within p rows and, from where that is, in loops."""

    def __init__(self, spec, block):
        problem = build(spec)
        beginning = start(problem)
        self.schemes = [planned(problem, beginning, sampling(spec), block, way) for way in ("factor", "loops")]
        assert self.schemes[0].way == "factor"
        self.states = [begin(scheme, beginning, np.random.Generator(np.random.SFC64(5))) for scheme in self.schemes]
        self.movers = [mover(scheme) for scheme in self.schemes]
        self.block = block * problem.rule.batch

    def renew(self):
        """The factor, where it has to be found; and the loops begin where the other way is."""
        (ours, theirs), scheme = self.states, self.schemes[0]
        ours.m, known = with_factor(Weights(ours.W, ours.beside, ours.a), scheme.rank, ours.m, self.block)
        theirs.W[:] = 0.0
        theirs.W[: scheme.rank + ours.m] = ours.W[: scheme.rank + ours.m]
        theirs.m, theirs.a = ours.m, ours.a.copy()
        theirs.beside[:] = np.nan
        theirs.rng.bit_generator.state = ours.rng.bit_generator.state
        return known

    def overlaps(self):
        return [overlaps_of(scheme, state) for scheme, state in zip(self.schemes, self.states, strict=True)]


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_a_block_is_that_of_the_loops(name, real):
    """Blocks longer than a part, shorter, and of one step (for which the loops draw less where its batch exceeds p)."""
    ways = Ways(experiment(CASES[name], precision=real), 21)
    for steps in (21, 21, 7, 2 if name == "batch > p, d" else 1, 20):
        assert ways.renew()
        before = ways.overlaps()[0][0]
        for move, state in zip(ways.movers, ways.states, strict=True):
            assert move(state, steps)
        ours, theirs = ways.overlaps()
        scale = np.sqrt(np.diag(theirs[0]).max())
        assert np.abs(ours[0] - before).max() > 1e-4 * scale**2
        for one, other in zip(ours[:2], theirs[:2], strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=TOLERANCE[real] * max(scale, scale**2))
        np.testing.assert_allclose(ours[2], theirs[2], rtol=TOLERANCE[real])
        np.testing.assert_allclose(ways.states[0].a, ways.states[1].a, rtol=TOLERANCE[real])


def test_what_stands_beside_the_rows_are_their_overlaps():
    ways = Ways(experiment(merged(WIDE, VARIANTS["all"]) | MANY), 21)
    assert ways.renew()
    state, r = ways.states[0], ways.schemes[0].rank
    for _ in range(30):
        assert ways.movers[0](state, 21)
    R, S = state.W[r : r + state.m], state.beside
    assert state.m == 37
    assert not np.tril(R, -1).any()
    assert not np.tril(S, -1).any()
    np.testing.assert_allclose(R.T @ R, S + np.triu(S, 1).T, atol=1e-12 * np.abs(S).max())


TWINS = {
    "dimension": 60,
    "teacher": {"width": 1},
    "student": {"width": 3},
    "learning_rate": 1.0,
    "time": {"stop": 1.0},
    "initial": {
        "kind": "overlaps",
        "Q": [[1.0, 1.0, 0.2], [1.0, 1.0, 0.2], [0.2, 0.2, 1.0]],
        "M": [[0.1], [0.1], [0.3]],
    },
}


@pytest.mark.parametrize("real", ["float64", "float32"])
def test_twins_have_no_factor_and_stay_twins(real):
    ways = Ways(load_spec(merged(TWINS, {"simulate": {"precision": real}})), 8)
    for _ in range(20):
        assert not ways.renew()
        assert ways.movers[0](ways.states[0], 8)
    Q = ways.overlaps()[0][0]
    assert np.isfinite(Q).all()
    np.testing.assert_allclose([Q[0, 0], Q[0, 1], Q[0, 2]], [Q[1, 1], Q[0, 0], Q[1, 2]], rtol=1e3 * TOLERANCE[real])


@pytest.mark.parametrize("steps", [8, 5])
def test_a_block_that_ends_without_a_factor_ends_in_rows(steps, monkeypatch):
    """The overlaps are lost, on purpose: the block is finished with rows that are added, as the loops do."""
    ways = Ways(experiment(MANY), 8)
    assert ways.renew()
    ways.states[0].beside[0, 0] = -1e6
    for move, state in zip(ways.movers, ways.states, strict=True):
        assert move(state, steps)
    state = ways.states[0]
    assert np.isnan(state.beside[0, 0])
    assert state.m == 3 + steps
    for one, other in zip(*ways.overlaps(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)
    for _ in range(4):
        assert ways.movers[0](state, 8)
    assert state.m == 3
    assert state.beside[0, 0] > 0.0


def test_a_factor_of_round_off_is_none():
    R = np.diag([1.0, 1e-6, 1.0])
    assert is_regular(R, R.T @ R)
    assert not is_regular(np.diag([1.0, 1e-8, 1.0]), np.eye(3))
    assert not is_regular(np.diag([1.0, np.nan, 1.0]), np.eye(3))


def test_a_run_of_many_neurons_goes_on_from_what_is_kept():
    """Bit by bit: all of the state is in the arrays that a checkpoint holds."""
    spec = load_spec(
        {
            "dimension": 400,
            "teacher": {"width": 2},
            "student": {"width": 64},
            "learning_rate": 0.5,
            "time": {"stop": 0.05, "points": 3},
            "simulate": {"seeds": 1},
        }
    )
    assert simulate(spec).attributes["block_size"] == 32
    ways = Ways(spec, 32)
    one, move = ways.states[0], ways.movers[0]
    other = begin(ways.schemes[0], start(build(spec)), np.random.Generator(np.random.SFC64(5)))
    assert move(one, 320)
    for _ in range(10):
        assert mover(ways.schemes[0])(other, 32)
    for name in ("W", "beside", "a"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
