"""What the tests share: small specs, the command line in a real process, the reference trajectories."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support import forked
from support.specs import SMALL, merged

from sgdode.spec.load import load_spec

TESTS = Path(__file__).parent


def pytest_configure():
    """Signals are what they are in a terminal: a shell without jobs starts what runs in the background with SIGINT
    ignored, nohup with SIGHUP, and an interrupt that a test sends would not come."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_sessionstart(session):
    """Before the workers of a parallel run start: compile once, on two cores, what each of them would compile."""
    if getattr(session.config.option, "numprocesses", None) and not hasattr(session.config, "workerinput"):
        command = [sys.executable, "-m", "support.compiling"]
        compilers = [subprocess.Popen([*command, engine], cwd=TESTS) for engine in ("simulate", "integrate")]
        assert [process.wait() for process in compilers] == [0, 0]


def pytest_collection_modifyitems(items):
    """What takes long comes first: many short tests at the end keep both workers at work."""
    items.sort(key=lambda item: not {"stories", "sweeps"} & set(item.path.parts))


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
        return json.loads((TESTS / "reference" / name).read_text())

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
