"""One run of SGD in leaps (``sgdode.simulation.leap``): what does not change in it, its state, and how it moves on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sgdode.equations.full import Arrays
from sgdode.errors import Defect, SpecError
from sgdode.gaussian.risk import Kernels, kernels
from sgdode.gaussian.variance.table import VarianceTerm, variance_term
from sgdode.jit.units import address
from sgdode.model.clock import Clock
from sgdode.model.learning import PLAIN_SGD, SQUARED
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start
from sgdode.simulation import leap
from sgdode.simulation.rule import Rule
from sgdode.simulation.run import Array, Leaping, Sampling, State, step_rule
from sgdode.simulation.step import Target

#: Leaps in one call of machine code.
_AT_ONCE = 500
#: Steps whose exact computation takes as long as a leap: so many, and so many more a neuron; and so many a pair of
#: neurons where V is no closed form (measured on one core: experiments/bench.py).
_LEAST, _PER_NEURON, _PER_PAIR = 30, 12, 60


@dataclass(frozen=True)
class LeapScheme:
    """What does not change in a run. ``start``: its teachers' coordinates and its overlaps count."""

    problem: Problem
    start: Start
    rule: Rule
    leaping: Leaping
    duals: Kernels
    variance: VarianceTerm

    explicit, threaded = False, False
    #: A leap ends where the state says.
    whole, block = None, None

    @property
    def p(self) -> int:
        """The width of the student."""
        return int(self.problem.p)

    @property
    def L(self) -> Array:
        """The teachers' coordinates (k,r)."""
        return self.start.overlaps.L

    @property
    def rank(self) -> int:
        """r, the number of dimensions that the teachers span."""
        return int(self.L.shape[1])

    @property
    def dimension(self) -> float:
        """D = d − r."""
        return float(self.problem.d) - self.rank

    @property
    def clock(self) -> Clock:
        """t against the steps."""
        return self.problem.clock

    @property
    def most(self) -> int:
        """The most rows that m may count."""
        return int(min(float(self.p), self.dimension))


def planned_leaps(problem: Problem, start: Start, sampling: Sampling) -> LeapScheme:
    """How a problem is simulated in leaps from its start. Raises SpecError for one that leaps do not hold for."""
    _refuse(problem, start, sampling)
    duals, (p, k) = kernels(*problem.activations), start.overlaps.M.shape
    variance = variance_term(*problem.activations, p, k, *duals.kernels)
    return LeapScheme(problem, start, step_rule(problem, "float64"), sampling.leaping, duals, variance)


def _refuse(problem: Problem, start: Start, sampling: Sampling) -> None:
    kept = {name: getattr(problem.rule, name) for name in ("batch", "decay", "train_output", "spherical")}
    known, found = replace(PLAIN_SGD, **kept), []
    if start.blocks or not problem.inputs.isotropic:
        found.append(Defect("", "simulate.method", "leaps are for isotropic inputs and teachers that do not change"))
    elif problem.rule.loss is not SQUARED:
        found.append(Defect("", "algorithm.loss", "leaps (simulate.method: leap) are for the squared loss"))
    elif problem.rule != known:
        found.append(Defect("", "simulate.method", "leaps are for plain SGD: this rule of `algorithm` needs exact"))
    if sampling.precision != "float64":
        found.append(Defect("", "simulate.precision", f"got {sampling.precision!r}; leaps are computed in float64"))
    if found:
        raise SpecError(found)


def refuse_short(problem: Problem, start: Start, sampling: Sampling) -> None:
    """Raises SpecError where the exact steps of a leap are as fast, by the first leap."""
    scheme = planned_leaps(problem, start, sampling)
    steps, least = first_leap(scheme), break_even(scheme)
    if steps < least:
        enough = float(f"{scheme.problem.d * least / max(steps, 1.0):.0e}")
        raise SpecError(
            [
                Defect(
                    "",
                    "simulate.method",
                    f"the first leap is {steps:.0f} steps long (simulate.leap.tolerance = "
                    f"{scheme.leaping.tolerance:g}), and {least} exact ones are as fast: set it to exact (leaps gain "
                    f"from about d = {enough:g} on)",
                )
            ]
        )


def break_even(scheme: LeapScheme) -> int:
    """Steps that take as long as a leap."""
    many = 0 if scheme.variance.closed else _PER_PAIR * scheme.p**2
    return _LEAST + _PER_NEURON * scheme.p + many


def first_leap(scheme: LeapScheme) -> float:
    """How many steps the first leap has."""
    state = begin_leaping(scheme, scheme.start, np.random.Generator(np.random.SFC64(0)))
    return LeapMover(scheme).next_leap(state)


def begin_leaping(scheme: LeapScheme, start: Start, rng: np.random.Generator) -> State:
    """The state at step 0: rows as in the exact simulation, with room for p more."""
    overlaps, r = start.overlaps, scheme.rank
    m = overlaps.B.shape[1]
    W = np.zeros((r + 2 * scheme.p, scheme.p))
    W[:r], W[r : r + m] = overlaps.A.T, overlaps.B.T
    return State(W, m, np.empty((0, 0)), start.a.copy(), rng)


