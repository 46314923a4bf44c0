"""Simulation of one-pass SGD: many independent runs of one start, on the saved times that the equations have too."""

from __future__ import annotations

import math
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from sgdode.equations.validity import too_coarse
from sgdode.errors import Stopped, UsageError
from sgdode.gaussian.risk import averaged_risk_error, risks_in_time, some_times
from sgdode.machine import processors
from sgdode.model.block_starts import binning, by_block
from sgdode.model.clock import Grid, Saving, saved_grid, saved_names
from sgdode.model.lessons import distinct_tasks
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start, start
from sgdode.parts import part
from sgdode.results.alignment import norms, squared_inside
from sgdode.results.checkpoint import Keeper
from sgdode.results.trajectory import About, Trajectory
from sgdode.signals import asked_to_stop, postpone, stop_if_asked
from sgdode.simulation.run import Array, Mover, Sampling, State, Way
from sgdode.simulation.ways import AnyScheme, measured, mover_of, scheme_of, state_of

Progress = Callable[[float, float], None]
#: The group ``state`` of a checkpoint.
Kept = Mapping[str, NDArray[Any]]
NOTHING = About({}, {})
_CHUNK_SECONDS = 0.1  # a kernel cannot be interrupted
_POLL_SECONDS = 0.1
_LARGEST_IN_MEMORY = 128 * 2**20


def simulate(
    problem: Problem,
    saving: Saving,
    sampling: Sampling,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    keeper: Keeper | None = None,
    about: About = NOTHING,
    block: int | None = None,
    way: Way | None = None,
) -> Trajectory:
    """Run SGD ``sampling.seeds`` times from the one start of ``problem``, on ``jobs`` threads.

    Returns a Trajectory with time (T,) in t = ν γ/(pd), step (T,), risk (S,T), M (S,T,p,k) and what else ``saving``
    asks for. Run j draws from child j of ``seed``: nothing depends on ``jobs``, and more seeds extend the same set.
    Where a run diverges the trajectory ends at the last saved time that every run reached, with status "diverged".
    ``progress(done, total)`` counts steps of all runs. With a ``keeper`` the state of all runs is kept from time to
    time and when a signal stops them, and a kept state is gone on from: bit by bit the same as without a stop.
    ``about``: what the result carries besides. ``block`` and ``way`` override how a run is
    computed. Raises SpecError for a problem that cannot be simulated.
    """
    if jobs < 1:
        raise UsageError(f"jobs: got {jobs}; must be 1 or more")
    beginning = start(problem)
    scheme = scheme_of(problem, beginning, sampling, block, way)
    grid = saved_grid(saving, problem.clock, problem.finite)
    records = _records(problem, saving, sampling, len(grid.time), keeper)
    shared = Shared(scheme, sampling, beginning, grid, records, risks_in_time(problem), about)
    runs = _begin(shared)
    runs = (keeper and keeper.find(lambda state: _resumed(state, shared, runs))) or runs
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


@dataclass
class Run:
    """One realisation: its state, how many times are saved, whether it diverged, and the step that it began at."""

    state: State
    saved: int = 0
    diverged: bool = False
    began: int = 0


@dataclass
class Shared:
    """What the runs share: the scheme, the start, when to save, where to, and the flag that stops them."""

    scheme: AnyScheme
    sampling: Sampling
    start: Start
    grid: Grid
    records: dict[str, Array]
    risks: Callable[[float, Array, Array, Array, Array], dict[str, Array]]
    about: About
    stopped: threading.Event = field(default_factory=threading.Event)

    def save(self, number: int, run: Run) -> bool:
        """Record a state as the next saved time. False where its overlaps are not finite."""
        state, P = run.state, self.start.overlaps.P
        found = measured(self.scheme, state) if run.saved else _given(self.start)
        found["output_weights"] = state.a
        if not all(np.isfinite(values).all() for values in found.values()):
            return False
        t = float(self.grid.time[run.saved])
        found |= self.risks(t, found["Q"], found["M"], P, state.a)
        if not np.isfinite(found["risk"]):
            return False
        if "q" not in found and "q" in self.records:
            found["q"] = np.maximum(np.diag(found["Q"]) - squared_inside(found["M"], P), 0.0)
        for name, record in self.records.items():
            record[number, run.saved] = found[name]
        run.saved += 1
        return True


