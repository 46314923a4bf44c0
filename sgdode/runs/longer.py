"""A longer run of the same path: from the end of a finished, shorter one that lies beside it."""

from __future__ import annotations

import contextlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sgdode.errors import FileError, UsageError
from sgdode.model.clock import Grid, joined
from sgdode.notebook import tell
from sgdode.reporting import Progress, Reporter
from sgdode.results.checkpoint import Keeper
from sgdode.results.trajectory import Trajectory
from sgdode.runs.file_size import saved_times
from sgdode.spec.memory import Command
from sgdode.spec.provenance import path_hash, spec_hash
from sgdode.spec.schema import Spec

#: Files of one name that are looked at.
_MOST = 1000


@dataclass(frozen=True)
class Earlier:
    """A finished, shorter run: its file, what is in it, and the saved times of the longer one, those of both."""

    path: Path
    run: Trajectory
    times: Grid

    def tell(self, longer: Trajectory) -> None:
        """Let the longer run tell where it was gone on from."""
        before = str(self.run.attributes.get("extended_at", ""))
        ends = [*before.split(", "), f"{self.run.time[-1]:.9g}"] if before else [f"{self.run.time[-1]:.9g}"]
        longer.attributes["extended_at"] = ", ".join(ends)


def earlier_run(spec: Spec, command: Command, path: Path) -> Earlier | None:
    """The longest finished run in the folder of ``path`` whose path that of ``spec`` goes on; None where there is none.

    It has the name of the spec, and all values but those of ``time`` and ``save``; it is shorter, and it holds the
    state of its end.
    """
    wanted, own = path_hash(spec, command), saved_times(spec)
    ends = []
    for file in _candidates(path.parent, spec.name, command):
        with contextlib.suppress(FileError):
            from sgdode.results.hdf5 import header

            found = header(file)
            end = found.get("end")
            if found.get("path_hash") == wanted and found["status"] == "complete" and isinstance(end, float):
                ends.append((end, file))
    for end, file in sorted(ends, reverse=True):
        if end < own.time[-1]:
            with contextlib.suppress(FileError):
                run = Trajectory.load(file)
                if run.state and not run.unsealed and (run.step is None) == (own.step is None):
                    return Earlier(file, run, joined(Grid(run.time, run.step, run.samples), own))
    return None


def extended(
    run: Trajectory, stop: float, *, jobs: int | None = None, progress: Progress | bool | None = None
) -> Trajectory:
    """``run`` to a later ``stop``; see ``Trajectory.extend``."""
    from sgdode.runs.engines import integrate, simulate
    from sgdode.runs.reproduce import COMMANDS, spec_of

    if run.status != "complete" or not stop > run.time[-1]:
        what = f"ended at t = {run.time[-1]:g}; give a later stop" if run.status == "complete" else f"is {run.status}"
        raise UsageError(f"extend: got {stop:g}; the run {what}")
    command, before = COMMANDS[run.kind], run.origin if isinstance(run.origin, Spec) else spec_of(run)
    spec = before.replace({"time.stop": stop})
    earlier = Earlier(run.path or Path(f"{spec.name}.h5"), run, joined(Grid(run.time, run.step), saved_times(spec)))

    def complete(longer: Trajectory) -> None:
        longer.attributes["end"] = float(longer.time[-1])
        earlier.tell(longer)

    with tempfile.TemporaryDirectory() as folder:
        kept = (earlier.path, run) if run.state and not run.unsealed else None
        place, reporter = Path(folder) / "longer.h5", Reporter(quiet=True)
        keeper = Keeper(place, spec_hash(spec, command), complete, reporter, False, kept)
        if command == "simulate":
            found = simulate(spec, jobs=jobs, progress=progress, keeper=keeper, times=earlier.times)
        else:
            found = integrate(spec, progress=progress, keeper=keeper, times=earlier.times)
    complete(found)
    tell(found.warnings)
    return found


def _candidates(folder: Path, name: str, command: Command) -> list[Path]:
    pattern = re.compile(re.escape(f"{name}-{command}-") + r"[0-9a-f]{12}\.h5")
    with contextlib.suppress(OSError):
        return [folder / file.name for file in folder.iterdir() if pattern.fullmatch(file.name)][:_MOST]
    return []