class LeapMover:
    """``move(state, steps)``: that many steps in leaps, of which the last one is cut at the end; False where the run
    diverged on the way. Owns its room to work in."""

    def __init__(self, scheme: LeapScheme):
        problem, self.scheme = scheme.problem, scheme
        p, k, r, b = scheme.p, problem.k, scheme.rank, scheme.leaping.samples
        closed = scheme.variance.closed
        form = (0, 1.0, 1.0, 0.0) if closed is None else (closed.function.address, *closed[1:])
        numbers = scheme.dimension, problem.teacher.noise, problem.rule.share
        self.law = leap.LeapLaw(address(problem.student.activation), *numbers, scheme.leaping.tolerance, b, *form)
        target = Target(address(problem.teacher.activation), np.ascontiguousarray(scheme.L), problem.teacher.a)
        self.teaching = leap.Teaching(
            target, np.ascontiguousarray(scheme.start.overlaps.P), scheme.rule, scheme.duals.ss, scheme.duals.st
        )
        Omega = np.zeros((p + k, p + k))
        Omega[p:, p:] = self.teaching.P
        v = np.concatenate([np.empty(p), problem.v_star])
        shapes = (p, p), (p, k), p
        more = (3, p, p), (3, p, k)
        Q, M, a, ss, st, G, F = (np.zeros(shape) for shape in (*shapes, *more, *[(p, p + k)] * 2))
        self.at = Arrays(Q, M, a, v, ss, st, Omega, G, F, a)
        rows = r + 2 * p
        sizes = *[(rows, p)] * 3, (b, rows), (b, p), *[(p, p)] * 7, *[(p,)] * 3, (9, max(p, rows)), (4, b * k)
        self.tables = leap.LeapTables._make(np.zeros(size) for size in sizes)

    def __call__(self, state: State, steps: int) -> bool:
        end = state.step + steps
        while state.step < end:
            if not self._leap(state, end - state.step, False, _AT_ONCE):
                return False
        return True

    def whole(self, state: State, steps: int, most: int = _AT_ONCE) -> bool:
        """Up to ``most`` whole leaps within ``steps`` steps: none where none is left. False where the run diverged."""
        return self._leap(state, steps, True, most)

    def next_leap(self, state: State) -> float:
        """How many steps the next leap has."""
        leap.look(self.law, self.teaching, state.W, self.scheme.rank + state.m, state.a, self.at)
        self._variance(self.tables.V)
        return float(self._length(state.step)[0])

    def _leap(self, state: State, steps: int, whole: bool, most: int) -> bool:
        if self.scheme.clock.constant and self._in_one_call(state):
            constants = self.scheme.clock.step_size, whole, most
            state.m, done, fine = leap.leaps(
                self.law, self.teaching, state.rng, float(steps), *constants, state.W, state.m, state.a, self.at,
                self.tables,
            )  # fmt: skip
            state.step += int(done)
            return bool(fine)
        return self._one_by_one(state, steps, whole)

    def _in_one_call(self, state: State) -> bool:
        """Whether the closed form of V holds, also when fields have grown tenfold in the leaps of a call."""
        gain = max(abs(self.law.gain), abs(self.law.teacher_gain)) ** 2
        largest = max(float((state.W**2).sum(axis=0).max()), float(np.diag(self.teaching.P).max(initial=0.0)))
        return self.law.variance != 0 and 10.0 * gain * largest <= self.law.steepest

    def _one_by_one(self, state: State, steps: int, whole: bool) -> bool:
        """A leap whose V, or step size, is no matter of one call."""
        h = self.next_leap(state)
        if h > steps:
            if whole:
                return True
            h = float(steps)
        dt = self._size(state.step, h)
        same = h, dt, state.W, state.m, state.a, self.at, self.tables
        fine = leap.to_the_middle(self.law, self.teaching, state.rng, *same)
        self._variance(self.tables.later)
        m = leap.to_the_end(self.law, self.teaching, *same)
        if not fine or m < 0:
            return False
        state.m, state.step = m, state.step + int(h)
        return True

    def _variance(self, out: Array) -> None:
        self.scheme.variance.fill(self.at.Omega, self.at.v, self.law.noise, out)

    def _length(self, step: int) -> tuple[float, float]:
        """Steps of the next leap and their size: in it neither the state nor γ changes by more than the tolerance."""
        clock = self.scheme.clock
        dt = float(clock.step_sizes(step, 1)[0])
        h = leap.steps_in_leap(self.law, self.teaching, dt, self.at, self.tables)
        most = 1.0 + self.law.tolerance
        while h > 1.0 and not clock.constant and not 1.0 / most <= clock.step_sizes(step + int(h), 1)[0] / dt <= most:
            h = float(math.floor(h / 2))
        return h, dt

    def _size(self, step: int, h: float) -> float:
        """The mean size of the next h steps."""
        clock = self.scheme.clock
        if clock.constant:
            return clock.step_size
        return float(clock.time(step + int(h)) - clock.time(step)) / h
