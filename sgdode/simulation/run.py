"""One run of SGD: what does not change in it, its state, and how the state moves on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgdode.jit.units import Unit, unit
from sgdode.model.clock import Clock, clock
from sgdode.model.starts import Start
from sgdode.simulation import explicit
from sgdode.simulation import large as wide
from sgdode.simulation import small as directions
from sgdode.simulation import step as sgd
from sgdode.simulation.normals import words
from sgdode.spec.schema import Spec

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


@dataclass(frozen=True)
class Problem:
    """What does not change in a run. ``L`` (k,r) teachers' coordinates; ``capacity``: rows of W beyond r; ``block``:
    steps at once; ``ahead``: steps whose labels are drawn at once, a multiple of it; ``wide``: in matrix products
    rather than loops."""

    student: Unit
    teacher: Unit
    rule: sgd.Rule
    clock: Clock
    L: Array
    a_star: Array
    d: int
    p: int
    capacity: int
    block: int
    ahead: int
    wide: bool
    explicit: bool
    real: str

    @property
    def rank(self) -> int:
        """r, the number of dimensions that the teachers span."""
        return int(self.L.shape[1])

    @property
    def dimension(self) -> float:
        """D = d − r."""
        return float(self.d - self.rank)


def problem(spec: Spec, start: Start, block: int | None = None, wide: bool | None = None) -> Problem:
    """What a spec and its start ask for. ``block`` and ``wide`` override the measured rule (for tests)."""
    L, p, d = start.overlaps.L, int(spec.p), int(spec.d)
    student, teacher = unit(spec, spec.student.activation), unit(spec, spec.teacher.activation)
    rule = sgd.Rule(
        student.gain,
        teacher.gain,
        spec.teacher.noise**0.5,
        spec.student.train_output,
        spec.weight_decay,
        spec.batch_size,
        spec.constraint == "spherical",
        LIMITS[spec.simulate.precision],
    )
    best_wide, best_block = best(p, L.shape[1], d, spec.batch_size)
    # blocks of one step leave nothing else to do together than their labels
    ahead = block or (best_block if best_block > 1 else max(1, _LABELS // spec.batch_size))
    block = block or best_block
    capacity = 2 * p + (min(block * spec.batch_size, p) if block == 1 else block * spec.batch_size)
    return Problem(
        student,
        teacher,
        rule,
        clock(spec),
        L,
        np.array(spec.teacher_output_weights, dtype=float),
        d,
        p,
        min(capacity, d - L.shape[1]),
        block,
        ahead,
        best_wide if wide is None else wide,
        spec.simulate.method == "explicit",
        spec.simulate.precision,
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


def begin(problem: Problem, start: Start, rng: np.random.Generator) -> State:
    """The state at step 0."""
    overlaps, r, m = start.overlaps, problem.rank, start.overlaps.B.shape[1]
    if problem.explicit:
        W = np.zeros((problem.p, problem.d), problem.real)
        W[:, :r], W[:, r : r + m] = overlaps.A * problem.d**0.5, overlaps.B * problem.d**0.5
        return State(W, problem.d - r, np.empty((0, 0), problem.real), start.a.copy(), rng)
    W = np.zeros((r + problem.capacity, problem.p), problem.real)
    W[:r], W[r : r + m] = overlaps.A.T, overlaps.B.T
    if problem.dimension <= problem.capacity:
        m = problem.capacity
    inverse = np.full((0, 0) if problem.wide else (problem.p, problem.p), np.nan, problem.real)
    return State(W, m, inverse, start.a.copy(), rng)


Mover = Callable[[State, int], bool]


def mover(problem: Problem) -> Mover:
    """``move(state, steps)``: that many steps of SGD, in place. False where the run diverged on the way; state.step is
    then the last step before. Owns its room to work in: one mover per thread."""
    return _explicit(problem) if problem.explicit else _exact(problem)


def _kernel(problem: Problem) -> Any:
    """The code of the steps; compiled, which takes 15 s, where it is called for the first time on a machine.

    In the threads of the runs: an exception that a signal raises in the main thread could be lost in the compiler.
    """
    if problem.explicit:
        return explicit.advance(problem.real)
    return wide.advance if problem.wide else directions.advance(problem.real)


def _exact(problem: Problem) -> Mover:
    p, k, n = problem.p, len(problem.a_star), problem.block * problem.rule.batch
    samples = problem.ahead * problem.rule.batch
    rows = problem.rank + problem.capacity
    outside = n if problem.block > 1 else min(n, p)
    L = np.ascontiguousarray(problem.L, problem.real)
    tables = [np.empty(shape, problem.real) for shape in ((samples, rows), (outside, outside), (n, p))]
    gram = np.empty((n if problem.block > 1 else 1, n), problem.real)
    R = np.empty((0, 0) if problem.wide else (p, p))
    room, labels = np.zeros((9, max(p, rows, n))), np.zeros((4, samples * k))
    advance = _kernel(problem)

    def move(state: State, steps: int) -> bool:
        dt = problem.clock.step_sizes(state.step, steps)
        functions: tuple[Any, ...] = (problem.student.address, problem.teacher.address)
        fixed: tuple[Any, ...] = (problem.rule, state.rng, words(state.rng), L, problem.a_star, dt)
        moving: tuple[Any, ...] = (state.W, state.m, problem.dimension, state.a)
        steps_at_once: tuple[Any, ...] = (problem.block, problem.ahead)
        state.m, done = advance(
            *functions, *fixed, *moving, *steps_at_once, state.inverse, *tables, gram, R, room, labels
        )
        state.step += done
        return bool(done == steps)

    return move


def _explicit(problem: Problem) -> Mover:
    W_star = np.zeros((len(problem.a_star), problem.d))
    W_star[:, : problem.rank] = problem.L * problem.d**0.5
    gradient = np.empty((problem.p, problem.d), problem.real)
    advance = _kernel(problem)
    x, room = np.empty(problem.d), np.empty((7, max(problem.p, len(problem.a_star))))

    def move(state: State, steps: int) -> bool:
        dt = problem.clock.step_sizes(state.step, steps)
        functions = (problem.student.address, problem.teacher.address)
        done = advance(
            *(*functions, problem.rule, state.rng, W_star, problem.a_star, dt, state.W, gradient, state.a, x, room)
        )
        state.step += done
        return bool(done == steps)

    return move


def overlaps(problem: Problem, state: State) -> tuple[Array, Array, Array]:
    """Q (p,p), M (p,k) and q = diag Q⊥ (p,) of a state, in float64."""
    r = problem.rank
    if problem.explicit:
        W = np.asarray(state.W.T, dtype=float) / problem.d**0.5
    else:
        W = np.asarray(state.W[: r + state.m], dtype=float)
    Q = W.T @ W
    return (Q + Q.T) / 2, W[:r].T @ problem.L.T, np.asarray((W[r:] ** 2).sum(axis=0))
