"""One run of SGD: what does not change in it, its state, and how the state moves on."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from sgdode.jit.units import address, residual_address
from sgdode.model.clock import Clock
from sgdode.model.extra_rows import step_maps
from sgdode.model.learning import SQUARED
from sgdode.model.problem import Problem
from sgdode.model.record import Record
from sgdode.model.start_laws import Start
from sgdode.simulation import explicit, explicit_rows, rows, small
from sgdode.simulation.columns import Updates
from sgdode.simulation.rows import Moves
from sgdode.simulation.rule import IN_PLACE, Rule
from sgdode.simulation.step import Sizes, Target, Weights, Workspace

if TYPE_CHECKING:
    from sgdode.simulation.leap_run import LeapScheme

Array = NDArray[np.float64]
Real = NDArray[Any]
#: Sizes of fields or steps beyond which a run counts as diverged: their squares must stay finite.
LIMITS = {"float64": 1e100, "float32": 1e15}
_LABELS = 16
#: How blocks are computed: in loops (``small``), in matrix products with rows that are added (``large``), or within p
#: rows (``factored``).
Way = Literal["loops", "rows", "factor"]
#: The p from which on matrix products within p rows take two thirds of what loops take, or less.
_FACTOR_FROM = 32


@dataclass
class State:
    """A run at ``step``: all that is needed to go on, bit by bit.

    Where inputs have blocks, see ``sgdode.simulation.block_run``; else,
    exact: ``W`` (r + capacity, p) as in ``sgdode.simulation.small``, or (r + capacity, q p) as in
    ``sgdode.simulation.rows``, ``m`` of its rows beyond the first r in use, and ``beside`` (p,p) or (q p, q p) the
    inverse of those where they are as many, as in ``sgdode.simulation.rank_one``, or their overlaps, as in
    ``sgdode.simulation.factored`` (NaN where there is none, (0,0) where it is not used, as in leaps); explicit:
    ``W`` (p,d) the weights, or (q p, d) all rows, ``m`` = d − r. ``a`` (p,) the output weights.
    """

    W: Real
    m: Any
    beside: Real
    a: Array
    rng: np.random.Generator
    step: int = 0

    def kept(self) -> tuple[Any, ...]:
        """All of it, for :meth:`put_back`."""
        arrays = self.W.copy(), copy(self.m), self.beside.copy(), self.a.copy()
        return *arrays, self.rng.bit_generator.state, self.step

    def put_back(self, kept: tuple[Any, ...]) -> None:
        """Be as it was."""
        self.W, self.m, self.beside, self.a, self.rng.bit_generator.state, self.step = kept


@dataclass(frozen=True)
class Leaping(Record):
    """The relative change in one leap, and the ``samples`` that are drawn in it; see ``sgdode.simulation.leap``."""

    tolerance: float = 0.1
    samples: int = 8


@dataclass(frozen=True)
class Sampling(Record):
    """How SGD is simulated: ``seeds`` independent runs, of which run j draws from child j of ``seed``; ``method``
    exact, explicit or leap; ``precision`` float64 or float32 of the weights; ``leaping``: how long leaps are."""

    seed: int = 0
    seeds: int = 8
    method: str = "exact"
    precision: str = "float64"
    leaping: Leaping = Leaping()


@dataclass(frozen=True)
class Scheme:
    """What does not change in a run. ``L`` (k,r) teachers' coordinates; ``capacity``: rows of W beyond r; ``block``:
    steps at once; ``ahead``: steps whose labels are drawn at once, a multiple of it; ``way``: see ``Way``."""

    problem: Problem
    rule: Rule
    L: Array
    capacity: int
    block: int
    ahead: int
    way: Way
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
    def columns(self) -> int:
        """q p: the rows that the rule keeps, W and others."""
        return self.p * (1 + len(self.problem.rule.rows))

    @property
    def a_star(self) -> Array:
        """The teachers' output weights (k,)."""
        return self.problem.teacher.a

    @property
    def threaded(self) -> bool:
        """Whether its matrix products are so large that several threads are of use; for smaller ones they only wait."""
        return self.way == "rows" or (self.way == "factor" and self.p >= 512)

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
    def most(self) -> int:
        """The most rows that m may count."""
        return self.d - self.rank if self.explicit else self.capacity

    @property
    def dimension(self) -> float:
        """D = d − r."""
        return float(self.d - self.rank)


