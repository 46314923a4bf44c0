"""The experiments: every spec is valid, every script is one of the shell, made of commands and options that exist."""

import importlib.util
import itertools
import os
import re
import subprocess
from pathlib import Path

import pytest

from sgdode.cli.app import app
from sgdode.spec.load import load_spec

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
SCRIPTS = sorted(EXPERIMENTS.glob("*/figure.sh"))
SPECS = sorted(path for path in EXPERIMENTS.glob("**/*.yaml") if "results" not in path.parts)
COMMANDS = {command.name for command in app.registered_commands}
FOLDERS = {script.parent.name for script in SCRIPTS}


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.parent.name)
def test_specs_are_valid_and_named_after_their_folder(path):
    spec = load_spec(path)
    assert spec.name in (path.parent.name, path.stem)


def test_every_figure_of_the_paper_is_here_and_shown():
    paper = ["fig1", "fig2-left", "fig2-right", "fig3-left", "fig3-right", "fig4", "fig5a", "fig5b", "fig5c", "fig5d"]
    assert FOLDERS.issuperset(paper)
    gallery = (EXPERIMENTS / "README.md").read_text()
    for folder in FOLDERS:
        assert f"{folder}/figure.sh" in gallery or f"`{folder}`" in gallery, folder
    for picture in re.findall(r"\]\((figures/[^)]+)\)", gallery):
        assert (EXPERIMENTS / picture).is_file(), picture
    makefile = (EXPERIMENTS.parent / "Makefile").read_text()
    listed = re.search(r"FIGURES :=((?:.*\\\n)*.*)", makefile)
    assert set(listed[1].replace("\\", " ").split()) == FOLDERS


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.parent.name)
def test_scripts_are_of_the_plain_shell_and_of_sgdode_alone(script):
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
    text = script.read_text()
    assert "set -eu" in text
    assert "quick" in text
    named = set(re.findall(r"sgdode (\w+)", text)) | set(re.findall(r"\$\((?:run|place) (\w+)", text))
    assert {word for word in named if word in COMMANDS}
    assert set(re.findall(r"^\s*sgdode (\w+)", text, re.M)) <= COMMANDS


STAND_IN = """#!/bin/sh
echo "$@" >> "$LOG"
for word; do
    if [ "${last:-}" = --out-dir ]; then mkdir -p "$word"; fi
    last=$word
done
echo "results/$1-$(wc -l < "$LOG" | tr -d " ").h5"
"""


def stand_in(folder):
    """An ``sgdode`` that writes down its arguments, makes its folder and prints a file name."""
    program = folder / "sgdode"
    program.write_text(STAND_IN)
    program.chmod(0o755)


@pytest.mark.parametrize("size", ["quick", "full"])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.parent.name)
def test_scripts_run_from_anywhere_with_specs_that_exist_and_values_that_are_valid(script, size, tmp_path):
    stand_in(tmp_path)
    log = tmp_path / "log"
    copy = tmp_path / "experiments"
    for path in [*SPECS, script]:
        (copy / path.relative_to(EXPERIMENTS).parent).mkdir(parents=True, exist_ok=True)
        (copy / path.relative_to(EXPERIMENTS)).write_bytes(path.read_bytes())
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": str(log)}
    place = copy / script.relative_to(EXPERIMENTS)
    done = subprocess.run(["sh", place, size], cwd="/", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split(" ") for line in log.read_text().splitlines()]
    assert {line[0] for line in lines} <= COMMANDS
    made = {line[line.index("-o") + 1] for line in lines if line[0] == "optimise"}
    for line in lines:
        if line[0] in ("simulate", "integrate") and line[1] not in made:
            load_spec(place.parent / line[1], re.findall(r"--set (\S+=(?:\{.*?\}|\S+))", " ".join(line)))
    assert any(line[0] == "plot" for line in lines)


def loaded_bench():
    path = Path(__file__).parents[2] / "experiments" / "bench.py"
    made = importlib.util.spec_from_file_location("bench", path)
    bench = importlib.util.module_from_spec(made)
    made.loader.exec_module(bench)
    return bench


def test_the_bench_runs():
    """Its tables take minutes; its parts are to be there."""
    bench = loaded_bench()
    assert bench.step(bench.spec(2, 1, 10), seconds=0.0) > 0.0
    (row,) = itertools.islice(bench.variances(), 1)
    assert row.name.startswith("Psi(Var), erf of erf")
    assert row.ratio == row.reference / row.seconds > 0.0


def test_the_bench_tells_what_has_fallen(tmp_path, monkeypatch):
    bench = loaded_bench()
    monkeypatch.setattr(bench, "TABLE", tmp_path / "bench.txt")
    assert bench.committed() == {}
    rows = [bench.Row(name, 1e-3, 2e-3 * n, "another") for n, name in enumerate(("one", "two", "three"), 1)]
    bench.TABLE.write_text("\n".join(["speeds", "columns", *map(str, rows)]))
    assert bench.committed() == {"one": 2.0, "two": 4.0, "three": 6.0}
    later = [rows[0]._replace(seconds=2e-3, reference=4e-3), rows[1]._replace(seconds=1.3e-3), rows[2]]
    assert bench.fallen([*later, bench.Row("new", 1.0, 1.0, "")], bench.committed()) == ["fallen: two: 4 to 3.077"]
