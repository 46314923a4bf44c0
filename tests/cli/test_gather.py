"""`ls`: one line a file, and what varies."""

import json

from support.pictures import run, sgd
from typer.testing import CliRunner

from sgdode.cli.app import app
from sgdode.cli.gather import add_table_commands


def test_one_line_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, made in enumerate((sgd(d=50), run(d=100))):
        made.save(tmp_path / f"{number}.h5")
    (tmp_path / "broken.h5").write_bytes(b"x")
    done = CliRunner().invoke(app, ["ls"])
    assert done.exit_code == 1, "a file is broken"
    head, one, other = done.stdout.splitlines()
    assert head.split() == ["file", "kind", "status", "dimension", "final", "risk"]
    assert one.split()[:4] == ["0.h5", "SGD", "complete", "50"]
    assert other.split()[:4] == ["1.h5", "ODE", "complete", "100"]
    assert other.split()[4] == "0.0013"
    lines = CliRunner().invoke(app, ["ls", "?.h5", "--json"]).stdout.splitlines()
    assert [json.loads(line)["dimension"] for line in lines] == [50, 100]
    seeds = CliRunner().invoke(app, ["collect", "0.h5", "--per-seed", "--varying"]).stdout.splitlines()
    assert len(seeds) == 9
    assert add_table_commands.__module__ == "sgdode.cli.gather"
