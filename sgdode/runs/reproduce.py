"""A result computed again from itself: are the numbers the same?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sgdode.errors import Defect, FileError, SpecError
from sgdode.model.clock import Grid
from sgdode.reporting import Reporter
from sgdode.results.trajectory import Trajectory
from sgdode.runs.engines import integrate, simulate
from sgdode.spec.load import load_spec
from sgdode.spec.memory import Command
from sgdode.spec.provenance import spec_hash
from sgdode.spec.schema import Spec, StoredStart

COMMANDS: dict[str, Command] = {"simulation": "simulate", "integration": "integrate"}


@dataclass(frozen=True)
class Reproduction:
    """What became of a result that was computed again: the largest relative difference of each array (0: bit for bit
    the same; inf: of another shape), and ``notes``."""

    run: Trajectory
    differences: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def largest(self) -> float:
        """The largest difference, relative to the largest number of its array."""
        return max(self.differences.values())

    def equal(self, tolerance: float = 0.0) -> bool:
        """Whether no number differs by more than ``tolerance``."""
        return self.largest <= tolerance

    def text(self) -> str:
        """One line for a reader."""
        names = [name for name, value in self.differences.items() if value]
        if not names:
            return f"reproduced: {', '.join(self.differences)} are the same, bit for bit"
        worst = max(names, key=lambda name: self.differences[name])
        if self.largest == np.inf:
            return f"NOT reproduced: {worst} has another shape"
        return f"NOT the same bit for bit: {', '.join(names)}; the largest difference is {self.largest:.2g} of {worst}"


def reproduce(
    run: Trajectory, reporter: Reporter | None = None, jobs: int = 1, allow_code: bool = False
) -> Reproduction:
    """Compute ``run`` again from what its file holds: every value of its spec, the start that came from a file, the
    saved times of a run that was extended, and, where ``allow_code``, Python code of an activation.

    Raises FileError for a result that does not hold that, and what the engines raise.
    """
    reporter, command = reporter or Reporter(quiet=True), COMMANDS[run.kind]
    spec = spec_of(run, allow_code)
    notes: tuple[str, ...] = ()
    if (now := spec_hash(spec, command)) != run.attributes.get("spec_hash"):
        notes = (f"this version of sgdode has other numbers for it: its hash is {now} here",)
    times = Grid(run.time, run.step, run.samples) if "extended_at" in run.attributes else None
    with reporter.bar(command) as progress:
        if command == "simulate":
            again = simulate(spec, jobs=jobs, progress=progress, times=times)
        else:
            again = integrate(spec, progress=progress, times=times)
    return Reproduction(again, _differences(run, again), notes)


def spec_of(run: Trajectory, allow_code: bool = False) -> Spec:
    """The spec of a result, with the start that it holds in place of ``initial.file``. Raises FileError."""
    if run.status == "partial":
        raise FileError("it is the checkpoint of a run that is not finished")
    values = run.resolved
    if not values:
        raise FileError("it does not hold its spec, as a result of a run does")
    try:
        spec = load_spec(_without_missing_files(values, run), allow_code=allow_code)
    except SpecError as error:
        raise SpecError(
            [Defect("the spec in the file", defect.key, defect.reason) for defect in error.defects]
        ) from None
    if run.start:
        spec._stored_start = StoredStart(run.start, run.provenance.get("start", ""))
    return spec


def _without_missing_files(values: dict[str, Any], run: Trajectory) -> dict[str, Any]:
    """The values, where the start comes with the result: any file that is there does in place of its own."""
    initial = values.get("initial", {})
    return {**values, "initial": {**initial, "file": __file__}} if run.start and "file" in initial else values


def _differences(one: Trajectory, other: Trajectory) -> dict[str, float]:
    """The largest relative difference of every array."""
    mine, its = ({"time": run.time, "P": run.P, **run.curves} for run in (one, other))
    return {name: _difference(mine[name], its.get(name)) for name in mine}


def _difference(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any] | None) -> float:
    if other is None or one.shape != other.shape:
        return float("inf")
    if np.array_equal(one, other):
        return 0.0
    scale = max(float(np.abs(one).max()), 1e-300)
    return max(float(np.abs(one - other).max()) / scale, 5e-324)
