"""What a run will cost, part by part: a few steps or right-hand sides are timed, and the rest is multiplied out; what
cannot be timed is known of this machine (see ``sgdode.runs.speeds``)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from sgdode.equations.asymmetry import smallest_asymmetry, tolerances
from sgdode.equations.solvers import cvode, solve
from sgdode.equations.system import System
from sgdode.equations.systems import system
from sgdode.equations.validity import plan
from sgdode.gaussian.risk import averaged_risk_error, risk_function, some_times
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start, start
from sgdode.runs.engines import method, sampling
from sgdode.runs.file_size import file_bytes, saved_times
from sgdode.runs.speeds import speeds
from sgdode.simulation.leap_run import LeapMover, LeapScheme, refuse_short
from sgdode.simulation.run import State
from sgdode.simulation.ways import mover_of, scheme_of, state_of
from sgdode.spec.build import build, end_time
from sgdode.spec.checks import require
from sgdode.spec.memory import Command
from sgdode.spec.schema import Spec

_PILOT_SECONDS, _PILOT_TIMES, _PILOT_LEAPS = 0.06, 2000, 20
#: Right-hand sides that CVODE takes up to t = 1 at rtol 1e-8, how they grow with a decade of t, and from where on a
#: solution tells of its own.
_AT_ONE, _GROWTH, _FIRST, _TELLING = 210.0, 2.0, 1e-2, 0.3
#: Bytes that are written in a second; what the solution on finer particles takes, in that on the first.
_BYTES, _FINER = 4e8, 1.5
#: Stated errors below this are not solved with anew; what the price of error bars takes a multiplication for.
_SMALL, _REFERENCE = 1e-6, 2e-11


@dataclass(frozen=True)
class Estimate:
    """Seconds of the ``parts`` of a run (see ``sgdode.parts``) and bytes of the file, of one command; ``measured``:
    from a pilot that saw enough of it."""

    command: Command
    parts: dict[str, float]
    bytes: float
    measured: bool = True

    @property
    def seconds(self) -> float:
        """Of all parts."""
        return sum(self.parts.values())

    @property
    def computing(self) -> float:
        """Of all parts but the start of the program."""
        return self.seconds - self.parts.get("start", 0.0)


#: Of this thread's own work: what else the machine does meanwhile is no part of the price.
clock = time.thread_time


class _Enough(Exception):
    pass


def estimate(spec: Spec, command: Command, jobs: int) -> Estimate:
    """The cost of ``command`` on this machine. Raises SpecError where it cannot run."""
    require(spec, command)
    size = file_bytes(spec, command)
    with np.errstate(all="ignore"):
        parts, measured = _simulation(spec, jobs) if command == "simulate" else _integration(spec)
    return Estimate(command, around(parts, size), size, measured)


def around(parts: dict[str, float], size: float) -> dict[str, float]:
    """The parts of a run with those that every run has, for a file of so many bytes."""
    known = speeds()
    return {"start": known.starting(), **parts, "write": known.writing() + size / _BYTES}


def _simulation(spec: Spec, jobs: int) -> tuple[dict[str, float], bool]:
    problem = build(spec)
    grid, beginning = saved_times(spec), start(problem)
    assert grid.step is not None
    scheme = scheme_of(problem, beginning, sampling(spec))
    seeds, total = spec.simulate.seeds, int(grid.step[-1])
    rng = np.random.Generator(np.random.SFC64(0))
    with threadpool_limits(None if seeds == 1 and scheme.threaded else 1, "blas"):
        state, move = state_of(scheme, beginning, rng), mover_of(scheme)
        if isinstance(scheme, LeapScheme):
            refuse_short(problem, beginning, sampling(spec))
            per_step = _in_leaps(LeapMover(scheme), state, total) / total
        else:
            per_step = _rate(lambda count: move(state, count), scheme.ahead, total)
    saving_once = _once(lambda: risk_function(problem)(*_start_overlaps(beginning), beginning.a))
    errors = _once(lambda: _risk_error(problem, beginning, len(grid.time)))
    rounds = math.ceil(seeds / max(1, min(jobs, seeds)))
    parts = {"steps": rounds * (total * per_step + len(grid.time) * saving_once), "errors": errors}
    return parts, True


def _risk_error(problem: Problem, beginning: Start, times: int) -> float:
    """What a run states of the error of its risk, at the state of its start."""
    at = len(some_times(np.linspace(0.0, 1.0, times))) if times > 1 else 1
    variances, weights = (np.broadcast_to(x, (at, len(x))) for x in (np.diag(beginning.overlaps.Q), beginning.a))
    return averaged_risk_error(problem, beginning.overlaps.P, variances, weights, np.ones(at))


def _start_overlaps(beginning: Any) -> tuple[Any, Any, Any]:
    return beginning.overlaps.Q, beginning.overlaps.M, beginning.overlaps.P


def _rate(steps: Callable[[int], bool], block: int, total: int) -> float:
    """Seconds a step: the last and longest of growing batches."""
    count = max(1, min(block, total))
    while True:
        began = clock()
        if not steps(count):
            return 0.0
        seconds = clock() - began
        if seconds > _PILOT_SECONDS / 3 or count >= total:
            return seconds / count
        count = min(total, count * max(2, min(50, int(0.7 * _PILOT_SECONDS / max(seconds, 1e-6)))))


def _in_leaps(move: LeapMover, state: State, total: int) -> float:
    """Seconds of a run of ``total`` steps: of the leaps of a pilot, and of more that are as long as the next one."""
    move.next_leap(state)
    began, before = clock(), -1
    while before < state.step < total and clock() - began < _PILOT_SECONDS:
        before = state.step
        if not move.whole(state, total - before, _PILOT_LEAPS):
            return clock() - began
    seconds, left = clock() - began, total - state.step
    longest = min(left, int(move.next_leap(state)))
    return seconds + left / max(longest, 1) * _once(lambda: move(state, longest))


def _once(work: Callable[[], Any]) -> float:
    """Seconds of the second of two calls."""
    work()
    began = clock()
    work()
    return clock() - began


def _integration(spec: Spec) -> tuple[dict[str, float], bool]:
    problem, grid = build(spec), saved_times(spec)
    beginning = start(problem) if math.isfinite(spec.p) else None
    equations = system(problem, beginning, plan(problem, spec.integrate.equations).equations, method(spec))
    saving = _once(lambda: equations.curves(equations.y0[None])) * len(grid.time)
    solving, measured = _solving(spec, equations, None if beginning is None else smallest_asymmetry(beginning))
    errors = _FINER * solving
    if beginning is not None:
        errors = _once(lambda: _risk_error(problem, beginning, len(grid.time)))
        if equations.stated_error is not None:
            stated, began = equations.stated_error, clock()
            again = stated(0.0, equations.y0) > _SMALL and equations.louder is not None
            errors += 10.0 * (clock() - began) + again * solving
    parts = {"solve": solving + saving, "errors": errors}
    return parts | ({"fluctuations": bars} if (bars := error_bars(spec)) else {}), measured


def _solving(spec: Spec, equations: System, smallest: float | None) -> tuple[float, bool]:
    """Seconds of the solution, and whether the pilot saw most of it."""
    ydot = np.empty_like(equations.y0)
    rhs = _once(lambda: equations.rhs(0.0, equations.y0, ydot))
    cvode(equations.rhs, max(len(ydot), 1), 1e-3, 1e-3)  # imported
    began, calls, end = clock(), 0, end_time(spec)

    def limited(t: float, y: Any, ydot: Any) -> None:
        nonlocal calls
        calls += 1
        if clock() - began > _PILOT_SECONDS:
            raise _Enough
        equations.rhs(t, y, ydot)

    rtol, atol = tolerances(max(spec.integrate.rtol, equations.error), spec.integrate.atol, smallest)
    grid, reached = saved_times(spec), [0.0]
    times = grid.time[:: max(1, len(grid.time) // _PILOT_TIMES)]  # to save is counted apart
    try:
        solve(limited, equations.y0, times, spec.integrate.solver, rtol, atol, reached.append)
        return clock() - began, True
    except _Enough:
        each, total = max(rhs, (clock() - began) / calls), _evaluations(calls, reached[-1], end, rtol)
        return each * total, calls > total / 2


def _evaluations(calls: int, reached: float, end: float, rtol: float) -> float:
    """Right-hand sides up to t = ``end`` of a solution that took so many up to ``reached``."""
    digits = (1e-8 / rtol) ** 0.1
    usual, so_far = (_AT_ONE * digits * _GROWTH ** math.log10(max(t, _FIRST)) for t in (end, reached))
    own = min(max(calls / so_far, 0.5), 3.0) if reached > _TELLING else 1.0
    return calls + max(own * (usual - so_far), 0.1 * calls)


def error_bars(spec: Spec) -> float:
    """Seconds of `integrate.fluctuations`, from its operations."""
    kind = spec.integrate.fluctuations
    if not kind:
        return 0.0
    from sgdode.equations.fluctuations.price import error_bar_seconds

    seconds = error_bar_seconds(build(spec), kind, end_time(spec), len(saved_times(spec).time))
    if kind is not True:  # fewer states along a shorter path
        seconds *= min(max((math.log10(end_time(spec)) + 1.5) / 4.5, 0.2), 1.0)
    return seconds * speeds().product / _REFERENCE
