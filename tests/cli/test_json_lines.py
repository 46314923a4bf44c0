"""What is printed as JSON is JSON."""

import ast
import json
import math
from pathlib import Path

import numpy as np
import pytest

import sgdode.cli
from sgdode.cli.json_lines import json_text, print_json
from sgdode.runs.run import Outcome

INFINITE = """
dimension: .inf
teacher: {width: 2}
student: {width: .inf}
learning_rate: 0.5
initial: {kind: in-teacher-span}
time: {stop: 0.1, points: 3}
"""


def strictly(text):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_numbers_that_json_has_not_are_null(capsys):
    value = {
        "a": math.inf,
        "b": [math.nan, {"c": (-math.inf, 1.5)}],
        "d": np.array([1.0, np.inf]),
        "e": np.float64(2.0),
    }
    print_json(value)
    expected = {"a": None, "b": [None, {"c": [None, 1.5]}], "d": [1.0, None], "e": 2.0}
    assert strictly(capsys.readouterr().out) == expected
    assert json_text({"path": "é\udcff"}).isascii()


def test_check_of_infinite_sizes_prints_json(sgdode, tmp_path):
    (tmp_path / "config.yaml").write_text(INFINITE)
    done = sgdode("check", "--json", "--set", "student.width=inf")
    assert done.returncode == 0, done.stderr
    found = strictly(done.stdout)
    assert found["steps"] is None
    assert [run["command"] for run in found["runs"]] == ["integrate"]


def test_one_function_prints_json():
    for path in Path(sgdode.cli.__file__).parent.glob("*.py"):
        calls = [
            node.func.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        ]
        if path.name not in ("json_lines.py", "describe.py"):  # which shows lists to readers
            assert "dumps" not in calls, path


@pytest.mark.parametrize("seconds", [0.0, math.inf])
def test_what_a_run_tells_is_json(seconds):
    assert strictly(json_text(Outcome(Path("x.h5"), "simulation", "complete", False, seconds).summary()))
