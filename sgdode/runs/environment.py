"""How and where a run was made, as its file tells it."""

from __future__ import annotations

import json
import platform
import socket
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sgdode.machine import processors

_PACKAGES = ("sgdode", "numpy", "scipy", "numba", "h5py", "scikit-sundae", "matplotlib")


def environment(began: datetime, seconds: float, words: Sequence[str]) -> str:
    """As JSON: versions, git commit, host, processor, threads, command line, start and end in UTC, and seconds.

    ``began`` is the start, ``words`` the command line that the file shall tell.
    """
    told = {
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
    return json.dumps(told)


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
    command = ["git", "--no-optional-locks", "-C", str(source), "describe", "--always", "--abbrev=40", "--dirty"]
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
