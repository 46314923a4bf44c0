"""One run of SGD where inputs have blocks: what does not change in it, its state, and how the state moves on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sgdode.errors import Defect, SpecError
from sgdode.jit.units import address
from sgdode.model.clock import Clock
from sgdode.model.problem import Problem, Teacher
from sgdode.model.start_laws import Start
from sgdode.simulation import blocks, explicit
from sgdode.simulation.rule import Rule
from sgdode.simulation.run import Array, Mover, Sampling, State, step_rule
from sgdode.simulation.step import Target

#: A switch this much of a step after it is that step.
_SAME_STEP = 1e-6


@dataclass(frozen=True)
class BlockScheme:
    """What does not change in a run. ``ranks`` r_b and ``dimensions`` D_b = d_b − r_b of the blocks; ``rows``: of W[b]
    in the exact method; one step at a time.

    The state of the exact method has ``W`` (B · rows, p), the rows of one block after the other, ``m`` (B,) and
    ``beside`` (B · p, p); that of the explicit one is as without blocks, coordinates in the order of the blocks, and
    where teachers drift W has more rows: their directions, as in ``sgdode.simulation.explicit``.
    """

    problem: Problem
    start: Start
    rule: Rule
    ranks: tuple[int, ...]
    dimensions: tuple[float, ...]
    rows: int
    explicit: bool
    real: str
    block: int = 1
    ahead: int = 1

    @property
    def threaded(self) -> bool:
        """Whether several threads are of use: its matrix products are small."""
        return False

    @property
    def whole(self) -> int:
        """Steps whose random numbers are drawn at once."""
        return 1

    @property
    def p(self) -> int:
        """The width of the student."""
        return int(self.problem.p)

    @property
    def d(self) -> int:
        """The dimension of the inputs."""
        return int(self.problem.d)

    @property
    def clock(self) -> Clock:
        """t against the steps."""
        return self.problem.clock

    @property
    def eigenvalues(self) -> Array:
        """c_b (B,)."""
        return np.array(self.problem.inputs.eigenvalues)

    @property
    def sphere(self) -> Array:
        """w_b (B,)."""
        return np.array(self.problem.rule.sphere(self.problem.inputs.eigenvalues))

    @property
    def most(self) -> int:
        """The most rows in use that a block may have beyond its teachers."""
        return self.rows


def planned_by_block(problem: Problem, start: Start, sampling: Sampling) -> BlockScheme:
    """How a problem whose inputs have blocks is simulated from its start."""
    p, ranks = int(problem.p), tuple(block.L.shape[1] for block in start.blocks)
    room = problem.inputs.dimensions(problem.d)
    dimensions = tuple(size - r for size, r in zip(room, ranks, strict=True))
    capacity = 2 * p + min(problem.rule.batch, p)
    rows = max(r + int(min(capacity, D)) for r, D in zip(ranks, dimensions, strict=True))
    rule = step_rule(problem, sampling.precision)
    is_explicit = sampling.method == "explicit"
    _refuse_narrow(problem, ranks, dimensions)
    return BlockScheme(problem, start, rule, ranks, dimensions, rows, is_explicit, sampling.precision)


def _refuse_narrow(problem: Problem, ranks: tuple[int, ...], dimensions: tuple[float, ...]) -> None:
    """Refuse teachers that drift at constant length in blocks that have no room for it."""
    narrow = [b for b, (r, D) in enumerate(zip(ranks, dimensions, strict=True)) if r > D]
    if problem.teacher.drift and narrow:
        b = narrow[0]
        reason = (
            f"block {b} has {ranks[b] + dimensions[b]:g} dimensions, which {ranks[b]} directions of teachers cannot "
            "leave at constant length: it takes twice as many; use fewer, or lower inputs.bins"
        )
        raise SpecError([Defect("", "teacher.drift", reason)])


def begin_by_block(scheme: BlockScheme, start: Start, rng: np.random.Generator) -> State:
    """The state at step 0."""
    B, p, a = len(scheme.ranks), scheme.p, start.a.copy()
    if scheme.explicit:
        directions = max(scheme.ranks) if scheme.problem.teacher.drift else 0
        W = np.zeros((p + directions, scheme.d), scheme.real)
        for first, block in zip(_firsts(scheme), start.blocks, strict=True):
            w = np.hstack([block.A, block.B]) * scheme.d**0.5
            W[:p, first : first + w.shape[1]] = w
            if directions:
                W[p : p + block.L.shape[1], first : first + block.L.shape[1]] = np.eye(block.L.shape[1]) * scheme.d**0.5
        return State(W, 0, np.empty((0, 0), scheme.real), a, rng)
    W, m = np.zeros((B, scheme.rows, p), scheme.real), np.zeros(B, np.int64)
    for b, (block, r, D) in enumerate(zip(start.blocks, scheme.ranks, scheme.dimensions, strict=True)):
        used = block.B.shape[1]
        W[b, :r], W[b, r : r + used] = block.A.T, block.B.T
        m[b] = D if r + D <= scheme.rows else used
    inverse = np.full((B * p, p), np.nan, scheme.real)
    return State(W.reshape(B * scheme.rows, p), m, inverse, a, rng)


def mover_by_block(scheme: BlockScheme) -> Mover:
    """``move(state, steps)``: that many steps of SGD, in place; see ``sgdode.simulation.run.mover``."""
    return _explicit(scheme) if scheme.explicit else _exact(scheme)


def measured_by_block(scheme: BlockScheme, state: State) -> dict[str, Array]:
    """Q and M of the fields, and Q_block (B,p,p), M_block (B,p,k), in float64."""
    found = [_block_overlaps(scheme, state, b) for b in range(len(scheme.ranks))]
    Q_block, M_block = (np.array(parts) for parts in zip(*found, strict=True))
    c = scheme.eigenvalues
    Q, M = np.einsum("b,bij->ij", c, Q_block), np.einsum("b,bir->ir", c, M_block)
    return {"Q": Q, "M": M, "Q_block": Q_block, "M_block": M_block}


def _block_overlaps(scheme: BlockScheme, state: State, b: int) -> tuple[Array, Array]:
    r, L = scheme.ranks[b], scheme.start.blocks[b].L
    if scheme.explicit:
        first = _firsts(scheme)[b]
        w = state.W[:, first : first + r + int(scheme.dimensions[b])].T
        W = np.asarray(w, dtype=float) / scheme.d**0.5
        if scheme.problem.teacher.drift:
            W, U = W[:, : scheme.p], W[:, scheme.p : scheme.p + r]
            Q = W.T @ W
            return (Q + Q.T) / 2, W.T @ U @ L.T
    else:
        W = np.asarray(state.W[b * scheme.rows : b * scheme.rows + r + state.m[b]], dtype=float)
    Q = W.T @ W
    return (Q + Q.T) / 2, W[:r].T @ L.T


def _firsts(scheme: BlockScheme) -> list[int]:
    """The first coordinate of each block."""
    sizes = [r + D for r, D in zip(scheme.ranks, scheme.dimensions, strict=True)]
    return [int(first) for first in np.cumsum([0, *sizes[:-1]])]


def _room(scheme: BlockScheme) -> blocks.BlockRoom:
    p, k, n, B = scheme.p, scheme.problem.k, scheme.rule.batch, len(scheme.ranks)
    fresh = min(n, p)
    shapes = ((B, n, scheme.rows), (fresh, fresh), (n, p), (n, p), (1, p), (1, n))
    inputs, T, C, kept, part, gram = (np.empty(shape, scheme.real) for shape in shapes)
    room, labels = np.zeros((9, max(p, scheme.rows, n))), np.zeros((4, n * k))
    return blocks.BlockRoom(inputs, T, C, kept, part, gram, np.empty((p, p)), room, labels)


@dataclass(frozen=True)
class LessonSteps:
    """Steps first, ..., end − 1 (end ``math.inf``: for ever) of one lesson, and their rule."""

    first: int
    end: float
    rule: Rule
    teacher: Teacher


def _stretches(scheme: BlockScheme) -> list[LessonSteps]:
    """The lessons in steps: each begins at the first step whose time is not before its own."""
    problem, lessons = scheme.problem, scheme.problem.teacher.lessons
    if not lessons:
        return [LessonSteps(0, math.inf, scheme.rule, problem.teacher)]
    starts = [max(0, math.ceil(float(scheme.clock.step(lesson.start)) - _SAME_STEP)) for lesson in lessons]
    parts, ends = [problem.during(lesson) for lesson in lessons], [*starts[1:], math.inf]
    return [
        LessonSteps(first, end, step_rule(part, scheme.real), part.teacher)
        for first, end, part in zip(starts, ends, parts, strict=True)
    ]


def _pieces(stretches: list[LessonSteps], first: int, steps: int) -> Iterator[tuple[LessonSteps, int]]:
    """The steps first, ..., first + steps − 1 as numbers of steps in one stretch each."""
    end = first + steps
    for stretch in stretches:
        begin, stop = max(first, stretch.first), min(end, stretch.end)
        if stop > begin:
            yield stretch, int(stop - begin)


def _turn(scheme: BlockScheme, first: int, steps: int) -> tuple[Array, int, int]:
    """How teachers turn in some steps: by their angle at the start of each."""
    rotation = scheme.problem.teacher.rotation
    if rotation is None:
        return explicit.AT_REST
    angle = rotation.rate * scheme.clock.time(np.arange(first, first + steps))
    return np.ascontiguousarray(np.stack([np.cos(angle), np.sin(angle)], axis=1)), rotation.first, rotation.second


def _by_stretches(scheme: BlockScheme, take: Callable[[LessonSteps, State, Array], int]) -> Mover:
    """``move`` that takes the steps of each stretch, with their δt, by ``take``: it returns how many were done."""
    stretches = _stretches(scheme)

    def move(state: State, steps: int) -> bool:
        for stretch, count in _pieces(stretches, state.step, steps):
            done = take(stretch, state, scheme.clock.step_sizes(state.step, count))
            state.step += done
            if done < count:
                return False
        return True

    return move


def _exact(scheme: BlockScheme) -> Mover:
    B, p, k = len(scheme.ranks), scheme.p, scheme.problem.k
    L = np.zeros((B, k, max(1, *scheme.ranks)), scheme.real)
    for b, block in enumerate(scheme.start.blocks):
        L[b, :, : scheme.ranks[b]] = block.L
    ranks = np.array(scheme.ranks, np.int64)
    sizes = blocks.BlockSizes(np.sqrt(scheme.eigenvalues), np.array(scheme.dimensions), ranks, scheme.sphere)
    student, room = address(scheme.problem.student.activation), _room(scheme)
    take_steps = blocks.steps_by_block(scheme.real)

    def take(stretch: LessonSteps, state: State, dt: Array) -> int:
        W, inverse = state.W.reshape(B, scheme.rows, p), state.beside.reshape(B, p, p)
        weights = blocks.BlockWeights(W, inverse, state.m, state.a)
        turn = _turn(scheme, state.step, len(dt))
        target = blocks.BlockTarget(address(stretch.teacher.activation), L, stretch.teacher.a, *turn)
        return int(take_steps(student, target, stretch.rule, state.rng, dt, sizes, weights, room))

    return _by_stretches(scheme, take)


def _drift(scheme: BlockScheme, state: State, W_star: Array) -> explicit.Drift:
    """How teachers drift on from a state; ``W_star`` (k,d) becomes where they are."""
    if not scheme.problem.teacher.drift:
        return explicit.STEADY
    directions, ends = state.W[scheme.p :], np.array([*_firsts(scheme), scheme.d], np.int64)
    L = np.zeros((len(scheme.ranks), len(W_star), len(directions)))
    for b, block in enumerate(scheme.start.blocks):
        at, r = slice(ends[b], ends[b + 1]), scheme.ranks[b]
        L[b, :, :r] = block.L
        W_star[:, at] = block.L @ directions[:r, at]
    ranks = np.array(scheme.ranks, np.int64)
    return explicit.Drift(scheme.problem.teacher.drift, ends, ranks, L, directions, np.empty_like(directions))


def _explicit(scheme: BlockScheme) -> Mover:
    d = scheme.d
    counts = np.array(scheme.ranks) + np.array(scheme.dimensions, int)
    W_star = np.zeros((scheme.problem.k, d))
    for first, block in zip(_firsts(scheme), scheme.start.blocks, strict=True):
        W_star[:, first : first + block.L.shape[1]] = block.L * d**0.5
    with np.errstate(divide="ignore"):
        scale = np.sqrt(d / np.repeat(scheme.eigenvalues, counts))
    sphere, gradient = np.empty(0), np.empty((scheme.p, d), scheme.real)
    if scheme.problem.rule.of_fields:
        sphere = np.repeat(scheme.sphere, counts)
    student, take_steps = address(scheme.problem.student.activation), explicit.plain_steps(scheme.real)
    x, room = np.empty(d), np.empty((7, max(scheme.p, scheme.problem.k)))

    def take(stretch: LessonSteps, state: State, dt: Array) -> int:
        target = Target(address(stretch.teacher.activation), W_star, stretch.teacher.a)
        drift = _drift(scheme, state, W_star)
        inputs = explicit.Inputs(scale, sphere, *_turn(scheme, state.step, len(dt)), drift)
        arrays = state.W[: scheme.p], gradient, state.a, x, room
        return int(take_steps(student, target, stretch.rule, state.rng, dt, inputs, *arrays))

    return _by_stretches(scheme, take)
