"""One run of SGD: what does not change in it, its state, and how the state moves on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgdode.jit.units import address, residual_address
from sgdode.model.clock import Clock
from sgdode.model.learning import SQUARED
from sgdode.model.problem import Problem
from sgdode.model.record import Record
from sgdode.model.start_laws import Start
from sgdode.simulation import explicit, large, small
from sgdode.simulation.rule import IN_PLACE, Rule
from sgdode.simulation.step import Sizes, Target, Weights, Workspace

Array = NDArray[np.float64]
Real = NDArray[Any]
#: Sizes of fields or steps beyond which a run counts as diverged: their squares must stay finite.
LIMITS = {"float64": 1e100, "float32": 1e15}
_LABELS = 16


@dataclass
class State:
    """A run at ``step``: all that is needed to go on, bit by bit.

    exact: ``W`` (r + capacity, p) as in ``sgdode.simulation.small``, ``m`` of its rows beyond the first r in use, and
    ``inverse`` (p,p) of those where they are p and have one, as in ``sgdode.simulation.rank_one`` (NaN before, (0,0)
    where it is not used); explicit: ``W`` (p,d) the weights, ``m`` = d − r. ``a`` (p,) the output weights.
    """

    W: Real
    m: int
    inverse: Real
    a: Array
    rng: np.random.Generator
    step: int = 0

    def kept(self) -> tuple[Any, ...]:
        """All of it, for :meth:`put_back`."""
        return self.W.copy(), self.m, self.inverse.copy(), self.a.copy(), self.rng.bit_generator.state, self.step

    def put_back(self, kept: tuple[Any, ...]) -> None:
        """Be as it was."""
        self.W, self.m, self.inverse, self.a, self.rng.bit_generator.state, self.step = kept


@dataclass(frozen=True)
class Sampling(Record):
    """How SGD is simulated: ``seeds`` independent runs, of which run j draws from child j of ``seed``; ``method``
    exact or explicit; ``precision`` float64 or float32 of the weights."""

    seed: int = 0
    seeds: int = 8
    method: str = "exact"
    precision: str = "float64"


@dataclass(frozen=True)
class Scheme:
    """What does not change in a run. ``L`` (k,r) teachers' coordinates; ``capacity``: rows of W beyond r; ``block``:
    steps at once; ``ahead``: steps whose labels are drawn at once, a multiple of it; ``wide``: in matrix products
    rather than loops."""

    problem: Problem
    rule: Rule
    L: Array
    capacity: int
    block: int
    ahead: int
    wide: bool
    explicit: bool
    real: str

    @property
    def d(self) -> int:
        """The dimension of the inputs."""
        return int(self.problem.d)

    @property
    def p(self) -> int:
        """The width of the student."""
        return int(self.problem.p)

    @property
    def a_star(self) -> Array:
        """The teachers' output weights (k,)."""
        return self.problem.teacher.a

    @property
    def clock(self) -> Clock:
        """t against the steps."""
        return self.problem.clock

    @property
    def whole(self) -> int:
        """Steps whose random numbers are drawn at once, from multiples of it on: what is saved between two of these
        changes no path."""
        return 1 if self.explicit else self.ahead

    @property
    def rank(self) -> int:
        """r, the number of dimensions that the teachers span."""
        return int(self.L.shape[1])

    @property
    def dimension(self) -> float:
        """D = d − r."""
        return float(self.d - self.rank)


