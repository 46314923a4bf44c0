"""The commands that each file adds, and what they need before anything heavy is imported."""

import pytest
import typer

from sgdode.cli.gather import add_table_commands
from sgdode.cli.pictures import load_result
from sgdode.cli.sweep import add_sweep_commands
from sgdode.cli.theory import add_theory_commands
from sgdode.errors import UsageError


@pytest.mark.parametrize(
    ("add", "names"),
    [
        (add_sweep_commands, ["sweep"]),
        (add_table_commands, ["collect", "ls"]),
        (add_theory_commands, ["compare", "reproduce", "verify"]),
    ],
)
def test_each_command_has_an_example(add, names):
    app = typer.Typer()
    add(app)
    assert [command.name for command in app.registered_commands] == names
    for command, name in zip(app.registered_commands, names, strict=True):
        assert command.epilog.startswith(f"Example: sgdode {name} ")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"a\.h5: no such file"):
        load_result(tmp_path / "a.h5")
