"""Simulation of one-pass SGD: many independent runs of one start, on the saved times that the equations have too."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from sgdode.equations.validity import too_coarse
from sgdode.errors import Stopped, UsageError
from sgdode.gaussian.risk import averaged_risk_error, risks_in_time, some_times
from sgdode.machine import processors
from sgdode.model.block_starts import binning, by_block
from sgdode.model.clock import Grid, Saving, saved_grid
from sgdode.model.problem import Problem
from sgdode.model.start_laws import starts
from sgdode.parts import part
from sgdode.results.alignment import norms
from sgdode.results.checkpoint import Keeper
from sgdode.results.trajectory import About, Trajectory
from sgdode.signals import asked_to_stop, postpone, stop_if_asked
from sgdode.simulation.kept import as_partial, end_state, partial_state, resumed
from sgdode.simulation.realisation import Run, Shared, begun, records
from sgdode.simulation.run import Mover, Sampling, Way
from sgdode.simulation.ways import measured, mover_of, scheme_of

Progress = Callable[[float, float], None]
NOTHING = About({}, {})
_CHUNK_SECONDS = 0.1  # a kernel cannot be interrupted
_POLL_SECONDS = 0.1


def simulate(
    problem: Problem,
    saving: Saving,
    sampling: Sampling,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    keeper: Keeper | None = None,
    about: About = NOTHING,
    times: Grid | None = None,
    block: int | None = None,
    way: Way | None = None,
) -> Trajectory:
    """Run SGD ``sampling.seeds`` times from the one start of ``problem``, on ``jobs`` threads.

    Returns a Trajectory with time (T,) in t = ν γ/(pd), step (T,), risk (S,T), M (S,T,p,k) and what else ``saving``
    asks for. Run j draws from child j of ``seed``: nothing depends on ``jobs``, and more seeds extend the same set.
    Where a run diverges the trajectory ends at the last saved time that every run reached, with status "diverged".
    ``progress(done, total)`` counts steps of all runs. With a ``keeper`` the state of all runs is kept from time to
    time and when a signal stops them, and a kept state is gone on from, or that of a shorter run: bit by bit the same
    as without a stop. The path does not depend on what is saved of it.
    ``about``: what the result carries besides. ``times``: the saved times in place of those of ``saving``. ``block``
    and ``way`` override how a run is computed. Raises SpecError for a problem that cannot be simulated.
    """
    if jobs < 1:
        raise UsageError(f"jobs: got {jobs}; must be 1 or more")
    beginnings = starts(problem, sampling.seeds)
    scheme = scheme_of(problem, beginnings[0], sampling, block, way)
    grid = times or saved_grid(saving, problem.clock, problem.finite)
    room = records(problem, saving, sampling, len(grid.time), keeper.path.parent if keeper else None)
    shared = Shared(scheme, sampling, beginnings, grid, room, risks_in_time(problem), about)
    runs = begun(shared)
    if keeper:
        runs = (
            keeper.find(lambda state: resumed(state, shared, runs), lambda earlier: as_partial(earlier, shared)) or runs
        )
    threads = processors() if sampling.seeds == 1 and scheme.threaded else 1
    with threadpool_limits(threads, "blas"):
        try:
            if keeper:
                postpone()
            with part("steps"):
                while not _advance(shared, runs, jobs, progress, keeper) and keeper:
                    keeper.keep(_partial(shared, runs))
            with part("errors"):
                return _finished(shared, runs)
        except Stopped:
            if keeper and _worth_keeping(runs):
                keeper.keep(_partial(shared, runs))
            raise


def _advance(shared: Shared, runs: list[Run], jobs: int, progress: Progress | None, keeper: Keeper | None) -> bool:
    """Move all runs on, each on a thread, to their ends (True), or until a checkpoint is due (False)."""
    assert shared.grid.step is not None
    total = float(len(runs) * shared.grid.step[-1])
    shared.stopped.clear()
    pool = ThreadPoolExecutor(max(1, min(jobs, len(runs))))
    try:
        futures = [pool.submit(_to_the_end, shared, number, run) for number, run in enumerate(runs)]
        while True:
            finished, running = wait(futures, _POLL_SECONDS, FIRST_EXCEPTION)
            for future in finished:
                future.result()
            stop_if_asked()
            if progress is not None:
                progress(float(sum(run.state.step for run in runs)) if running else total, total)
            if not running or (keeper is not None and keeper.due()):
                return not running
    finally:  # the runs end their last call before their states are kept, unless there is nothing to keep
        shared.stopped.set()
        pool.shutdown(_worth_keeping(runs) or not asked_to_stop(), cancel_futures=True)


def _worth_keeping(runs: list[Run]) -> bool:
    """Whether a run has moved; before that it may be compiling for many seconds."""
    return any(run.state.step > run.began for run in runs)


def _to_the_end(shared: Shared, number: int, run: Run) -> None:
    """Move one run on until its last saved time, its divergence, or the flag.

    It stops at ends of whole blocks or leaps alone. A saved time inside of one is reached by a part of it, which is
    then taken back: the path has the same steps whatever is saved of it.
    """
    assert shared.grid.step is not None
    whole = shared.scheme.whole
    move, pace = mover_of(shared.scheme), Pace(whole or 1)
    with np.errstate(all="ignore"):
        while run.saved < len(shared.grid.step) and not run.diverged:
            step = int(shared.grid.step[run.saved])
            if whole is None:
                if not _leap_to(shared, run, move, step):
                    return
            elif not _reach(shared, run, move, step - step % pace.block, pace):
                return
            left = step - run.state.step
            before = run.state.kept() if left else None
            run.diverged = not (move(run.state, left) if before else True) or not shared.save(number, run)
            if before and not run.diverged:
                run.state.put_back(before)


@dataclass
class Pace:
    """How many steps to ask for at once, in whole blocks, so that a call takes a tenth of a second."""

    block: int
    blocks: int = 1

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a call."""
        wanted = steps / self.block * _CHUNK_SECONDS / max(seconds, 1e-9)
        self.blocks = max(1, int(min(wanted, 4 * self.blocks, 10_000_000 / self.block)))