def planned(
    problem: Problem, start: Start, sampling: Sampling, block: int | None = None, way: Way | None = None
) -> Scheme:
    """How a problem is simulated from its start. ``block`` and ``way`` override the measured rule (for tests)."""
    L, p, d, learning = start.overlaps.L, int(problem.p), int(problem.d), problem.rule
    rule = step_rule(problem, sampling.precision)
    if not learning.keeps_kernels:
        return _planned_in_rows(problem, rule, L, sampling)
    best_way, best_block = best(p, L.shape[1], d, learning.batch)
    # blocks of one step leave nothing else to do together than their labels
    ahead = block or (best_block if best_block > 1 else max(1, _LABELS // learning.batch))
    block = block or best_block
    capacity = 2 * p + (min(block * learning.batch, p) if block == 1 else block * learning.batch)
    way = way or best_way
    return Scheme(
        problem,
        rule,
        L,
        min(capacity, d - L.shape[1]),
        block,
        ahead,
        "rows" if way == "factor" and d - L.shape[1] <= capacity else way,
        sampling.method == "explicit",
        sampling.precision,
    )


def _planned_in_rows(problem: Problem, rule: Rule, L: Array, sampling: Sampling) -> Scheme:
    """For rules with more rows than W, or other columns than SGD's: one step at a time, in loops."""
    columns, batch = int(problem.p) * (1 + len(problem.rule.rows)), rule.batch
    capacity = min(2 * columns + min(batch, columns), int(problem.d) - L.shape[1])
    explicit, ahead = sampling.method == "explicit", max(1, _LABELS // batch)
    return Scheme(problem, rule, L, capacity, 1, ahead, "loops", explicit, sampling.precision)


def step_rule(problem: Problem, precision: str) -> Rule:
    """The numbers of a step."""
    learning, (student, teacher) = problem.rule, problem.activations
    return Rule(
        IN_PLACE if learning.loss is SQUARED else residual_address(learning.loss),
        student.gain,
        teacher.gain,
        problem.teacher.noise**0.5,
        learning.train_output,
        learning.decay,
        learning.batch,
        learning.spherical,
        LIMITS[precision],
        learning.size,
    )


def best(p: int, r: int, d: int, batch: int) -> tuple[Way, int]:
    """(way, block): how a size runs fastest, from its p, r, d and batch alone.

    Loops, one step at a time, where the weights are few: fewer where the rows of W lie in the same lines of the cache.
    In many dimensions matrix products within p rows, in blocks of 3p/8 samples. Else, or where a batch fills a block,
    matrix products with rows that are added, in blocks of 64 samples, 128 for large p.
    Measured on one core (experiments/bench.py).
    """
    plain = d - r <= 2 * p
    samples = 16 * min(max(2, round(3 * p / 128)), 14)
    if not plain and p >= _FACTOR_FROM and 2 * batch <= samples:
        return "factor", samples // batch
    rows = d if plain else r + (p if batch == 1 else 2 * p)
    few = 8192 if not plain else 6144 if p % 32 == 0 else 24576
    if rows <= 16 or p * rows <= few:
        return "loops", 1
    return "rows", max(1, (64 if p < 512 else 128) // batch)


def begin(scheme: Scheme, start: Start, rng: np.random.Generator) -> State:
    """The state at step 0."""
    overlaps, r, m = start.overlaps, scheme.rank, start.overlaps.B.shape[1]
    if scheme.explicit:
        W = np.zeros((scheme.columns, scheme.d), scheme.real)
        W[: scheme.p, :r], W[: scheme.p, r : r + m] = overlaps.A * scheme.d**0.5, overlaps.B * scheme.d**0.5
        _begin_rows(scheme, W)
        return State(W, scheme.d - r, np.empty((0, 0), scheme.real), start.a.copy(), rng)
    W = np.zeros((r + scheme.capacity, scheme.columns), scheme.real)
    W[:r, : scheme.p], W[r : r + m, : scheme.p] = overlaps.A.T, overlaps.B.T
    _begin_rows(scheme, W.T)
    if scheme.dimension <= scheme.capacity:
        m = scheme.capacity
    beside = np.full((0, 0) if scheme.way == "rows" else (scheme.columns,) * 2, np.nan, scheme.real)
    return State(W, m, beside, start.a.copy(), rng)


def _begin_rows(scheme: Scheme, V: Real) -> None:
    """The rows beside W in V (q p, ·) at step 0: as W, or 0."""
    for at, row in enumerate(scheme.problem.rule.rows, 1):
        if row.copies:
            V[at * scheme.p : (at + 1) * scheme.p] = V[: scheme.p]


Mover = Callable[[State, int], bool]


def mover(scheme: Scheme) -> Mover:
    """``move(state, steps)``: that many steps of SGD, in place. False where the run diverged on the way; state.step is
    then the last step before. Owns its room to work in: one mover per thread."""
    if not scheme.problem.rule.keeps_kernels:
        return _of_rows(scheme)
    return _explicit(scheme) if scheme.explicit else _exact(scheme)


def _kernel(scheme: Scheme) -> Callable[..., Any]:
    """The code of the steps; compiled, which takes 15 s, where it is called for the first time on a machine.

    In the threads of the runs: an exception that a signal raises in the main thread could be lost in the compiler.
    """
    if scheme.explicit:
        return explicit.plain_steps(scheme.real)
    if scheme.way == "loops":
        return small.steps_in_loops(scheme.real)
    from sgdode.simulation import large  # and with it all of SciPy's linear algebra

    if scheme.way == "factor":
        return large.steps_with_factor(scheme.real, scheme.rank, scheme.p, scheme.block, scheme.rule.batch)
    return large.steps_in_products


def _workspace(scheme: Scheme) -> Workspace:
    """Room for the blocks of a run."""
    p, k, n = scheme.columns, len(scheme.a_star), scheme.block * scheme.rule.batch
    samples = scheme.ahead * scheme.rule.batch
    rows = scheme.rank + scheme.capacity
    outside = n if scheme.block > 1 or scheme.problem.rule.repeat > 1 else min(n, p)
    inputs, T, C = (np.empty(shape, scheme.real) for shape in ((samples, rows), (outside, outside), (n, p)))
    several = scheme.block > 1 or scheme.problem.rule.repeat > 1
    gram = np.empty((n if several else 1, n), scheme.real)
    R = np.empty((p, p) if scheme.way == "loops" else (0, 0))
    return Workspace(inputs, T, C, gram, R, np.zeros((9, max(p, rows, n))), np.zeros((4, samples * k)))


def _exact(scheme: Scheme) -> Mover:
    L = np.ascontiguousarray(scheme.L, scheme.real)
    target = Target(address(scheme.problem.teacher.activation), L, scheme.a_star)
    sizes = Sizes(scheme.dimension, scheme.block, scheme.ahead)
    student, workspace, take_steps = address(scheme.problem.student.activation), _workspace(scheme), _kernel(scheme)

    def move(state: State, steps: int) -> bool:
        dt = scheme.clock.step_sizes(state.step, steps)
        weights = Weights(state.W, state.beside, state.a)
        state.m, done = take_steps(student, target, scheme.rule, state.rng, dt, sizes, weights, state.m, workspace)
        state.step += done
        return bool(done == steps)

    return move


def _explicit_inputs(scheme: Scheme) -> tuple[Target, explicit.Inputs]:
    """The teacher and the law of the inputs in d dimensions."""
    W_star = np.zeros((len(scheme.a_star), scheme.d))
    W_star[:, : scheme.rank] = scheme.L * scheme.d**0.5
    target = Target(address(scheme.problem.teacher.activation), W_star, scheme.a_star)
    return target, explicit.Inputs(np.full(scheme.d, scheme.d**0.5), np.empty(0), *explicit.AT_REST, explicit.STEADY)


def _explicit(scheme: Scheme) -> Mover:
    target, inputs = _explicit_inputs(scheme)
    gradient = np.empty((scheme.p, scheme.d), scheme.real)
    student, take_steps = address(scheme.problem.student.activation), _kernel(scheme)
    x, room = np.empty(scheme.d), np.empty((7, max(scheme.p, len(scheme.a_star))))

    def move(state: State, steps: int) -> bool:
        dt = scheme.clock.step_sizes(state.step, steps)
        done = take_steps(student, target, scheme.rule, state.rng, dt, inputs, state.W, gradient, state.a, x, room)
        state.step += done
        return bool(done == steps)

    return move


def _of_rows(scheme: Scheme) -> Mover:
    """For rules with more rows than W, or other columns than SGD's."""
    learning, p, n, q = scheme.problem.rule, scheme.p, scheme.rule.batch, scheme.columns // scheme.p
    feedback = np.array(learning.feedback, dtype=float)
    columns = Updates(feedback, 1.0 - learning.dropout, learning.repeat, np.empty((n, p)))
    fields, sums, inverse, old = np.empty((n, p)), np.zeros((n, p)), np.empty((q, q)), np.empty(q + n)
    per_step, take_steps = n / scheme.d, _steps_of_rows(scheme)

    def move(state: State, steps: int) -> bool:
        dt = scheme.clock.step_sizes(state.step, steps)
        maps, forcing = step_maps(learning, per_step, state.step, dt)
        own = columns if learning.feedback else columns._replace(lead=state.a)
        state.m, done = take_steps(state, own, dt, Moves(maps, forcing, inverse, fields, sums, old))
        state.step += done
        return bool(done == steps)

    return move


def _steps_of_rows(scheme: Scheme) -> Callable[[State, Updates, Array, Moves], tuple[int, int]]:
    """``steps(state, columns, dt, moves)``: the new m and the steps done, by the kernel of ``rows`` or its twin."""
    units = [address(unit) for unit in scheme.problem.activations]
    if scheme.explicit:
        plain = explicit_rows.plain_steps_of_rows(scheme.real)
        given = _explicit_inputs(scheme)
        work = np.empty((scheme.p, scheme.d), scheme.real)
        samples, room = np.empty((scheme.rule.batch, scheme.d)), np.empty((9, max(scheme.p, len(scheme.a_star))))
        bench = explicit_rows.Bench(work, samples, room)

        def explicitly(state: State, columns: Updates, dt: Array, moves: Moves) -> tuple[int, int]:
            target, inputs = given
            fixed = units[0], target, scheme.rule, columns, moves, state.rng, dt, inputs
            return state.m, plain(*fixed, state.W, state.a, bench)

        return explicitly
    target = Target(units[1], np.ascontiguousarray(scheme.L, scheme.real), scheme.a_star)
    sizes, steps = Sizes(scheme.dimension, 1, scheme.ahead), rows.steps_of_rows(scheme.real)
    workspace = _workspace(scheme)

    def exactly(state: State, columns: Updates, dt: Array, moves: Moves) -> tuple[int, int]:
        weights = Weights(state.W, state.beside, state.a)
        fixed = units[0], target, scheme.rule, columns, moves, state.rng, dt, sizes
        m, done = steps(*fixed, weights, state.m, workspace)
        return m, done

    return exactly


def overlaps_of(scheme: Scheme | LeapScheme, state: State, group: int = 0) -> tuple[Array, Array, Array]:
    """Q (p,p), M (p,k) and q = diag Q⊥ (p,) of a state, in float64: of W, or of another ``group`` of rows."""
    r, p = scheme.rank, state.a.size
    own = slice(group * p, (group + 1) * p)
    if scheme.explicit:
        W = np.asarray(state.W[own].T, dtype=float) / float(scheme.problem.d) ** 0.5
    else:
        W = np.asarray(state.W[: r + state.m, own], dtype=float)
    Q = W.T @ W
    return (Q + Q.T) / 2, W[:r].T @ scheme.L.T, np.asarray((W[r:] ** 2).sum(axis=0))
