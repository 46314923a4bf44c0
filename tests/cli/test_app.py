"""The command line in real processes: the main job, stdout and stderr, statuses, and an answer to every wrong use."""

import json
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from support.pictures import legend

from sgdode.plots.draw import draw
from sgdode.plots.files import save_figure
from sgdode.results.trajectory import Trajectory

SPEC = """
dimension: 100
teacher: {width: 2, noise: 0.01}
student: {width: 3}
learning_rate: 0.5
time: {stop: 1.0, points: 6}
simulate: {seeds: 3}
"""


@pytest.fixture
def spec(tmp_path):
    (tmp_path / "config.yaml").write_text(SPEC)
    return tmp_path / "config.yaml"


def test_the_main_job(sgdode, spec, tmp_path):
    simulated, integrated = sgdode("simulate"), sgdode("integrate")
    assert simulated.returncode == integrated.returncode == 0, simulated.stderr + integrated.stderr
    one, other = simulated.stdout.strip(), integrated.stdout.strip()
    assert re.fullmatch(r"config-simulate-[0-9a-f]{12}\.h5", one)
    assert re.fullmatch(r"config-integrate-[0-9a-f]{12}\.h5", other)
    plotted = sgdode("plot", one, other)
    assert plotted.stdout == "config-risk.png\n", plotted.stderr
    picture = draw([Trajectory.load(tmp_path / path) for path in (one, other)])
    assert legend(picture) == ["SGD, mean ± s.e. of 3 runs", "ODE (full)"]
    again = save_figure(picture, tmp_path / "again.png", f"sgdode plot {one} {other}")
    assert again.read_bytes() == (tmp_path / "config-risk.png").read_bytes()
    assert sgdode("show", "again.png").stdout.splitlines()[1] == f"command: sgdode plot {one} {other}"
    runs, theory = Trajectory.load(tmp_path / one), Trajectory.load(tmp_path / other)
    np.testing.assert_array_equal(runs.time, theory.time)
    for seed in range(3):
        np.testing.assert_array_equal(runs.Q[seed, 0], theory.Q[0])
        np.testing.assert_array_equal(runs.M[seed, 0], theory.M[0])
    assert runs.provenance["spec"] == SPEC
    assert runs.attributes["problem_hash"] == theory.attributes["problem_hash"]
    environment = json.loads(runs.provenance["environment"])
    assert environment["versions"]["numpy"] == np.__version__
    assert environment["seconds"] > 0


def test_a_finished_file_is_not_computed_again(sgdode, spec, tmp_path):
    first = sgdode("integrate", "--out-dir", "deep/results")
    path = tmp_path / first.stdout.strip()
    assert path.parent == tmp_path / "deep" / "results"
    before = path.stat().st_mtime_ns
    again = sgdode("integrate", "--out-dir", "deep/results", "--json")
    assert json.loads(again.stdout)["skipped"] is True
    assert "--force" in again.stderr
    assert path.stat().st_mtime_ns == before
    forced = sgdode("integrate", "--out-dir", "deep/results", "--json", "--force")
    assert json.loads(forced.stdout)["skipped"] is False
    assert path.stat().st_mtime_ns != before


def test_out_on_another_run_is_refused(sgdode, spec):
    assert sgdode("integrate", "-o", "a.h5").stdout == "a.h5\n"
    assert sgdode("integrate", "-o", "a.h5").returncode == 0
    refused = sgdode("integrate", "-o", "a.h5", "--set", "dimension=200")
    assert refused.returncode == 2
    assert "a.h5: holds another run" in refused.stderr
    assert refused.stdout == ""
    assert sgdode("integrate", "-o", "a.h5", "--set", "dimension=200", "--force").returncode == 0


def test_standard_input_and_run(sgdode, tmp_path):
    done = sgdode("run", "-", "--set", "name=piped", input=SPEC)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [Path(line).suffix for line in lines] == [".h5", ".h5", ".png"]
    assert all((tmp_path / line).exists() for line in lines)
    assert lines[0].startswith("piped-simulate-")


def test_quiet_says_nothing_and_nothing_is_left_over(sgdode, spec, tmp_path):
    done = sgdode("integrate", "-q")
    assert done.stderr == ""
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".h5", ".yaml"]


def test_divergence_is_dated_and_keeps_its_finite_part(sgdode, spec, tmp_path):
    settings = ["student.activation=square", "teacher.activation=square", "learning_rate=30", "time.stop=100"]
    for command in ("integrate", "simulate"):
        changes = [part for setting in settings for part in ("--set", setting)]
        done = sgdode(command, *changes)
        assert done.returncode == 1, done.stderr
        assert "diverged" in done.stderr
        run = Trajectory.load(tmp_path / done.stdout.strip())
        assert run.status == "diverged"
        assert 0 < run.diverged_at <= 100
        assert run.time[-1] <= run.diverged_at
        assert np.isfinite(run.risk).all()
        again = sgdode(command, *changes, "--json")
        assert (again.returncode, json.loads(again.stdout)["skipped"]) == (1, True)


def test_show_and_its_spec_run_again(sgdode, spec, tmp_path):
    path = sgdode("integrate", "--set", "dimension=300").stdout.strip()
    shown = sgdode("show", path, COLUMNS="80")
    assert "config: integration (full), complete" in shown.stdout
    assert "●" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    (tmp_path / "again.yaml").write_text(sgdode("show", path, "--spec").stdout)
    (tmp_path / path).unlink()
    assert sgdode("integrate", "again.yaml").stdout.strip() == path