def _reach(shared: Shared, run: Run, move: Mover, step: int, pace: Pace) -> bool:
    """Move a run on to ``step``. False where it diverged, or all are to stop."""
    state = run.state
    while state.step < step:
        if shared.stopped.is_set():
            return False
        steps = min(step - state.step, pace.block * pace.blocks)
        began = time.perf_counter()
        run.diverged = not move(state, steps)
        if run.diverged:
            return False
        pace.took(steps, time.perf_counter() - began)
    return True


def _leap_to(shared: Shared, run: Run, move: Mover, step: int) -> bool:
    """Move a run on to the end of its last whole leap before ``step``. False where it diverged, or all are to stop."""
    from sgdode.simulation.leap_run import LeapMover

    assert isinstance(move, LeapMover)
    before = -1
    while before < run.state.step < step:
        if shared.stopped.is_set():
            return False
        before = run.state.step
        run.diverged = not move.whole(run.state, step - before)
        if run.diverged:
            return False
    return True


def _finished(shared: Shared, runs: list[Run]) -> Trajectory:
    """The result, with the error of its risk."""
    result = _trajectory(shared, runs)
    if "risk" in result.curves:
        result.attributes["risk_error"] = _risk_error(shared, runs, result)
    result.state = end_state(runs, result.curves)
    return result


def _risk_error(shared: Shared, runs: list[Run], result: Trajectory) -> float:
    """The largest error of the averages that the risk is made of, relative to its mean over runs; where the overlaps
    are not saved, at the larger variances of the start and the end."""
    problem, at = shared.scheme.problem, some_times(result.time)
    a = np.max([np.abs(run.state.a) for run in runs], axis=0)
    if {"M", "Q"} <= set(result.curves):
        q = np.max(norms(result)[:, at], axis=0)
    else:
        ends = [np.diag(measured(shared.scheme, run.state)["Q"]) for run in runs if not run.diverged]
        q = np.broadcast_to(np.max([np.diag(shared.start.overlaps.Q), *ends], axis=0), (len(at), len(a)))
    weights = np.broadcast_to(a, (len(at), len(a)))
    return averaged_risk_error(problem, result.P, q, weights, np.mean(result.risk[:, at], axis=0))


def _partial(shared: Shared, runs: list[Run]) -> Trajectory:
    """Where all runs are: the times that all of them saved, and the state that they go on from."""
    partial = _trajectory(shared, runs)
    partial.diverged_at, partial.warnings = None, list(shared.start.warnings)
    partial.state = dict(partial_state(shared, runs))
    return partial


def _trajectory(shared: Shared, runs: list[Run]) -> Trajectory:
    grid, scheme, sampling = shared.grid, shared.scheme, shared.sampling
    assert grid.step is not None
    kept, failed = min(run.saved for run in runs), [run for run in runs if run.diverged]
    warnings = [*shared.start.warnings, *too_coarse(scheme.problem, sampling.precision)]
    diverged_at = None
    if failed:
        diverged_at = float(scheme.clock.time(min(run.state.step for run in failed)))
        warnings.append(f"diverged: {len(failed)} of {len(runs)} runs, the first after t = {diverged_at:.6g}")
    told: dict[str, Any] = {
        "method": sampling.method,
        "precision": sampling.precision,
        "block_size": 1 if scheme.explicit else scheme.block,
        "rng": "SFC64",
        "seed": sampling.seed,
        "seeds": sampling.seeds,
    }
    if scheme.whole is None:
        del told["block_size"]
        told |= {"tolerance": sampling.leaping.tolerance, "samples": sampling.leaping.samples}
    return Trajectory(
        kind="simulation",
        time=grid.time[:kept],
        step=grid.step[:kept],
        samples=None if grid.samples is None else grid.samples[:kept],
        P=shared.start.overlaps.P,
        curves={name: record[:, :kept] for name, record in shared.records.items()},
        by_block=by_block(scheme.problem, shared.start),
        status="diverged" if failed else "complete",
        diverged_at=diverged_at,
        attributes=shared.about.attributes | told | binning(scheme.problem),
        provenance=dict(shared.about.provenance),
        warnings=warnings,
    )
