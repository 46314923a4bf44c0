"""What a run will cost, measured: a few steps or right-hand sides are timed, and the rest is multiplied out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from sgdode.equations.asymmetry import smallest_asymmetry, tolerances
from sgdode.equations.solvers import solve
from sgdode.equations.systems import system
from sgdode.equations.validity import plan
from sgdode.gaussian.risk import risk_function
from sgdode.model.start_laws import start
from sgdode.runs.engines import method, sampling
from sgdode.runs.file_size import file_bytes, saved_times
from sgdode.simulation.ways import mover_of, scheme_of, state_of
from sgdode.spec.build import build
from sgdode.spec.checks import require
from sgdode.spec.memory import Command
from sgdode.spec.schema import Spec

_PILOT_SECONDS, _PILOT_TIMES = 0.3, 2000
#: Right-hand sides per decade of t that CVODE takes at rtol 1e-8, and their growth with the digits asked for.
_PER_DECADE = 500.0


@dataclass(frozen=True)
class Estimate:
    """Seconds of computing (imports not counted) and bytes of the file, of one command; ``measured``: from a pilot."""

    command: Command
    seconds: float
    bytes: float
    measured: bool = True


class _Enough(Exception):
    pass


def estimate(spec: Spec, command: Command, jobs: int) -> Estimate:
    """The cost of ``command`` on this machine. Raises SpecError where it cannot run."""
    require(spec, command)
    with np.errstate(all="ignore"):
        seconds = _simulation(spec, jobs) if command == "simulate" else _integration(spec)
    return Estimate(command, seconds, file_bytes(spec, command))


def _simulation(spec: Spec, jobs: int) -> float:
    problem = build(spec)
    grid, beginning = saved_times(spec), start(problem)
    assert grid.step is not None
    scheme = scheme_of(problem, beginning, sampling(spec))
    seeds, total = spec.simulate.seeds, int(grid.step[-1])
    rng = np.random.Generator(np.random.SFC64(0))
    with threadpool_limits(1 if seeds > 1 else None, "blas"):
        state, move = state_of(scheme, beginning, rng), mover_of(scheme)

        def steps(count: int) -> bool:
            return bool(move(state, count))

        per_step = _rate(steps, scheme.ahead, total)
    saving_once = _once(lambda: risk_function(problem)(*_start_overlaps(beginning), beginning.a))
    rounds = math.ceil(seeds / max(1, min(jobs, seeds)))
    return rounds * (total * per_step + len(grid.time) * saving_once)


def _start_overlaps(beginning: Any) -> tuple[Any, Any, Any]:
    return beginning.overlaps.Q, beginning.overlaps.M, beginning.overlaps.P


def _rate(steps: Callable[[int], bool], block: int, total: int) -> float:
    """Seconds a step: the last and longest of growing batches."""
    count = max(1, min(block, total))
    while True:
        began = time.perf_counter()
        if not steps(count):
            return 0.0
        seconds = time.perf_counter() - began
        if seconds > _PILOT_SECONDS / 2 or count >= total:
            return seconds / count
        count = min(total, count * max(2, min(50, int(0.7 * _PILOT_SECONDS / max(seconds, 1e-6)))))


def _once(work: Callable[[], Any]) -> float:
    """Seconds of the second of two calls."""
    work()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _integration(spec: Spec) -> float:
    problem, grid = build(spec), saved_times(spec)
    beginning = start(problem) if math.isfinite(spec.p) else None
    equations = system(problem, beginning, plan(problem, spec.integrate.equations).equations, method(spec))
    ydot = np.empty_like(equations.y0)
    rhs = _once(lambda: equations.rhs(0.0, equations.y0, ydot))
    saving_once = _once(lambda: equations.curves(equations.y0[None])) * len(grid.time)
    began, calls = time.perf_counter(), 0

    def limited(t: float, y: Any, ydot: Any) -> None:
        nonlocal calls
        calls += 1
        if time.perf_counter() - began > _PILOT_SECONDS:
            raise _Enough
        equations.rhs(t, y, ydot)

    smallest = None if beginning is None else smallest_asymmetry(beginning)
    rtol, atol = tolerances(max(spec.integrate.rtol, equations.error), spec.integrate.atol, smallest)
    reached = [0.0]
    try:
        times = grid.time[:: max(1, len(grid.time) // _PILOT_TIMES)]  # to save is counted apart
        solve(limited, equations.y0, times, spec.integrate.solver, rtol, atol, reached.append)
        solving = time.perf_counter() - began
    except _Enough:
        solving = _extrapolated(spec, rhs, rtol, reached[-1], calls)
    return (2.5 if beginning is None else 1.0) * solving + saving_once + error_bars(spec)


def error_bars(spec: Spec) -> float:
    """Seconds of `integrate.fluctuations`, from its operations."""
    kind = spec.integrate.fluctuations
    if not kind:
        return 0.0
    from sgdode.equations.fluctuations.price import error_bar_seconds

    return error_bar_seconds(build(spec), kind, spec.time.stop, len(saved_times(spec).time))


def _extrapolated(spec: Spec, rhs: float, rtol: float, reached: float, calls: int) -> float:
    """Seconds of a solve that the pilot did not finish: the decades of t that are left, from t ~ 0.01 on."""
    digits = (1e-8 / rtol) ** 0.1
    left = math.log10(spec.time.stop / max(reached, min(0.01, spec.time.stop / 10)))
    return rhs * (calls + _PER_DECADE * digits * max(left, 0.5))
