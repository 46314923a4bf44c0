"""The runs of one simulation: each with its state, and what they share."""

from __future__ import annotations

import math
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sgdode.gaussian.risk import RiskFunction
from sgdode.model.clock import Grid, Saving, saved_names
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start
from sgdode.results.trajectory import About
from sgdode.simulation.run import Array, Sampling, Scheme, State, begin, overlaps_of

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

    scheme: Scheme
    sampling: Sampling
    starts: Sequence[Start]
    grid: Grid
    records: dict[str, Array]
    risk: RiskFunction
    about: About
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def start(self) -> Start:
        """That of run 0."""
        return self.starts[0]

    def save(self, number: int, run: Run) -> bool:
        """Record a state as the next saved time. False where its overlaps are not finite."""
        state, given = run.state, self.starts[number].overlaps
        Q, M, q = overlaps_of(self.scheme, state) if run.saved else (given.Q, given.M, given.q)
        if not (np.isfinite(Q).all() and np.isfinite(M).all() and np.isfinite(state.a).all()):
            return False
        risk = self.risk(Q, M, given.P, state.a)
        if not np.isfinite(risk):
            return False
        found = {"Q": Q, "M": M, "q": q, "risk": np.asarray(risk), "output_weights": state.a}
        for name, record in self.records.items():
            record[number, run.saved] = found[name]
        run.saved += 1
        return True


def records(problem: Problem, saving: Saving, sampling: Sampling, times: int, folder: Path | None) -> dict[str, Array]:
    """Room for everything that is saved, (S, T, ...); what is large is on disk, in ``folder`` and without a name."""
    seeds, p = sampling.seeds, int(problem.p)
    shapes: dict[str, tuple[int, ...]] = {
        "risk": (),
        "M": (p, problem.k),
        "Q": (p, p),
        "q": (p,),
        "output_weights": (p,),
    }
    names = [*saved_names(saving.names, p, times, seeds), *(["output_weights"] if problem.rule.trained else [])]
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
        runs.append(Run(begin(shared.scheme, shared.starts[number], rng)))
        runs[-1].diverged = not shared.save(number, runs[-1])
    return runs
