"""What a sweep will cost: the files that are missing, timed by kind."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sgdode.errors import SgdodeError
from sgdode.reporting import Reporter
from sgdode.runs.check import duration
from sgdode.runs.pricing import priced
from sgdode.spec.provenance import resolved
from sgdode.sweeps.points import Task
from sgdode.sweeps.sweep import standing

_SECONDS_TO_MEASURE = 20.0
#: Starting a worker.
_START = 1.5


@dataclass(frozen=True)
class Outlook:
    """Per file ``status`` ("missing", or that of the file) and ``seconds``; how many kinds of run were measured."""

    statuses: list[str]
    seconds: list[float]
    measured: int
    kinds: int

    def total(self, jobs: int) -> float:
        """Seconds with ``jobs`` files at a time."""
        missing = [seconds for seconds, status in zip(self.seconds, self.statuses, strict=True) if status == "missing"]
        return _START + max([sum(missing) / max(1, min(jobs, len(missing))), *missing]) if missing else 0.0

    def text(self, jobs: int) -> str:
        """For a reader."""
        missing = self.statuses.count("missing")
        there = len(self.statuses) - missing
        assumed = "" if self.measured == self.kinds else f"; {self.measured} of {self.kinds} kinds of run were measured"
        found = f"{len(self.statuses)} files" + (f", {there} of them there already" if there else "")
        return f"{found}: about {duration(self.total(jobs))} with -j {jobs}{assumed}"


def outlook(tasks: Sequence[Task], force: bool, reporter: Reporter) -> Outlook:
    """The cost of ``tasks``. Those that differ in seeds alone cost the same and are measured once; after 20 s of
    measuring, the other kinds are given the mean of those measured, which are drawn at random."""
    endings = [standing(task, force) for task in tasks]
    statuses = ["missing" if ending is None else ending.status for ending in endings]
    kinds = [_without_seeds(task) for task in tasks]
    wanted = {kind: task for kind, task, ending in zip(kinds, tasks, endings, strict=True) if ending is None}
    order = list(wanted)
    random.Random(0).shuffle(order)
    known: dict[str, float] = {}
    began = time.monotonic()
    with reporter.bar("estimate") as progress:
        for number, kind in enumerate(order):
            if number and time.monotonic() - began > _SECONDS_TO_MEASURE:
                break
            known[kind] = _seconds(wanted[kind])
            if progress is not None:
                progress(float(number + 1), float(len(order)))
    mean = sum(known.values()) / max(1, len(known))
    seconds = [0.0 if ending else known.get(kind, mean) for kind, ending in zip(kinds, endings, strict=True)]
    return Outlook(statuses, seconds, len(known), len(order))


def _without_seeds(task: Task) -> str:
    values = resolved(task.spec)
    del values["name"], values["seed"], values["initial"]["seed"]
    return task.command + json.dumps(values, sort_keys=True)


def _seconds(task: Task) -> float:
    """A start that is refused costs nothing: the sweep will say so of it."""
    try:
        return priced(task.spec, task.command, 1).computing
    except SgdodeError:
        return 0.0


def longest(tasks: Sequence[Task]) -> float:
    """Seconds that the longest of a few of ``tasks`` will take, the first and the last among them, with the compiling
    that comes before."""
    chosen = [*tasks[:: max(1, len(tasks) // _FEW)], tasks[-1]]
    kinds = {_without_seeds(task): task for task in chosen}
    return _COMPILING + max(map(_seconds, kinds.values()))


#: Runs that a job's time is made of, and seconds before the first one.
_FEW, _COMPILING = 5, 30.0
