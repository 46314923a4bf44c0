"""`sgdode reproduce`: one line, and a status."""

import json

import pytest
import typer
from support.specs import SMALL

from sgdode import Trajectory, integrate, load_spec
from sgdode.cli.reproduce import reproduce_command
from sgdode.errors import SgdodeError


def test_it_tells_whether_the_numbers_are_the_same(tmp_path, capsys):
    path = integrate(load_spec(SMALL)).save(tmp_path / "x.h5")
    reproduce_command(path, jobs=1)
    assert capsys.readouterr().out == f"{path}: reproduced: time, P, risk, M, Q are the same, bit for bit\n"
    run = Trajectory.load(path)
    run.curves["risk"] = run.risk * (1 + 1e-9)
    run.save(path)
    with pytest.raises(typer.Exit) as end:
        reproduce_command(path, as_json=True)
    assert end.value.exit_code == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["equal"], told["differences"]["M"]) == (False, 0)
    reproduce_command(path, tolerance=1e-8)
    run.provenance = {}
    run.save(path)
    with pytest.raises(SgdodeError, match=r"x\.h5: it does not hold its spec"):
        reproduce_command(path)