def planned(
    problem: Problem, start: Start, sampling: Sampling, block: int | None = None, wide: bool | None = None
) -> Scheme:
    """How a problem is simulated from its start. ``block`` and ``wide`` override the measured rule (for tests)."""
    L, p, d, learning = start.overlaps.L, int(problem.p), int(problem.d), problem.rule
    student, teacher = problem.activations
    rule = Rule(
        IN_PLACE if learning.loss is SQUARED else residual_address(learning.loss),
        student.gain,
        teacher.gain,
        problem.teacher.noise**0.5,
        learning.train_output,
        learning.decay,
        learning.batch,
        learning.spherical,
        LIMITS[sampling.precision],
    )
    best_wide, best_block = best(p, L.shape[1], d, learning.batch)
    # blocks of one step leave nothing else to do together than their labels
    ahead = block or (best_block if best_block > 1 else max(1, _LABELS // learning.batch))
    block = block or best_block
    capacity = 2 * p + (min(block * learning.batch, p) if block == 1 else block * learning.batch)
    return Scheme(
        problem,
        rule,
        L,
        min(capacity, d - L.shape[1]),
        block,
        ahead,
        best_wide if wide is None else wide,
        sampling.method == "explicit",
        sampling.precision,
    )


def best(p: int, r: int, d: int, batch: int) -> tuple[bool, int]:
    """(wide, block): how a size runs fastest, from its p, r, d and batch alone.

    Loops, one step at a time, where the weights are few (fewer where they are to be factorised, D > 2p); else blocks of
    64 samples, 128 for large p, in matrix products. Measured on one and two cores (experiments/bench.py).
    """
    plain = d - r <= 2 * p
    rows = d if plain else r + (p if batch == 1 else 2 * p)
    if rows <= 16 or p * rows <= (24576 if plain else 8192):
        return False, 1
    return True, max(1, (64 if p < 512 else 128) // batch)


def begin(scheme: Scheme, start: Start, rng: np.random.Generator) -> State:
    """The state at step 0."""
    overlaps, r, m = start.overlaps, scheme.rank, start.overlaps.B.shape[1]
    if scheme.explicit:
        W = np.zeros((scheme.p, scheme.d), scheme.real)
        W[:, :r], W[:, r : r + m] = overlaps.A * scheme.d**0.5, overlaps.B * scheme.d**0.5
        return State(W, scheme.d - r, np.empty((0, 0), scheme.real), start.a.copy(), rng)
    W = np.zeros((r + scheme.capacity, scheme.p), scheme.real)
    W[:r], W[r : r + m] = overlaps.A.T, overlaps.B.T
    if scheme.dimension <= scheme.capacity:
        m = scheme.capacity
    inverse = np.full((0, 0) if scheme.wide else (scheme.p, scheme.p), np.nan, scheme.real)
    return State(W, m, inverse, start.a.copy(), rng)


Mover = Callable[[State, int], bool]


def mover(scheme: Scheme) -> Mover:
    """``move(state, steps)``: that many steps of SGD, in place. False where the run diverged on the way; state.step is
    then the last step before. Owns its room to work in: one mover per thread."""
    return _explicit(scheme) if scheme.explicit else _exact(scheme)


def _kernel(scheme: Scheme) -> Callable[..., Any]:
    """The code of the steps; compiled, which takes 15 s, where it is called for the first time on a machine.

    In the threads of the runs: an exception that a signal raises in the main thread could be lost in the compiler.
    """
    if scheme.explicit:
        return explicit.plain_steps(scheme.real)
    return large.steps_in_products if scheme.wide else small.steps_in_loops(scheme.real)


def _workspace(scheme: Scheme) -> Workspace:
    """Room for the blocks of a run."""
    p, k, n = scheme.p, len(scheme.a_star), scheme.block * scheme.rule.batch
    samples = scheme.ahead * scheme.rule.batch
    rows = scheme.rank + scheme.capacity
    outside = n if scheme.block > 1 else min(n, p)
    inputs, T, C = (np.empty(shape, scheme.real) for shape in ((samples, rows), (outside, outside), (n, p)))
    gram = np.empty((n if scheme.block > 1 else 1, n), scheme.real)
    R = np.empty((0, 0) if scheme.wide else (p, p))
    return Workspace(inputs, T, C, gram, R, np.zeros((9, max(p, rows, n))), np.zeros((4, samples * k)))


def _exact(scheme: Scheme) -> Mover:
    L = np.ascontiguousarray(scheme.L, scheme.real)
    target = Target(address(scheme.problem.teacher.activation), L, scheme.a_star)
    sizes = Sizes(scheme.dimension, scheme.block, scheme.ahead)
    student, workspace, take_steps = address(scheme.problem.student.activation), _workspace(scheme), _kernel(scheme)

    def move(state: State, steps: int) -> bool:
        dt = scheme.clock.step_sizes(state.step, steps)
        weights = Weights(state.W, state.inverse, state.a)
        state.m, done = take_steps(student, target, scheme.rule, state.rng, dt, sizes, weights, state.m, workspace)
        state.step += done
        return bool(done == steps)

    return move


def _explicit(scheme: Scheme) -> Mover:
    W_star = np.zeros((len(scheme.a_star), scheme.d))
    W_star[:, : scheme.rank] = scheme.L * scheme.d**0.5
    target = Target(address(scheme.problem.teacher.activation), W_star, scheme.a_star)
    gradient = np.empty((scheme.p, scheme.d), scheme.real)
    student, take_steps = address(scheme.problem.student.activation), _kernel(scheme)
    x, room = np.empty(scheme.d), np.empty((7, max(scheme.p, len(scheme.a_star))))

    def move(state: State, steps: int) -> bool:
        dt = scheme.clock.step_sizes(state.step, steps)
        done = take_steps(student, target, scheme.rule, state.rng, dt, state.W, gradient, state.a, x, room)
        state.step += done
        return bool(done == steps)

    return move


def overlaps_of(scheme: Scheme, state: State) -> tuple[Array, Array, Array]:
    """Q (p,p), M (p,k) and q = diag Q⊥ (p,) of a state, in float64."""
    r = scheme.rank
    if scheme.explicit:
        W = np.asarray(state.W.T, dtype=float) / scheme.d**0.5
    else:
        W = np.asarray(state.W[: r + state.m], dtype=float)
    Q = W.T @ W
    return (Q + Q.T) / 2, W[:r].T @ scheme.L.T, np.asarray((W[r:] ** 2).sum(axis=0))
