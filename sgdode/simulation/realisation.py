"""The runs of one simulation: each with its state, and what they share."""

from __future__ import annotations

import math
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sgdode.model.clock import Grid, Saving, saved_names
from sgdode.model.extra_rows import with_averages
from sgdode.model.lessons import distinct_tasks
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start
from sgdode.results.alignment import squared_inside
from sgdode.results.trajectory import About
from sgdode.simulation.run import Array, Sampling, State
from sgdode.simulation.ways import AnyScheme, measured, state_of

_LARGEST_IN_MEMORY = 128 * 2**20


@dataclass
class Run:
    """One realisation: its state, how many times are saved, whether it diverged, and the step that it began at."""

    state: State
    saved: int = 0
    diverged: bool = False
    began: int = 0


@dataclass
class Shared:
    """What the runs share: the scheme, the start of each, when to save, where to, and the flag that stops them."""

    scheme: AnyScheme
    sampling: Sampling
    starts: Sequence[Start]
    grid: Grid
    records: dict[str, Array]
    risks: Callable[[float, Array, Array, Array, Array], dict[str, Array]]
    about: About
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def start(self) -> Start:
        """That of run 0."""
        return self.starts[0]

    def save(self, number: int, run: Run) -> bool:
        """Record a state as the next saved time. False where its overlaps are not finite."""
        state, P = run.state, self.start.overlaps.P
        found = measured(self.scheme, state) if run.saved else _given(self.starts[number])
        found["output_weights"] = state.a
        if not all(np.isfinite(values).all() for values in found.values()):
            return False
        t = float(self.grid.time[run.saved])
        found |= self.risks(t, found["Q"], found["M"], P, state.a)
        if "risk_average" in self.records:
            averaged = self.risks(t, found["Q_average"], found["M_average"], P, state.a)
            found["risk_average"] = averaged["risk"]
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
    found = {"Q": given.Q, "M": given.M, "q": given.q, "Q_average": given.Q, "M_average": given.M}
    if start.blocks:
        found |= {f"{name}_block": np.array([getattr(block, name) for block in start.blocks]) for name in ("Q", "M")}
    return found


def records(problem: Problem, saving: Saving, sampling: Sampling, times: int, folder: Path | None) -> dict[str, Array]:
    """Room for everything that is saved, (S, T, ...); what is large is on disk, in ``folder`` and without a name."""
    seeds, p = sampling.seeds, int(problem.p)
    shapes: dict[str, tuple[int, ...]] = {
        "risk": (),
        "M": (p, problem.k),
        "Q": (p, p),
        "q": (p,),
        "output_weights": (p,),
        "Q_block": (problem.inputs.blocks, p, p),
        "M_block": (problem.inputs.blocks, p, problem.k),
        "risk_average": (),
        "M_average": (p, problem.k),
        "Q_average": (p, p),
        "task_risk": (len(distinct_tasks(problem.teacher.lessons)),),
    }
    wanted = saved_names(saving.names, p, times, seeds)
    names = [*with_averages(wanted, problem.rule), *(["output_weights"] if problem.rule.trained else [])]
    names += ["task_risk"] if problem.teacher.lessons else []
    return {name: _room((seeds, times, *shapes[name]), folder) for name in names}


def _room(shape: tuple[int, ...], folder: Path | None) -> Array:
    if math.prod(shape) * 8 < _LARGEST_IN_MEMORY:
        return np.zeros(shape)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.memmap(file, dtype=float, mode="w+", shape=shape)


def begun(shared: Shared) -> list[Run]:
    """Every run at t = 0, saved."""
    runs = []
    for number in range(shared.sampling.seeds):
        rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(shared.sampling.seed, spawn_key=(number,))))
        runs.append(Run(state_of(shared.scheme, shared.starts[number], rng)))
        runs[-1].diverged = not shared.save(number, runs[-1])
    return runs
