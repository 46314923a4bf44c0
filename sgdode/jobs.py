"""One run of one command on one spec: its file, whether it is done already, and its provenance."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from sgdode.checks import Command
from sgdode.errors import FileError, UsageError
from sgdode.identity import attributes, problem_hash, resolved, spec_hash
from sgdode.progress import Reporter
from sgdode.spec import Spec

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
    spec: Spec, command: Command, path: Path, reporter: Reporter, *, force: bool = False, jobs: int | None = None
) -> Outcome:
    """Run ``command`` on ``spec`` into ``path``, unless a finished file of the same values is there.

    Raises UsageError where another run's file is in the way, and what the engines raise.
    """
    if not force and (done := finished(spec, command, path)):
        reporter.note(f"{path} is {done} already; --force computes it again")
        return Outcome(path, KINDS[command], done, True, 0.0)
    began, clock = datetime.now(UTC), time.perf_counter()
    trajectory = _engine(spec, command, reporter, jobs)
    seconds = time.perf_counter() - clock
    trajectory.attributes |= _identity(spec, command)
    trajectory.provenance = _provenance(spec, began, seconds)
    for warning in trajectory.warnings:
        reporter.warn(warning)
    trajectory.save(path)
    reporter.detail(f"{command}: {seconds:.3g} s")
    return Outcome(path, trajectory.kind, trajectory.status, False, seconds)


def finished(spec: Spec, command: Command, path: Path) -> str | None:
    """The status of the file at ``path`` where it holds this very run; None where there is none.

    Raises UsageError where the file there is of another run, or broken.
    """
    if not path.exists():
        return None
    from sgdode.store import header

    try:
        found = header(path)
    except FileError as error:
        raise UsageError(f"{error}; --force replaces it, -o writes elsewhere") from None
    if found.get("spec_hash") != spec_hash(spec, command) or found.get("kind") != KINDS[command]:
        raise UsageError(f"{path}: holds another run; --force replaces it, -o writes elsewhere")
    return str(found.get("status"))


def _engine(spec: Spec, command: Command, reporter: Reporter, jobs: int | None) -> Any:
    from sgdode.checks import require

    require(spec, command)
    with reporter.bar(command) as progress:
        if command == "simulate":
            from sgdode.simulate import simulate

            return simulate(spec, jobs=jobs or cores(), progress=progress)
        from sgdode.integrate import integrate

        return integrate(spec, progress=progress)


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _identity(spec: Spec, command: Command) -> dict[str, Any]:
    hashes = {"spec_hash": spec_hash(spec, command), "problem_hash": problem_hash(spec)}
    return attributes(spec) | hashes


def _provenance(spec: Spec, began: datetime, seconds: float) -> dict[str, str]:
    environment = {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES},
        "git_commit": _commit(),
        "host": socket.gethostname(),
        "processor": _processor(),
        "threads": cores(),
        "command_line": sys.argv,
        "start": began.isoformat(),
        "end": datetime.now(UTC).isoformat(),
        "seconds": seconds,
    }
    text = spec.text or json.dumps(resolved(spec), indent=2, ensure_ascii=False)
    return {
        "spec": text,
        "resolved": json.dumps(resolved(spec), ensure_ascii=False),
        "environment": json.dumps(environment, ensure_ascii=False),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _commit() -> str:
    """The git commit of the source that runs, or nothing where it is an installed copy."""
    source = Path(__file__).resolve().parent
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
