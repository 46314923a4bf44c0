"""What the tests share: small specs, the command line in a real process, the reference trajectories."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import forked
import pytest

from sgdode.spec.load import load_spec

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"

SMALL: dict[str, Any] = {
    "dimension": 100,
    "teacher": {"width": 2},
    "student": {"width": 3},
    "learning_rate": 0.5,
    "time": {"stop": 1.0, "points": 5},
    "simulate": {"seeds": 2},
}


def pytest_sessionstart(session):
    """Before the workers of a parallel run start: compile once, on two cores, what each of them would compile."""
    if getattr(session.config.option, "numprocesses", None) and not hasattr(session.config, "workerinput"):
        command = [sys.executable, str(Path(__file__).with_name("compiling.py"))]
        compilers = [subprocess.Popen([*command, engine]) for engine in ("simulate", "integrate")]
        assert [process.wait() for process in compilers] == [0, 0]


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``base`` with nested ``changes``."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


@pytest.fixture
def counted(record_property):
    """``counted(what, number)``: adds to a total that is told at the end of all tests."""
    return lambda what, number=1: record_property("counted", (what, number))


def pytest_terminal_summary(terminalreporter):
    totals = Counter()
    reports = (report for category in terminalreporter.stats.values() for report in category)
    for report in reports:
        if getattr(report, "when", None) == "call":
            for key, value in report.user_properties:
                if key == "counted":
                    totals[value[0]] += value[1]
    for what, number in sorted(totals.items()):
        terminalreporter.write_line(f"{number:7d} {what}")


@pytest.fixture
def small():
    """``small(**changes)``: a spec that runs in milliseconds, with nested changes."""
    return lambda **changes: load_spec(merged(SMALL, changes))


@pytest.fixture(scope="session")
def reference():
    """``reference(name)``: one of the reference trajectories, as read from JSON."""

    def load(name: str) -> dict[str, Any]:
        path = REFERENCE / name
        if not path.is_file():
            pytest.skip(f"reference data {name} is not here")
        return json.loads(path.read_text())

    return load


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The path of an executable file ``sgdode``."""
    return forked.program(tmp_path_factory.mktemp("bin"))


@pytest.fixture
def sgdode(tmp_path, program):
    """``sgdode(*arguments, input=...)``: the command line in a process of its own, in an empty folder; in a new
    interpreter where variables of the environment are given."""

    def run(*arguments: str | Path, input: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sgdode"] if environment else [program]
        return subprocess.run(
            [*map(str, command), *map(str, arguments)],
            input=input,
            stdin=None if input is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ | environment,
            check=False,
        )

    return run