def test_init_writes_a_spec_that_runs(sgdode, tmp_path):
    assert sgdode("init").stdout == "config.yaml\n"
    assert sgdode("init").returncode == 2
    done = sgdode("integrate", "--set", "time.stop=1", "--set", "time.points=3")
    assert done.returncode == 0, done.stderr


WRONG = {
    "no such command": (["simulat"], "simulat"),
    "no such option": (["simulate", "--sed", "1"], "--sed"),
    "no such spec": (["simulate", "absent.yaml"], "sgdode init absent.yaml"),
    "a folder as spec": (["simulate", "."], "is a folder"),
    "misspelt key": (["simulate", "--set", "studnet.width=3"], "did you mean student"),
    "misspelt inner key": (["simulate", "--set", "student.widht=3"], "did you mean width"),
    "misspelt value": (["integrate", "--set", "integrate.equations=ful"], "did you mean full"),
    "set without value": (["simulate", "--set", "dimension"], "KEY=VALUE"),
    "set without key": (["simulate", "--set", "=3"], "KEY=VALUE"),
    "set of broken YAML": (["simulate", "--set", "dimension=[1"], "not valid YAML"),
    "negative size": (["simulate", "--set", "student.width=-1"], "whole number from 1"),
    "text for a number": (["simulate", "--set", "learning_rate=fast"], "must be a number"),
    "infinite simulation": (["simulate", "--set", "student.width=inf"], "integrate alone"),
    "too large": (["simulate", "--set", "student.width=1e7", "--set", "dimension=1e8"], "memory"),
    "bad matrix": (["simulate", "--set", "teacher.overlap=[[1, 2], [2, 1]]"], "positive semidefinite"),
    "zero jobs": (["simulate", "-j", "0"], "-j"),
    "unwritable name": (["simulate", "--set", "name=../../x"], "file names"),
    "stop below start": (["simulate", "--set", "time.start=3"], "below time.stop"),
    "negative noise": (["simulate", "--set", "teacher.noise=-1"], "must be ≥ 0"),
    "unknown activation": (["simulate", "--set", "student.activation=rleu"], "did you mean relu"),
    "plot of nothing": (["plot", "absent.h5"], "absent.h5: no such file"),
    "plot of a spec": (["plot", "config.yaml"], "is a spec, not a result"),
    "show of nothing": (["show", "absent.h5"], "absent.h5: no such file"),
    "show without file": (["show"], "FILE"),
    "export of nothing": (["export", "absent.h5", "-o", "x.csv"], "no such file"),
    "empty standard input": (["simulate", "-"], "required and missing"),
    "two specs": (["simulate", "config.yaml", "other.yaml"], "other.yaml"),
    "weights without a file": (["simulate", "--set", "initial.kind=weights"], "npz"),
    "key of another kind": (["simulate", "--set", "initial.epsilon=0.1"], "belongs to initial.kind symmetric"),
    "init over a file": (["init"], "--force"),
    "bad JSON schema target": (["schema", "-o", "no/such/folder/x.json"], "no/such/folder"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_uses_get_an_answer(case, sgdode, spec):
    arguments, answer = WRONG[case]
    done = sgdode(*arguments, input="")
    text = " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.stderr).split())
    assert answer in text, done.stderr
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


#: In a new interpreter: each command line in a fork of its own, and then the heavy packages that it has loaded.
EACH = """
import json, os, sys
import numpy, rich.traceback, rich.panel, rich.table
import sgdode.cli.app, sgdode.model.starts, sgdode.runs.run, sgdode.spec.checks, sgdode.spec.load, sgdode.sweeps.points
from sgdode.__main__ import run
HEAVY = ("numba", "scipy", "matplotlib", "h5py")
for arguments in json.load(open("cases.json")):
    sys.argv[:] = ["sgdode", *arguments]
    if os.fork() == 0:
        sys.stdin, sys.stderr = open(os.devnull), open(os.devnull, "w")
        run()
        print(json.dumps([name for name in HEAVY if name in sys.modules]), flush=True)
        os._exit(0)
    os.wait()
"""


def test_answers_to_wrong_uses_do_not_wait_for_heavy_imports(spec):
    """They come at once: what takes long to import is not imported. A file that is to be read needs HDF5."""
    (spec.parent / "cases.json").write_text(json.dumps([arguments for arguments, _ in WRONG.values()]))
    done = subprocess.run([sys.executable, "-c", EACH], cwd=spec.parent, capture_output=True, text=True, check=True)
    found = dict(zip(WRONG, map(json.loads, done.stdout.splitlines()), strict=True))
    assert {case for case, loaded in found.items() if loaded} <= {"plot of a spec"}, found
    assert set(found["plot of a spec"]) <= {"h5py", "matplotlib"}


def test_a_broken_file_in_the_way_is_not_overwritten_silently(sgdode, spec, tmp_path):
    path = tmp_path / sgdode("integrate").stdout.strip()
    path.write_bytes(path.read_bytes()[:1000])
    refused = sgdode("integrate")
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert sgdode("integrate", "--force").returncode == 0
    with h5py.File(path) as file:
        assert file.attrs["status"] == "complete"
