"""Commands in processes of their own, and waiting for what they do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SPEC = """
dimension: 60
teacher: {width: 2, noise: 0.01}
student: {width: 3}
learning_rate: 0.5
time: {stop: 1.0, points: 5}
simulate: {seeds: 2}
"""
#: The end of waiting for what does not come: a machine may be slow, so no test counts on less.
PATIENCE = 600.0


EAGER = Path(__file__).with_name("eager")


def eagerly(**faults: Any) -> dict[str, str]:
    """The environment of processes with a checkpoint at every opportunity, and with the ``faults`` that
    support/eager/sitecustomize.py tells of: kill=7, stop=15, once=PATH, starts=PATH."""
    path = os.pathsep.join(filter(None, [str(EAGER), os.environ.get("PYTHONPATH")]))
    named = {f"SGDODE_TEST_{name.upper()}": str(value) for name, value in faults.items()}
    return {**os.environ, "PYTHONPATH": path, **named}


def begin(folder: Path, *arguments: Any, program: Path | None = None, **more: Any) -> subprocess.Popen[str]:
    """``sgdode`` with ``arguments`` in ``folder``, under way: the ``program`` of the fixture, or in a new interpreter;
    ``more`` is for Popen."""
    command = [*([program] if program else [sys.executable, "-m", "sgdode"]), *map(str, arguments)]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Status, stdout and stderr of a process, once it has ended."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out.strip(), err


def until(condition: Callable[[], Any], process: subprocess.Popen[str] | None = None) -> None:
    """Wait until ``condition()`` holds; AssertionError where ``process`` ends before, or it never comes."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process is None or process.poll() is None or condition(), process.communicate()
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
