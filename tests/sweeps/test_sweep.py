"""Sweeps: grids, file names, skipping, failures, signals, two at once, and the shell ways of doing the same."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from support.processes import SPEC, begin, until

from sgdode.errors import SpecError, UsageError
from sgdode.results.trajectory import Trajectory
from sgdode.spec.load import Source
from sgdode.sweeps.grid import axes, split, takes_whole_numbers
from sgdode.sweeps.points import tasks

LONG = SPEC.replace("stop: 1.0", "stop: 5000.0").replace("dimension: 60", "dimension: 1000")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "c.yaml").write_text(SPEC)
    return tmp_path


def values(grid):
    (axis,) = axes([grid])
    return axis.texts


def test_grids():
    assert values("dimension=100,1000") == ("100", "1000")
    assert values("initial.seed=0:3,7") == ("0", "1", "2", "7")
    assert values("learning_rate.gamma=log:1e-2:1:3") == ("0.01", "0.1", "1")
    assert values("dimension=log:100:1000:3") == ("100", "316", "1000")
    assert values("teacher.noise=lin:0:1:3") == ("0", "0.5", "1")
    assert values("student.activation=erf,{hermite: [0, 1, 0.5]}") == ("erf", "{hermite: [0, 1, 0.5]}")
    assert split("[[1, 0], [0, 1]],identity,'a,b'") == ["[[1, 0], [0, 1]]", "identity", "'a,b'"]
    assert takes_whole_numbers("student.width")
    assert takes_whole_numbers("initial.seed")
    assert not takes_whole_numbers("learning_rate.gamma")


def test_a_grid_file(tmp_path):
    (tmp_path / "g.yaml").write_text("learning_rate.gamma: [0.1, 0.3]\ninitial:\n  seed: 0:2\nsave: [[risk, M]]\n")
    found = {axis.key: axis.texts for axis in axes([str(tmp_path / "g.yaml")])}
    assert found == {"learning_rate.gamma": ("0.1", "0.3"), "initial.seed": ("0", "1"), "save": ('["risk", "M"]',)}


WRONG = {
    "no file": (["nothing.yaml"], "no such file"),
    "an empty value": (["dimension=1,,2"], "empty value"),
    "an empty range": (["seed=3:3"], "names no value"),
    "a logarithm of zero": (["learning_rate.gamma=log:0:1:3"], "above 0"),
    "a spacing without count": (["dimension=log:1:2"], "LOW:HIGH:COUNT"),
    "twice": (["dimension=1", "dimension=2"], "has a grid already"),
    "within another": (["learning_rate=1", "learning_rate.gamma=2"], "has a grid already"),
    "the name": (["name=a,b"], "--set name"),
    "too many": (["seed=0:1000", "initial.seed=0:1000"], "at most 100000"),
    "nothing": ([], "nothing to sweep"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_grids(case):
    grids, answer = WRONG[case]
    with pytest.raises(UsageError, match=answer):
        axes(grids)


def test_every_point_is_validated_before_anything_runs(sgdode, folder):
    done = sgdode("sweep", "c.yaml", "--grid", "student.width=2,-1,x", "--grid", "learning_rate.gama=1")
    assert done.returncode == 2
    assert "got -1; must be a whole number" in done.stderr
    assert "got 'x'" in done.stderr
    assert "did you mean gamma" in done.stderr
    assert done.stdout == ""
    assert [path.name for path in folder.iterdir()] == ["c.yaml"]
    done = sgdode("sweep", "c.yaml", "--grid", "seed=1", "--command", "simulat")
    assert "did you mean simulate" in done.stderr


def found(grids, commands=("simulate", "integrate")):
    return tasks(Source(SPEC.encode(), "c.yaml", Path(), "c"), (), axes(grids), commands, Path("out"))


def test_names_hold_the_swept_values_that_matter():
    names = [task.path.name.rpartition("-")[0] for task in found(["simulate.seeds=2,4", "learning_rate.gamma=0.1"])]
    assert names == [
        "c-simulate.seeds=2-learning_rate.gamma=0.1-simulate",
        "c-learning_rate.gamma=0.1-integrate",
        "c-simulate.seeds=4-learning_rate.gamma=0.1-simulate",
    ]
    assert len(found(["dimension=100,1e2"])) == 2
    (long,) = found([f"student.activation={{hermite: {[0.123456789] * 40}}}"], ["integrate"])
    assert len(long.path.name.encode()) < 200
    with pytest.raises(SpecError, match="integrate alone"):
        found(["student.width=inf"])


def test_a_sweep_prints_its_files_and_skips_them_then(sgdode, folder):
    grid = ["sweep", "c.yaml", "--grid", "initial.seed=0:2", "--grid", "dimension=50,60", "-j", "2"]
    foretold = sgdode(*grid, "--dry-run")
    assert "8 files: about" in foretold.stderr
    done = sgdode(*grid)
    assert done.returncode == 0, done.stderr
    assert done.stdout == foretold.stdout
    files = done.stdout.split()
    assert sorted(path.name for path in folder.iterdir()) == sorted([*files, "c.yaml"])
    before = {path: (folder / path).stat().st_mtime_ns for path in files}
    (folder / files[3]).unlink()
    again = sgdode(*grid, "--json")
    lines = [json.loads(line) for line in again.stdout.splitlines()]
    assert [line["path"] for line in lines] == files
    assert [line["skipped"] for line in lines] == [at != 3 for at in range(8)]
    assert "8 files: 1 computed, 7 there already" in again.stderr
    assert all((folder / path).stat().st_mtime_ns == before[path] for at, path in enumerate(files) if at != 3)
    alone = sgdode("simulate", "c.yaml", "--set", "initial.seed=1", "--set", "dimension=50", "-o", "alone.h5")
    one, other = (Trajectory.load(folder / path) for path in (files[4], alone.stdout.strip()))
    for name in one.curves:
        np.testing.assert_array_equal(one.curves[name], other.curves[name])


def test_one_failure_does_not_stop_the_others(sgdode, folder):
    square = ["--set", "student.activation=square", "--set", "teacher.activation=square", "--set", "time.stop=50"]
    grid = ["--grid", "learning_rate=40,0.1", "--grid", "initial.seed=0:2", "--command", "integrate", *square]
    names = sgdode("sweep", "c.yaml", *grid, "--dry-run").stdout.split()
    (folder / names[3]).write_text("in the way")
    done = sgdode("sweep", "-", "--set", "name=c", *grid, input=SPEC)
    assert done.returncode == 1
    assert done.stdout.split() == names[:3], "diverged files are files"
    for name in names[:2]:
        assert f"error: {name}: diverged" in done.stderr
    assert f"error: {names[3]}: " in done.stderr
    assert "3 failed" in done.stderr
    assert Trajectory.load(folder / names[2]).status == "complete"


def partial(folder):
    return list(folder.glob("*.ckpt"))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 75)])
def test_a_signal_keeps_checkpoints_and_says_how_to_go_on(number, status, folder):
    (folder / "c.yaml").write_text(LONG)
    for patience in (2, 8, 20):  # a busy machine needs longer until there is something to keep
        process = begin(folder, "sweep", "c.yaml", "--grid", "seed=0:4", "--command", "simulate", "-j", "2")
        until(lambda: len(list(folder.glob("*.lock"))) == 2)
        time.sleep(patience)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        if len(partial(folder)) == 2:
            break
    assert (process.returncode, out) == (status, ""), err
    assert f"stopped by {number.name}" in err
    assert "go on with: sgdode sweep c.yaml --grid seed=0:4 --command simulate -j 2 --resume" in err
    assert len(partial(folder)) == 2
    assert not list(folder.glob("*.h5"))
    assert not list(folder.glob("*.lock"))


def test_killed_and_started_again_only_what_is_missing_is_computed(sgdode, folder):
    (folder / "c.yaml").write_text(SPEC.replace("stop: 1.0", "stop: 300.0"))
    grid = ["sweep", "c.yaml", "--grid", "seed=0:12", "--command", "simulate", "-j", "2"]
    process = begin(folder, *grid)
    until(lambda: len(list(folder.glob("*.h5"))) >= 3)
    process.kill()
    process.communicate()
    time.sleep(1.0)
    there = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.h5")}
    assert all(Trajectory.load(folder / name).status == "complete" for name in there)
    done = sgdode(*grid, "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 12
    assert {line["path"] for line in lines if line["skipped"]} >= set(there)
    assert all((folder / name).stat().st_mtime_ns == when for name, when in there.items())
    assert sorted({path.suffix for path in folder.iterdir()}) == [".h5", ".yaml"]


def test_two_sweeps_at_once_share_the_files(folder):
    (folder / "c.yaml").write_text(SPEC.replace("stop: 1.0", "stop: 100.0"))
    grid = ["sweep", "c.yaml", "--grid", "initial.seed=0:10", "-j", "1", "--json"]
    both = [begin(folder, *grid), begin(folder, *grid)]
    answers = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    lines = [[json.loads(line) for line in out.splitlines()] for out, _ in answers]
    computed = [[line["path"] for line in one if not line["skipped"]] for one in lines]
    assert sorted(computed[0] + computed[1]) == sorted(line["path"] for line in lines[0]), "each computed once"
    assert "there already" in answers[0][1] + answers[1][1] or "another process" in answers[0][1] + answers[1][1]
    assert all(Trajectory.load(folder / line["path"]).status == "complete" for line in lines[0])
    assert not [path for path in folder.iterdir() if path.suffix not in (".h5", ".yaml")]


def test_a_single_run_waits_for_another_and_skips(folder):
    (folder / "c.yaml").write_text(SPEC.replace("stop: 1.0", "stop: 1000.0"))
    both = [begin(folder, "simulate", "c.yaml") for _ in range(2)]
    answers = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert answers[0][0] == answers[1][0]
    assert sum("is complete already" in err for _, err in answers) == 1


def test_a_killed_worker_costs_one_more_try(folder):
    (folder / "c.yaml").write_text(SPEC.replace("stop: 1.0", "stop: 300.0"))
    process = begin(folder, "sweep", "c.yaml", "--grid", "seed=0:6", "--command", "simulate", "-j", "1")
    until(lambda: list(folder.glob("*.h5")))
    locks = []
    until(lambda: locks.extend(folder.glob("*.lock")) or (locks and locks[-1].exists() and locks[-1].read_text()))
    os.kill(int(locks[-1].read_text().split()[1]), signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert len(out.split()) == 6


LOOPS = {
    "for": "for s in 0 1 2; do sgdode integrate c.yaml -q --set initial.seed=$s; done",
    "standard input": "for s in 0 1 2; do sgdode integrate - -q --set name=c --set initial.seed=$s < c.yaml; done",
    "xargs": "seq 0 2 | xargs -P 2 -I{} sgdode integrate c.yaml -q --set initial.seed={}",
    "make": "printf 'all: 0 1 2\\n0 1 2:\\n\\tsgdode integrate c.yaml -q --set initial.seed=$@\\n' | make -s -j 2 -f -",
    "parallel": "parallel -j 2 sgdode integrate c.yaml -q --set initial.seed={} ::: 0 1 2",
    "shell script": "sh $(sgdode sweep c.yaml --grid initial.seed=0:3 --command integrate --emit shell)",
    "its numbers": (
        "sgdode sweep c.yaml --grid initial.seed=0:3 --command integrate --emit shell -o run.sh > made;"
        "seq 3 | xargs -P 2 -n 1 sh run.sh"
    ),
    "job array": (
        "script=$(sgdode sweep c.yaml --grid initial.seed=0:3 --command integrate --emit slurm);"
        "for i in 1 2 3; do SLURM_ARRAY_TASK_ID=$i sh $script; done"
    ),
}


@pytest.mark.parametrize("way", LOOPS)
def test_shell_ways(way, folder, sgdode, program):
    if way == "parallel" and shutil.which("parallel") is None:
        pytest.skip("GNU parallel is not installed")
    values = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    if way != "job array":  # there, what the script itself takes
        values["SGDODE"] = str(program)
    command = ["bash", "-c", LOOPS[way]]
    done = subprocess.run(command, cwd=folder, env=values, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = done.stdout.split()
    assert len(set(files)) == 3
    assert all(Trajectory.load(folder / name).status == "complete" for name in files)
    if way in ("shell script", "job array"):
        swept = sgdode("sweep", "c.yaml", "--grid", "initial.seed=0:3", "--command", "integrate", "--json")
        assert [json.loads(line)["path"] for line in swept.stdout.splitlines()] == files
        assert all(json.loads(line)["skipped"] for line in swept.stdout.splitlines())


def test_a_large_job_array_takes_several_files_a_job(folder, sgdode):
    script = sgdode("sweep", "c.yaml", "--grid", "initial.seed=0:2002", "--command", "integrate", "--emit", "slurm")
    text = (folder / script.stdout.strip()).read_text()
    assert "#SBATCH --array=1-668" in text
    runs = {"SLURM_ARRAY_TASK_ID": "668", "SGDODE": "echo"}
    done = subprocess.run(
        ["sh", script.stdout.strip()], cwd=folder, env=os.environ | runs, capture_output=True, text=True, check=False
    )
    assert [line.split("initial.seed=")[1].split()[0] for line in done.stdout.splitlines()] == ["2001"]


def test_a_sweep_is_faster_than_single_calls(folder, sgdode):
    began = time.perf_counter()
    for seed in range(6):
        sgdode("integrate", "c.yaml", "-q", "--set", f"initial.seed={seed}")
    single = time.perf_counter() - began
    began = time.perf_counter()
    done = sgdode("sweep", "c.yaml", "--grid", "initial.seed=10:26", "--command", "integrate", "-j", "2")
    assert done.returncode == 0
    assert time.perf_counter() - began < single / 6 * 16 * 0.6
