"""Sweeps: skipping, failures, signals, two at once."""

import json
import signal

import numpy as np
import pytest
from support.processes import SPEC, begin, eagerly, ended, until

from sgdode.results.trajectory import Trajectory

LONG = SPEC.replace("stop: 1.0", "stop: 1e7").replace("dimension: 60", "dimension: 1000")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "c.yaml").write_text(SPEC)
    return tmp_path


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
    grid = ["--grid", "seed=0:4", "--command", "simulate", "-j", "2"]
    process = begin(folder, "sweep", "c.yaml", *grid, env=eagerly())
    until(lambda: len(partial(folder)) == 2, process)
    process.send_signal(number)
    answer, out, err = ended(process)
    assert (answer, out) == (status, ""), err
    assert f"stopped by {number.name}" in err
    assert "go on with: sgdode sweep c.yaml --grid seed=0:4 --command simulate -j 2\n" in err
    assert len(partial(folder)) == 2
    assert not list(folder.glob("*.h5"))
    assert not list(folder.glob("*.lock"))


def test_killed_and_started_again_only_what_is_missing_is_computed(sgdode, folder):
    (folder / "c.yaml").write_text(SPEC.replace("stop: 1.0", "stop: 300.0"))
    grid = ["sweep", "c.yaml", "--grid", "seed=0:12", "--command", "simulate", "-j", "2"]
    process = begin(folder, *grid)
    until(lambda: len(list(folder.glob("*.h5"))) >= 3, process)
    process.kill()
    ended(process)  # and its workers, which share its standard error
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
    answers = [ended(process) for process in both]
    assert [status for status, _, _ in answers] == [0, 0], answers
    lines = [[json.loads(line) for line in out.splitlines()] for _, out, _ in answers]
    computed = [[line["path"] for line in one if not line["skipped"]] for one in lines]
    assert sorted(computed[0] + computed[1]) == sorted(line["path"] for line in lines[0]), "each computed once"
    assert "there already" in answers[0][2] + answers[1][2] or "another process" in answers[0][2] + answers[1][2]
    assert all(Trajectory.load(folder / line["path"]).status == "complete" for line in lines[0])
    assert not [path for path in folder.iterdir() if path.suffix not in (".h5", ".yaml")]


def test_a_single_run_waits_for_another_and_skips(folder):
    (folder / "c.yaml").write_text(SPEC.replace("stop: 1.0", "stop: 1000.0"))
    both = [begin(folder, "simulate", "c.yaml") for _ in range(2)]
    answers = [ended(process) for process in both]
    assert [status for status, _, _ in answers] == [0, 0]
    assert answers[0][1] == answers[1][1]
    assert sum("is complete already" in err for _, _, err in answers) == 1


def test_a_sweep_starts_no_process_for_each_file(folder):
    """It starts up, imports and compiles once for each of its workers: that makes it faster than single calls."""
    grid = ["--grid", "initial.seed=0:8", "--command", "integrate", "-j", "2"]
    status, out, err = ended(begin(folder, "sweep", "c.yaml", *grid, env=eagerly(starts=folder / "starts")))
    assert (status, len(out.split())) == (0, 8), err
    assert len((folder / "starts").read_text().split()) <= 1 + 2
