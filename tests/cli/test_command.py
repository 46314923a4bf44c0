"""What commands say of words that they do not take, and in their help."""

import pytest
import typer
from support.pictures import run
from typer.testing import CliRunner

from sgdode.cli.app import app
from sgdode.cli.command import App, Command


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["check", "a.yaml", "p=3"], "A value of the spec is given by --set p=3"),
        (["sweep", "a.yaml", "p=3,4"], "A value of the spec is given by --grid p=3,4"),
        (["check", "p=3"], "a value of the spec is given by --set p=3"),
        (["show"], "Example: sgdode show"),
        (["export"], "Example: sgdode export"),
    ],
)
def test_a_word_too_many_or_too_few_comes_with_advice(words, advice, sgdode):
    done = sgdode(*words)
    assert done.returncode == 2
    assert advice in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize("name", ["plot", "collect", "ls", "show", "simulate", "sweep"])
def test_no_help_speaks_of_types(name):
    text = CliRunner().invoke(app, [name, "--help"]).stdout
    assert "list[" not in text
    assert "<bool>" not in text
    assert "FILE..." not in text


def test_every_command_is_one_of_these():
    made = typer.main.get_command(app)
    assert isinstance(app, App)
    assert all(isinstance(command, Command) for command in made.commands.values())


def test_a_backend_that_there_is_not_and_a_folder_are_told(sgdode, tmp_path):
    run().save(tmp_path / "a.h5")
    done = sgdode("plot", "a.h5", MPLBACKEND="nonsense")
    assert (done.returncode, "MPLBACKEND=nonsense is set" in done.stderr) == (2, True)
    done = sgdode("schema", "-o", ".")
    assert done.returncode == 1
    assert "it is a folder; give a file" in done.stderr
