"""Commands in processes of their own, and waiting for what they do."""

from __future__ import annotations

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


def begin(folder: Path, *arguments: Any) -> subprocess.Popen[str]:
    """``sgdode`` with ``arguments`` in ``folder``, in a new interpreter, under way."""
    command = [sys.executable, "-m", "sgdode", *map(str, arguments)]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(condition: Callable[[], Any], process: subprocess.Popen[str] | None = None) -> None:
    """Wait until ``condition()`` holds; AssertionError where ``process`` ends before, or it never comes."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process is None or process.poll() is None or condition(), process.communicate()
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