def _given(start: Start) -> dict[str, Array]:
    """The overlaps of the start by name."""
    given = start.overlaps
    found = {"Q": given.Q, "M": given.M, "q": given.q}
    if start.blocks:
        found |= {f"{name}_block": np.array([getattr(block, name) for block in start.blocks]) for name in ("Q", "M")}
    return found


def _records(
    problem: Problem, saving: Saving, sampling: Sampling, times: int, keeper: Keeper | None
) -> dict[str, Array]:
    """Room for everything that is saved, (S, T, ...); what is large is on disk, in a file without a name."""
    seeds, p = sampling.seeds, int(problem.p)
    shapes: dict[str, tuple[int, ...]] = {
        "risk": (),
        "M": (p, problem.k),
        "Q": (p, p),
        "q": (p,),
        "output_weights": (p,),
        "Q_block": (problem.inputs.blocks, p, p),
        "M_block": (problem.inputs.blocks, p, problem.k),
        "task_risk": (len(distinct_tasks(problem.teacher.lessons)),),
    }
    names = [*saved_names(saving.names, p, times, seeds), *(["output_weights"] if problem.rule.trained else [])]
    names += ["task_risk"] if problem.teacher.lessons else []
    folder = None if keeper is None else keeper.path.parent
    return {name: _room((seeds, times, *shapes[name]), folder) for name in names}


def _room(shape: tuple[int, ...], folder: Path | None) -> Array:
    if math.prod(shape) * 8 < _LARGEST_IN_MEMORY:
        return np.zeros(shape)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.memmap(file, dtype=float, mode="w+", shape=shape)


def _begin(shared: Shared) -> list[Run]:
    """Every run at t = 0, saved."""
    runs = []
    for number in range(shared.sampling.seeds):
        rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(shared.sampling.seed, spawn_key=(number,))))
        runs.append(Run(state_of(shared.scheme, shared.start, rng)))
        runs[-1].diverged = not shared.save(number, runs[-1])
    return runs


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
                progress(float(sum(run.state.step for run in runs)), total)
            if not running or (keeper is not None and keeper.due()):
                return not running
    finally:  # the runs end their last call before their states are kept, unless there is nothing to keep
        shared.stopped.set()
        pool.shutdown(_worth_keeping(runs) or not asked_to_stop(), cancel_futures=True)


def _worth_keeping(runs: list[Run]) -> bool:
    """Whether a run has moved; before that it may be compiling for many seconds."""
    return any(run.state.step > run.began for run in runs)


def _to_the_end(shared: Shared, number: int, run: Run) -> None:
    """Move one run on until its last saved time, its divergence, or the flag."""
    assert shared.grid.step is not None
    move, pace = mover_of(shared.scheme), Pace(shared.scheme.ahead)
    with np.errstate(all="ignore"):
        while run.saved < len(shared.grid.step) and not run.diverged:
            if not _reach(shared, run, move, int(shared.grid.step[run.saved]), pace):
                return
            run.diverged = not shared.save(number, run)


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


def _finished(shared: Shared, runs: list[Run]) -> Trajectory:
    """The result, with the error of its risk."""
    result = _trajectory(shared, runs)
    if "risk" in result.curves:
        result.attributes["risk_error"] = _risk_error(shared, runs, result)
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
    partial.state = dict(_state(shared, runs))
    return partial


