"""One run of one command on one spec: its file, whether it is done already, and its provenance."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sgdode.errors import FileError, RunError, Stopped, UsageError
from sgdode.machine import processors
from sgdode.parts import forget, part, spent, started
from sgdode.reporting import Reporter
from sgdode.runs.environment import environment
from sgdode.signals import waiting
from sgdode.spec.memory import Command
from sgdode.spec.provenance import spec_hash
from sgdode.spec.schema import Spec

if TYPE_CHECKING:
    from sgdode.model.clock import Grid
    from sgdode.results.checkpoint import Keeper
    from sgdode.results.trajectory import Trajectory

KINDS: dict[Command, Literal["simulation", "integration"]] = {"simulate": "simulation", "integrate": "integration"}


@dataclass(frozen=True)
class Outcome:
    """What a command did: the file, its status, and whether it was there already."""

    path: Path
    kind: str
    status: str
    skipped: bool
    seconds: float
    misplaced: bool = False

    @property
    def exit_status(self) -> int:
        """0 for a complete file, 1 for one that ends in a divergence, or that is not where it was asked for."""
        return 0 if self.status == "complete" and not self.misplaced else 1

    def summary(self) -> dict[str, Any]:
        """What --json prints."""
        return {
            "path": str(self.path),
            "kind": self.kind,
            "status": self.status,
            "skipped": self.skipped,
            "seconds": round(self.seconds, 3),
        }


def default_path(spec: Spec, command: Command, folder: Path) -> Path:
    """NAME-COMMAND-HASH.h5 in ``folder``."""
    return folder / f"{spec.name}-{command}-{spec_hash(spec, command)}.h5"


def perform(
    spec: Spec,
    command: Command,
    path: Path,
    reporter: Reporter,
    *,
    force: bool = False,
    restart: bool = False,
    jobs: int | None = None,
    wait: bool = True,
    words: Sequence[str] = sys.argv,
) -> Outcome:
    """Run ``command`` on ``spec`` into ``path``, unless a finished file of the same values is there.

    A checkpoint of the same run is gone on from, and else a finished, shorter run beside it, unless ``restart``.
    A run that computes ``path`` in another process is waited for, or with ``wait`` false raises Busy. ``words`` is the
    command line that the file shall tell.
    Raises UsageError where another run's file is in the way, Stopped where a signal ends the run with a checkpoint, and
    what the engines raise.
    """
    from sgdode.runs.lock import hold
    from sgdode.runs.place import refuse_full, refuse_name

    refuse_name(path)
    if not force and (done := _done_already(spec, command, path, reporter)):
        return done
    _check_target(path)
    refuse_full(spec, command, path)
    with hold(path, reporter, wait), waiting():
        if not force and (done := _done_already(spec, command, path, reporter)):
            return done
        return _compute(spec, command, path, reporter, _How(force, restart, jobs, words))


def _done_already(spec: Spec, command: Command, path: Path, reporter: Reporter) -> Outcome | None:
    if status := finished(spec, command, path):
        from sgdode.runs.lock import tidy

        tidy(path)
        reporter.note(f"{path} is {status} already; --force computes it again")
        return Outcome(path, KINDS[command], status, True, 0.0)
    return None


@dataclass(frozen=True)
class _How:
    """How a run is asked for."""

    force: bool
    restart: bool
    jobs: int | None
    words: Sequence[str]


def _compute(spec: Spec, command: Command, path: Path, reporter: Reporter, how: _How) -> Outcome:
    from sgdode.results.checkpoint import Keeper
    from sgdode.runs.longer import earlier_run

    start = started()
    expected = _expected(spec, command, how.jobs, start) if reporter.verbose else {}
    forget(start)
    began, clock = datetime.now(UTC), time.perf_counter()
    earlier = None if how.force or how.restart else earlier_run(spec, command, path)

    def complete(trajectory: Trajectory) -> None:
        trajectory.provenance["environment"] = environment(began, time.perf_counter() - clock, how.words)
        trajectory.attributes["end"] = float(trajectory.time[-1])
        if earlier is not None:
            earlier.tell(trajectory)

    kept, times = (None, None) if earlier is None else ((earlier.path, earlier.run), earlier.times)
    keeper = Keeper(path, spec_hash(spec, command), complete, reporter, how.restart, kept)
    trajectory = _engine(spec, command, reporter, how.jobs, keeper, times)
    complete(trajectory)
    seconds = time.perf_counter() - clock
    for warning in trajectory.warnings:
        reporter.warn(warning)
    _refuse_unknown(trajectory, command, how.force)
    with part("write"):
        place = _written(trajectory, path, reporter, how.force)
        if place == path:
            keeper.drop()
    reporter.detail(f"{command}: {seconds:.3g} s")
    _account(command, expected, reporter)
    return Outcome(place, trajectory.kind, trajectory.status, False, seconds, misplaced=place != path)


def _expected(spec: Spec, command: Command, jobs: int | None, start: dict[str, float]) -> dict[str, float]:
    """What each part of a run is expected to take, a start where it has one."""
    from sgdode.runs.pricing import priced

    parts = priced(spec, command, jobs or processors()).parts
    return {name: seconds for name, seconds in parts.items() if name != "start" or start}


def _account(command: Command, expected: dict[str, float], reporter: Reporter) -> None:
    """Tell what each part took, beside what was expected, and remember it."""
    from sgdode.runs.speeds import learn

    took = spent()
    if reporter.verbose:
        from sgdode.runs.check import beside

        reporter.detail(beside(expected, took))
    learn(command, took)


def _written(trajectory: Trajectory, path: Path, reporter: Reporter, force: bool) -> Path:
    """Where a result was written: at ``path``, or, where that fails or another file has come there meanwhile, beside
    it, in the current folder, or among the temporary files. Raises FileError where all fail."""
    try:
        if force or not path.exists():
            return trajectory.save(path)
        if not _is_of(path, trajectory):
            raise FileError(f"{path}: another file has come there meanwhile")
        reporter.note(f"{path} has been computed by another process meanwhile")
        return path
    except FileError as error:
        for place in _other_places(path):
            with contextlib.suppress(FileError):
                trajectory.save(place)
                reporter.error(f"{error}; the result is {place}")
                return place
        raise


def _is_of(path: Path, trajectory: Trajectory) -> bool:
    """Whether the file at ``path`` holds the run of ``trajectory``."""
    from sgdode.results.hdf5 import header

    with contextlib.suppress(FileError):
        found = header(path)
        return (found["kind"], found.get("spec_hash")) == (trajectory.kind, trajectory.attributes["spec_hash"])
    return False


def _other_places(path: Path) -> list[Path]:
    """Where a result goes that cannot go to ``path``: names that nobody has."""
    own = f"{path.stem[:100]}-{secrets.token_hex(4)}.h5"
    return [folder / own for folder in dict.fromkeys((path.parent, Path.cwd(), Path(tempfile.gettempdir())))]


def _refuse_unknown(trajectory: Trajectory, command: Command, force: bool) -> None:
    """Refuse to write a theory whose risk is not known."""
    from sgdode.results.trajectory import LARGEST_RISK_ERROR

    error = float(trajectory.attributes.get("risk_error", 0.0))
    if command == "integrate" and error > LARGEST_RISK_ERROR and not force:
        raise RunError(
            f"integrate: not written: the risk is known to {error:.1%} of itself alone (at most 1 %), its Gaussian "
            "averages are too coarse for these activations: lower their gains or the widths, or write it with --force"
        )


def finished(spec: Spec, command: Command, path: Path) -> str | None:
    """The status of the file at ``path`` where it holds this very run; None where there is none.

    Raises UsageError where the file there is of another run, or broken.
    """
    if not path.exists():
        return None
    from sgdode.results.hdf5 import header

    try:
        found = header(path)
    except FileError as error:
        raise UsageError(f"{error}; --force replaces it, -o writes elsewhere") from None
    if found.get("spec_hash") != spec_hash(spec, command) or found.get("kind") != KINDS[command]:
        raise UsageError(f"{path}: holds another run; --force replaces it, -o writes elsewhere")
    return str(found.get("status"))


def _check_target(path: Path) -> None:
    """Refuse, before anything is computed, a place that cannot be written, or that holds what is not a result."""
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; give a file, or the folder with --out-dir")
    if path.exists() and not (path.is_file() and _is_hdf5(path)):
        raise UsageError(f"{path}: is not an HDF5 file, so even --force does not replace it; -o writes elsewhere")
    if path.parent.exists() and not path.parent.is_dir():
        raise UsageError(f"{path}: cannot be written there: {path.parent} is a file; give a folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise UsageError(f"{path}: cannot be written there: {error.strerror or error}") from None


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8) in (b"\x89HDF\r\n\x1a\n", b"")


def _engine(
    spec: Spec, command: Command, reporter: Reporter, jobs: int | None, keeper: Keeper, times: Grid | None
) -> Trajectory:
    from sgdode.spec.checks import require

    require(spec, command)
    _tell_of_compiling(reporter)
    try:
        with reporter.bar(command) as progress:
            if command == "simulate":
                from sgdode.runs.engines import simulate

                return simulate(spec, jobs=jobs or processors(), progress=progress, keeper=keeper, times=times)
            from sgdode.runs.engines import integrate

            return integrate(spec, progress=progress, keeper=keeper, times=times)
    except Stopped as stopped:
        raise Stopped(stopped.cause, stopped.exit_status, _advice(keeper)) from None


def _tell_of_compiling(reporter: Reporter) -> None:
    """The first run of all takes long: say so, before the compiler is imported."""
    from sgdode.jit.kept import any_kept

    if reporter.draws and not any_kept():
        reporter.note("compiling, once: some seconds (`sgdode warm-up` compiles everything, for later)")


def _advice(keeper: Keeper) -> str:
    """What to do after a stop."""
    if not keeper.path.exists():
        return " before there was anything to keep; run it again"
    return f"; checkpoint: {keeper.path}\ngo on with: {resuming()}"


def resuming() -> str:
    """The command line that goes on where this process's stops."""
    words = [word for word in sys.argv[1:] if word not in ("--resume", "--restart")]
    return shlex.join(["sgdode", *words])
