"""One run of one command on one spec: its file, whether it is done already, and its provenance."""

from __future__ import annotations

import json
import platform
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sgdode.errors import FileError, Stopped, UsageError
from sgdode.machine import processors
from sgdode.reporting import Reporter
from sgdode.signals import stoppable
from sgdode.spec.memory import Command
from sgdode.spec.provenance import spec_hash
from sgdode.spec.schema import Spec

if TYPE_CHECKING:
    from sgdode.results.checkpoint import Keeper
    from sgdode.results.trajectory import Trajectory

KINDS: dict[Command, Literal["simulation", "integration"]] = {"simulate": "simulation", "integrate": "integration"}
_PACKAGES = ("sgdode", "numpy", "scipy", "numba", "h5py", "scikit-sundae", "matplotlib")


@dataclass(frozen=True)
class Outcome:
    """What a command did: the file, its status, and whether it was there already."""

    path: Path
    kind: str
    status: str
    skipped: bool
    seconds: float

    @property
    def exit_status(self) -> int:
        """0 for a complete file, 1 for one that ends in a divergence."""
        return 0 if self.status == "complete" else 1

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
    resume: bool = False,
    jobs: int | None = None,
    wait: bool = True,
    words: Sequence[str] = sys.argv,
) -> Outcome:
    """Run ``command`` on ``spec`` into ``path``, unless a finished file of the same values is there.

    ``resume`` goes on from a checkpoint of the same run, where there is one. A run that computes ``path`` in another
    process is waited for, or with ``wait`` false raises Busy. ``words`` is the command line that the file shall tell.
    Raises UsageError where another run's file is in the way, Stopped where a signal ends the run with a checkpoint, and
    what the engines raise.
    """
    from sgdode.runs.lock import hold

    if not force and (done := _done_already(spec, command, path, reporter)):
        return done
    _check_target(path)
    with hold(path, reporter, wait):
        if not force and (done := _done_already(spec, command, path, reporter)):
            return done
        return _compute(spec, command, path, reporter, resume, jobs, words)


def _done_already(spec: Spec, command: Command, path: Path, reporter: Reporter) -> Outcome | None:
    if status := finished(spec, command, path):
        reporter.note(f"{path} is {status} already; --force computes it again")
        return Outcome(path, KINDS[command], status, True, 0.0)
    return None


def _compute(
    spec: Spec,
    command: Command,
    path: Path,
    reporter: Reporter,
    resume: bool,
    jobs: int | None,
    words: Sequence[str],
) -> Outcome:
    from sgdode.results.checkpoint import Keeper

    began, clock = datetime.now(UTC), time.perf_counter()

    def complete(trajectory: Trajectory) -> None:
        trajectory.provenance["environment"] = _environment(began, time.perf_counter() - clock, words)

    keeper = Keeper(path, spec_hash(spec, command), complete, reporter.warn)
    _look_for_checkpoint(keeper, reporter, resume)
    trajectory = _engine(spec, command, reporter, jobs, keeper)
    complete(trajectory)
    seconds = time.perf_counter() - clock
    for warning in trajectory.warnings:
        reporter.warn(warning)
    trajectory.save(path)
    keeper.drop()
    reporter.detail(f"{command}: {seconds:.3g} s")
    return Outcome(path, trajectory.kind, trajectory.status, False, seconds)


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


def _look_for_checkpoint(keeper: Keeper, reporter: Reporter, resume: bool) -> None:
    if resume and keeper.find():
        assert keeper.resumed is not None
        reporter.note(f"going on from {keeper.path} (t = {keeper.resumed.time[-1]:.4g})")
    elif resume:
        reporter.note(f"no checkpoint {keeper.path}: starting from zero")
    elif keeper.path.exists():
        reporter.note(f"{keeper.path} is the checkpoint of a stopped run; --resume goes on from it; starting over now")


def _engine(spec: Spec, command: Command, reporter: Reporter, jobs: int | None, keeper: Keeper) -> Trajectory:
    from sgdode.spec.checks import require

    require(spec, command)
    try:
        with stoppable(), reporter.bar(command) as progress:
            if command == "simulate":
                from sgdode.runs.engines import simulate

                return simulate(spec, jobs=jobs or processors(), progress=progress, keeper=keeper)
            from sgdode.runs.engines import integrate

            return integrate(spec, progress=progress, keeper=keeper)
    except Stopped as stopped:
        raise Stopped(stopped.cause, stopped.exit_status, _advice(keeper)) from None


def _advice(keeper: Keeper) -> str:
    """What to do after a stop."""
    if not keeper.path.exists():
        return " before there was anything to keep; run it again"
    return f"; checkpoint: {keeper.path}\ngo on with: {resuming()}"


def resuming() -> str:
    """This process's command line, with --resume."""
    words = [word for word in sys.argv[1:] if word not in ("--resume", "--force")]
    return shlex.join(["sgdode", *words, "--resume"])


def _environment(began: datetime, seconds: float, words: Sequence[str]) -> str:
    environment = {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES},
        "git_commit": _commit(),
        "host": socket.gethostname(),
        "processor": _processor(),
        "threads": processors(),
        "command_line": list(words),
        "start": began.isoformat(),
        "end": datetime.now(UTC).isoformat(),
        "seconds": seconds,
    }
    return json.dumps(environment)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _commit() -> str:
    """The git commit of the source that runs, or nothing where it is an installed copy."""
    source = Path(__file__).resolve().parents[1]
    if not (source.parent / ".git").exists():
        return ""
    command = ["git", "-C", str(source), "describe", "--always", "--abbrev=40", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
