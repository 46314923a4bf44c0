"""Every command has help with an example, and the example runs; in 80 columns, in colour and without, piped."""

import os
import re
import subprocess
import sys

import pytest

from sgdode.cli.app import app

SPEC = """
dimension: 50
teacher: {width: 2, noise: 0.01}
student: {width: 3}
learning_rate: 0.5
time: {stop: 0.01, points: 4}
simulate: {seeds: 8}
"""
COMMANDS = [command.name for command in app.registered_commands]


@pytest.fixture
def shell(tmp_path, program):
    """``shell(line)``: as a user types it, with ``sgdode`` on the path; a new interpreter where variables are given."""

    def run(line, **environment):
        function = f'sgdode() {{ "{sys.executable}" -m sgdode "$@"; }}\n' if environment else ""
        values = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "COLUMNS": "80", **environment}
        command = ["bash", "-c", function + line]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=values, check=False)

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_in_the_help_runs(command, tmp_path, shell):
    told = shell(f"sgdode {command} --help")
    assert told.returncode == 0
    assert max(map(len, told.stdout.splitlines())) <= 80
    assert "\x1b[" not in told.stdout, "piped: no colour"
    example = re.search(r"Example: (sgdode .*)", " ".join(told.stdout.split()))
    assert example, f"{command} has no example"
    assert f"sgdode {command}" in example[1]
    if command == "verify":
        pytest.skip("three minutes; what it does runs in analysis/test_theorems.py")
    (tmp_path / "config.yaml").write_text(SPEC)
    if "*.h5" in example[1]:
        assert shell("sgdode simulate -q && sgdode integrate -q").returncode == 0
    done = shell(example[1])
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_colour_follows_the_terminal_and_no_color(shell):
    assert "\x1b[" in shell("sgdode --help", FORCE_COLOR="1").stdout
    plain = shell("sgdode --help", NO_COLOR="1", FORCE_COLOR="1").stdout
    assert not re.search(r"\x1b\[(\d+;)*3[1-7]m", plain)
    for command in COMMANDS:
        assert command in plain


def test_help_reads_in_an_ascii_terminal(shell):
    for command in ("simulate", "plot", "sweep", "compare"):
        done = shell(f"sgdode {command} --help", PYTHONIOENCODING="ascii")
        assert done.returncode == 0, done.stderr
