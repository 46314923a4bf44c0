"""Simulation of one-pass SGD: many independent runs of one start, on the saved times that the equations have too."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from sgdode.checks import require, saved_names
from sgdode.grid import Grid, saved_grid
from sgdode.initial import Start, start
from sgdode.risk import RiskFunction, risk_function
from sgdode.runs import Array, Mover, Problem, State, begin, mover, overlaps, problem
from sgdode.spec import Spec
from sgdode.trajectory import Trajectory

Progress = Callable[[float, float], None]
_CHUNK_SECONDS = 0.1  # a kernel cannot be interrupted
_POLL_SECONDS = 0.1


def simulate(
    spec: Spec,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    block: int | None = None,
    wide: bool | None = None,
) -> Trajectory:
    """Run SGD ``spec.simulate.seeds`` times from the one start of ``spec``, on ``jobs`` threads.

    Returns a Trajectory with time (T,) in t = ν γ/(pd), step (T,), risk (S,T), M (S,T,p,k) and what else ``save`` asks
    for. Run j draws from child j of ``seed``: nothing depends on ``jobs``, and more seeds extend the same set. Where a
    run diverges the trajectory ends at the last saved time that every run reached, with status "diverged".
    ``progress(done, total)`` counts steps of all runs. ``block`` and ``wide`` override how a run is computed.
    """
    require(spec, "simulate")
    grid, beginning = saved_grid(spec), start(spec)
    task = problem(spec, beginning, block, wide)
    records = _records(spec, grid)
    shared = Shared(task, beginning, grid, records, risk_function(spec), spec.seed)
    threads = 1 if spec.simulate.seeds > 1 else len(os.sched_getaffinity(0))
    with threadpool_limits(threads, "blas"):
        reached = _all_runs(shared, spec.simulate.seeds, jobs, progress)
    return _trajectory(spec, shared, reached)


@dataclass
class Shared:
    """What the runs share: the problem, its start, when to save, where to, and the flag that stops them."""

    task: Problem
    start: Start
    grid: Grid
    records: dict[str, Array]
    risk: RiskFunction
    seed: int

    def __post_init__(self) -> None:
        self.stopped = threading.Event()
        self.steps: dict[int, int] = {}

    def save(self, run: int, at: int, state: State) -> bool:
        """Record a state. False where its overlaps are not finite."""
        Q, M, q = overlaps(self.task, state) if at else (self.start.overlaps.Q, self.start.overlaps.M, None)
        if not (np.isfinite(Q).all() and np.isfinite(M).all() and np.isfinite(state.a).all()):
            return False
        risk = self.risk(Q, M, self.start.overlaps.P, state.a)
        found: dict[str, Any] = {"risk": risk, "M": M, "Q": Q, "output_weights": state.a}
        found["q"] = self.start.overlaps.q if q is None else q
        for name, record in self.records.items():
            record[run, at] = found[name]
        return bool(np.isfinite(risk))


def _records(spec: Spec, grid: Grid) -> dict[str, Array]:
    """Room for everything that is saved, (S, T, ...)."""
    seeds, times, p = spec.simulate.seeds, len(grid.time), int(spec.p)
    shapes: dict[str, tuple[int, ...]] = {"risk": (), "M": (p, spec.k), "Q": (p, p), "q": (p,), "output_weights": (p,)}
    names = [*saved_names(spec, times, seeds), *(["output_weights"] if spec.student.train_output else [])]
    return {name: np.zeros((seeds, times, *shapes[name])) for name in names}


def _all_runs(shared: Shared, seeds: int, jobs: int, progress: Progress | None) -> list[tuple[int, int]]:
    """Every run on a thread; (saved times, last step) of each. An interrupt stops all within a chunk."""
    assert shared.grid.step is not None
    total = float(seeds * shared.grid.step[-1])
    with ThreadPoolExecutor(max(1, min(jobs, seeds))) as pool:
        futures = [pool.submit(_run, shared, run) for run in range(seeds)]
        try:
            while True:
                finished, running = wait(futures, _POLL_SECONDS, FIRST_EXCEPTION)
                for future in finished:
                    future.result()
                if progress is not None:
                    progress(float(sum(shared.steps.values())), total)
                if not running:
                    return [future.result() for future in futures]
        finally:
            shared.stopped.set()
            for future in futures:
                future.cancel()


def _run(shared: Shared, run: int) -> tuple[int, int]:
    """One run: the number of times saved, and the step after the last."""
    assert shared.grid.step is not None
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(shared.seed, spawn_key=(run,))))
    state, move = begin(shared.task, shared.start, rng), mover(shared.task)
    pace = Pace(shared.task.ahead)
    with np.errstate(all="ignore"):
        for at, step in enumerate(shared.grid.step):
            if not _reach(shared, run, state, move, int(step), pace) or not shared.save(run, at, state):
                return at, state.step
    return len(shared.grid.step), state.step


@dataclass
class Pace:
    """How many steps to ask for at once, in whole blocks, so that a call takes a tenth of a second."""

    block: int
    blocks: int = 1

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a call."""
        wanted = steps / self.block * _CHUNK_SECONDS / max(seconds, 1e-9)
        self.blocks = max(1, int(min(wanted, 4 * self.blocks, 10_000_000 / self.block)))


def _reach(shared: Shared, run: int, state: State, move: Mover, step: int, pace: Pace) -> bool:
    """Move a run on to ``step``. False where it diverged, or all are to stop."""
    while state.step < step:
        if shared.stopped.is_set():
            return False
        steps = min(step - state.step, pace.block * pace.blocks)
        began = time.perf_counter()
        if not move(state, steps):
            return False
        pace.took(steps, time.perf_counter() - began)
        shared.steps[run] = state.step
    return True


def _trajectory(spec: Spec, shared: Shared, reached: list[tuple[int, int]]) -> Trajectory:
    grid, task = shared.grid, shared.task
    assert grid.step is not None
    kept = min(times for times, _ in reached)
    diverged = kept < len(grid.time)
    warnings = list(shared.start.warnings)
    diverged_at = None
    if diverged:
        first = min(step for times, step in reached if times < len(grid.time))
        diverged_at = float(task.clock.time(first))
        count = sum(times < len(grid.time) for times, _ in reached)
        warnings.append(f"diverged: {count} of {len(reached)} runs, the first after t = {diverged_at:.6g}")
    return Trajectory(
        kind="simulation",
        time=grid.time[:kept],
        step=grid.step[:kept],
        P=shared.start.overlaps.P,
        curves={name: record[:, :kept] for name, record in shared.records.items()},
        status="diverged" if diverged else "complete",
        diverged_at=diverged_at,
        attributes=_attributes(spec, task),
        warnings=warnings,
    )


def _attributes(spec: Spec, task: Problem) -> dict[str, Any]:
    return {
        "method": spec.simulate.method,
        "precision": spec.simulate.precision,
        "block_size": 1 if task.explicit else task.block,
        "rng": "SFC64",
        "seed": spec.seed,
        "seeds": spec.simulate.seeds,
    }