def _state(shared: Shared, runs: list[Run]) -> Kept:
    """All that the runs go on from, as arrays."""
    generators = [run.state.rng.bit_generator.state for run in runs]
    return {
        "saved": np.array([run.saved for run in runs]),
        "diverged": np.array([run.diverged for run in runs]),
        "step": np.array([run.state.step for run in runs]),
        "m": np.array([run.state.m for run in runs]),
        "W": np.array([run.state.W for run in runs]),
        "inverse": np.array([run.state.beside for run in runs]),
        "a": np.array([run.state.a for run in runs]),
        "rng": np.array([generator["state"]["state"] for generator in generators]),
        "rng_half": np.array([[generator["has_uint32"], generator["uinteger"]] for generator in generators], np.uint64),
        **{f"record_{name}": record for name, record in shared.records.items()},
    }


def _resumed(state: Kept, shared: Shared, fresh: list[Run]) -> tuple[list[Run], str] | None:
    """The runs as they were when ``state`` was kept, and how far; None where it does not fit ``fresh`` ones, those at
    the start."""
    room = shared.scheme.most
    if not _alike(state, _state(shared, fresh)) or not 0 <= state["m"].min() <= state["m"].max() <= room:
        return None
    if state["saved"].max() > len(shared.grid.time):
        return None
    runs: list[Run] = []
    for name, record in shared.records.items():
        record[:] = state[f"record_{name}"]
    for number, saved in enumerate(state["saved"]):
        half, value = (int(word) for word in state["rng_half"][number])
        words = {"state": state["rng"][number].astype(np.uint64)}
        generator: Any = np.random.SFC64()
        generator.state = {"bit_generator": "SFC64", "state": words, "has_uint32": half, "uinteger": value}
        rng, step = np.random.Generator(generator), int(state["step"][number])
        W, beside, a = (state[name][number].copy() for name in ("W", "inverse", "a"))
        m = state["m"][number]
        restored = State(W, m.copy() if np.ndim(m) else int(m), beside, a, rng, step)
        runs.append(Run(restored, int(saved), bool(state["diverged"][number]), step))
    assert shared.grid.step is not None
    share = np.mean(state["step"]) / shared.grid.step[-1]
    return runs, f"{share:.1%} of all steps"


def _alike(state: Kept, expected: Kept) -> bool:
    """Whether a kept state has the arrays of the expected one, with counts that a run can have."""
    if state.keys() != expected.keys():
        return False
    if any(state[key].shape != array.shape or state[key].dtype != array.dtype for key, array in expected.items()):
        return False
    return bool((state["saved"] >= 1).all() and (state["step"] >= 0).all())


def _trajectory(shared: Shared, runs: list[Run]) -> Trajectory:
    grid, scheme, sampling = shared.grid, shared.scheme, shared.sampling
    assert grid.step is not None
    kept, failed = min(run.saved for run in runs), [run for run in runs if run.diverged]
    warnings = [*shared.start.warnings, *too_coarse(scheme.problem, sampling.precision)]
    diverged_at = None
    if failed:
        diverged_at = float(scheme.clock.time(min(run.state.step for run in failed)))
        warnings.append(f"diverged: {len(failed)} of {len(runs)} runs, the first after t = {diverged_at:.6g}")
    told = {
        "method": sampling.method,
        "precision": sampling.precision,
        "block_size": 1 if scheme.explicit else scheme.block,
        "rng": "SFC64",
        "seed": sampling.seed,
        "seeds": sampling.seeds,
    }
    return Trajectory(
        kind="simulation",
        time=grid.time[:kept],
        step=grid.step[:kept],
        P=shared.start.overlaps.P,
        curves={name: record[:, :kept] for name, record in shared.records.items()},
        by_block=by_block(scheme.problem, shared.start),
        status="diverged" if failed else "complete",
        diverged_at=diverged_at,
        attributes=shared.about.attributes | told | binning(scheme.problem),
        provenance=dict(shared.about.provenance),
        warnings=warnings,
    )
