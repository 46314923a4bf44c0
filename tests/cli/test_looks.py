"""`show` of one file, of several, for programs; `export` to stdout and to what xarray opens."""

import json

import numpy as np
import pytest
from support.pictures import run, sgd
from typer.testing import CliRunner

from sgdode.cli.app import app
from sgdode.cli.looks import add_looking_commands


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environment = {
        "versions": {"sgdode": "9", "numpy": "2"},
        "host": "h",
        "git_commit": "abc",
        "command_line": ["/bin/sgdode", "run", "a b.yaml"],
    }
    made = sgd(d=50)
    made.provenance["environment"] = json.dumps(environment)
    made.save("a.h5")
    run(d=100).save("b.h5")
    return tmp_path


def asked(*words):
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def test_the_commands_are_here():
    assert add_looking_commands.__module__ == "sgdode.cli.looks"


def test_show_tells_where_a_file_was_made(folder):
    text = asked("show", "a.h5").stdout
    assert "commit abc" in text
    assert "sgdode run 'a b.yaml'" in text
    told = json.loads(asked("show", "a.h5", "--json").stdout)
    assert told["environment"]["host"] == "h"
    assert told["settings"]["dimension"] == 50
    assert told["final_risk"] > 0


def test_show_of_several_is_a_list(folder):
    for words in (["a.h5", "b.h5"], ["."]):
        assert [line.split()[0] for line in asked("show", *words).stdout.splitlines()] == ["file", "a.h5", "b.h5"]


def test_export_to_stdout_and_for_xarray(folder):
    xarray = pytest.importorskip("xarray")
    lines = asked("export", "b.h5").stdout.splitlines()
    assert lines[0].startswith("time,")
    assert asked("export", "a.h5", "-o", "a.nc").stdout == "a.nc\n"
    with xarray.open_dataset("a.nc") as there, xarray.open_dataset("a.h5") as here:
        np.testing.assert_array_equal(there["risk"], here["risk"])
