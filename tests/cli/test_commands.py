"""The commands that each file adds, and what they need before anything heavy is imported."""

import pytest
import typer

from sgdode.cli import sweep, theory
from sgdode.errors import UsageError


@pytest.mark.parametrize(("module", "names"), [(sweep, ["sweep", "collect"]), (theory, ["compare", "verify"])])
def test_each_command_has_an_example(module, names):
    app = typer.Typer()
    module.register(app)
    assert [command.callback.__name__ for command in app.registered_commands] == names
    for command, name in zip(app.registered_commands, names, strict=True):
        assert command.epilog.startswith(f"Example: sgdode {name} ")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"a\.h5: no such file"):
        theory.loaded(tmp_path / "a.h5")
