"""Faults with real processes: kills, full disks, places that cannot be written, other readers and writers, clocks,
locales, other versions. Nothing under a final name is ever broken, and every answer is a message."""

import fcntl
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import h5py
import numpy as np
import pytest
from support.processes import begin, eagerly, ended
from support.specs import SMALL

from sgdode import Trajectory, load_spec
from sgdode.reporting import Reporter
from sgdode.runs.run import perform

SPEC = """
dimension: 1000
teacher: {width: 2}
student: {width: 4}
learning_rate: 0.5
time: {stop: 200.0, points: 20}
simulate: {seeds: 3}
save: [risk, M, Q]
"""
WIDE = {"simulate": ["--set", "time.stop=800"], "integrate": ["--set", "student.width=24", "--set", "time.points=200"]}
QUICK = ["--set", "time.stop=1", "--set", "time.points=5"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run.yaml").write_text(SPEC)
    return tmp_path


@pytest.fixture
def run(program):
    """``run(folder, command, *options)``: status, stdout and stderr; in a new interpreter where ``more`` is given."""

    def work(folder, command, *options, **more):
        words = (command, "run.yaml", *options)
        status, out, err = ended(begin(folder, *words, **(more or {"program": program})))
        assert "Traceback" not in err
        assert "internal error" not in err
        return status, out, err

    return work


def all_whole(folder, counted):
    """Every file under a final name can be read and is complete."""
    for path in folder.glob("*.h5"):
        assert Trajectory.load(path).status == "complete"
        counted("files checked, all whole")


@pytest.mark.parametrize("command", ["simulate", "integrate"])
def test_kills_at_random_moments_lose_nothing(run, command, folder, counted):
    """A run touches its files six times for a checkpoint: it is killed before the first one, and then before any of
    them, so that it goes on where a checkpoint was kept, half written, or written and not yet in its place."""
    chance, options = random.Random(9), WIDE[command]
    for touch in (1, chance.randint(8, 30)):
        status, _, err = run(folder, command, *options, env=eagerly(kill=touch))
        assert status == -signal.SIGKILL, err
        all_whole(folder, counted)
        counted("kills survived")
    status, out, err = run(folder, command, *options, env=eagerly())
    assert status == 0, err
    assert "going on from" in err
    again = Trajectory.load(folder / out)
    assert sorted(path.name for path in folder.iterdir()) == sorted(["run.yaml", out])
    (folder / out).unlink()
    whole = Trajectory.load(folder / run(folder, command, "-j", "1", *options)[1])
    for name, curve in whole.curves.items():
        if command == "simulate":
            np.testing.assert_array_equal(again.curves[name], curve)
        else:
            np.testing.assert_allclose(again.curves[name], curve, rtol=1e-4, atol=1e-6)


def limited():
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))


def test_a_file_size_limit_is_told_and_leaves_nothing(run, folder, counted):
    for command in ("simulate", "integrate"):
        status, out, err = run(folder, command, *QUICK, preexec_fn=limited)
        assert (status, out) == (1, ""), err
        assert "cannot be written" in err
        assert [path.name for path in folder.iterdir()] == ["run.yaml"]
        counted("disk, folder and cache faults answered")


@pytest.fixture
def mounted(tmp_path):
    """``mounted(*options)``: a folder with a file system of its own; skips where that is not permitted."""
    place = tmp_path / "mounted"
    place.mkdir()

    def mount(*options):
        if shutil.which("mount") is None or os.geteuid() != 0:
            pytest.skip("mounting needs root")
        done = subprocess.run(["mount", *options, str(place)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
        return place

    yield mount
    subprocess.run(["umount", str(place)], capture_output=True, check=False)


def test_a_full_disk_is_told_and_leaves_nothing(run, folder, mounted, counted):
    place = mounted("-t", "tmpfs", "-o", "size=16k", "tmpfs")
    status, out, err = run(folder, "simulate", *QUICK, "--out-dir", place)
    assert (status, out) == (2, ""), err  # before anything is computed
    assert "No space left" in err
    assert list(place.iterdir()) == []
    counted("disk, folder and cache faults answered")


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_run(run, folder, counted):
    (folder / "x.h5.ckpt").mkdir()
    status, out, err = run(folder, "simulate", "-o", "x.h5", env=eagerly())
    assert (status, out) == (0, "x.h5"), err
    assert "warning: no checkpoint: x.h5.ckpt: cannot be written" in err
    assert Trajectory.load(folder / out).status == "complete"
    counted("disk, folder and cache faults answered")


def test_a_read_only_folder_is_refused_before_computing(run, folder, mounted, counted):
    place = mounted("-t", "tmpfs", "-o", "ro", "tmpfs")
    for command in ("simulate", "integrate"):
        status, out, err = run(folder, command, *QUICK, "--out-dir", place)
        assert (status, out) == (2, ""), err
        assert "cannot be written there: Read-only file system" in err
        counted("disk, folder and cache faults answered")


def test_without_a_place_for_machine_code_it_runs_all_the_same(run, folder, mounted, counted):
    place = mounted("-t", "tmpfs", "-o", "ro", "tmpfs")
    status, out, err = run(folder, "simulate", *QUICK, env=os.environ | {"NUMBA_CACHE_DIR": str(place / "cache")})
    assert status == 0, err
    assert Trajectory.load(folder / out).status == "complete"
    counted("disk, folder and cache faults answered")


def test_a_reader_keeps_what_it_reads_while_the_file_is_replaced(run, folder, counted):
    _, out, _ = run(folder, "simulate", *QUICK)
    with h5py.File(folder / out, "r") as reader:
        before = reader["risk"][...]
        status, _, err = run(folder, "simulate", *QUICK, "--force")
        assert status == 0, err
        np.testing.assert_array_equal(reader["risk"][...], before)
    all_whole(folder, counted)


def test_a_file_locked_by_another_program_is_named(run, folder, counted):
    _, out, _ = run(folder, "simulate", *QUICK)
    with h5py.File(folder / out, "r+", locking=True):
        done = subprocess.run([sys.executable, "-m", "sgdode", "show", out], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 1
        assert f"error: {out}: another program has it open for writing" in done.stderr
    all_whole(folder, counted)


def test_a_whole_file_is_read_while_its_writer_still_holds_its_lock(run, folder, counted):
    _, out, _ = run(folder, "simulate", *QUICK)
    with (folder / out).open("rb") as writer:  # as for a moment between the renaming and the end of a run
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert Trajectory.load(folder / out).status == "complete"
        status, again, err = run(folder, "simulate", *QUICK)
        assert (status, again) == (0, out), err
    all_whole(folder, counted)


def test_processes_that_write_the_same_target_at_once(folder, counted):
    together = [begin(folder, "simulate", "run.yaml", *QUICK, "--force") for _ in range(3)]
    for process in together:
        status, out, err = ended(process)
        assert status == 0, err
    all_whole(folder, counted)
    assert sorted(path.name for path in folder.iterdir()) == sorted([out, "run.yaml"])


class Backwards(datetime):
    """A clock that is set back by a year at every look."""

    looks = 0

    @classmethod
    def now(cls, tz=None):
        cls.looks += 1
        return datetime.now(tz) - timedelta(days=365 * cls.looks)


def test_a_clock_that_jumps_back_changes_no_number(tmp_path, monkeypatch, counted):
    spec = load_spec(SMALL)
    perform(spec, "simulate", tmp_path / "a.h5", Reporter(quiet=True))
    monkeypatch.setattr("sgdode.runs.run.datetime", Backwards)
    monkeypatch.setattr("sgdode.runs.environment.datetime", Backwards)
    perform(spec, "simulate", tmp_path / "b.h5", Reporter(quiet=True))
    one, other = Trajectory.load(tmp_path / "a.h5"), Trajectory.load(tmp_path / "b.h5")
    np.testing.assert_array_equal(one.Q, other.Q)
    environment = json.loads(other.provenance["environment"])
    assert environment["end"] < environment["start"] < datetime.now(UTC).isoformat()
    assert environment["seconds"] >= 0
    all_whole(tmp_path, counted)


LOCALES = {
    "german": {"LC_ALL": "de_DE.UTF-8"},
    "turkish, no colour": {"LC_ALL": "tr_TR.UTF-8", "NO_COLOR": "1"},
    "no UTF-8": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ascii": {"PYTHONIOENCODING": "ascii", "TERM": "dumb"},
}


@pytest.mark.parametrize("name", LOCALES)
def test_no_locale_changes_a_number_or_breaks_a_message(name, sgdode, tmp_path, counted):
    (tmp_path / "run.yaml").write_text(SPEC + "# Δ, ş, ı\nteacher_: 1\n", encoding="utf-8")
    refused = sgdode("check", "run.yaml", **LOCALES[name])
    assert refused.returncode == 2
    assert "did you mean teacher?" in refused.stderr
    (tmp_path / "run.yaml").write_text(SPEC + "# Δ, ş, ı\nname: plateau-ış-Δ\n", encoding="utf-8")
    done = sgdode("integrate", "run.yaml", *QUICK, "-o", "out.h5", **LOCALES[name])
    assert (done.returncode, done.stdout) == (0, "out.h5\n"), done.stderr
    shown = sgdode("show", "out.h5", **LOCALES[name])
    assert (shown.returncode, shown.stderr) == (0, "")
    overrides = {"time.stop": 1, "time.points": 5}
    from sgdode import integrate

    run = Trajectory.load(tmp_path / "out.h5")
    np.testing.assert_array_equal(run.risk, integrate(load_spec(tmp_path / "run.yaml", overrides)).risk)
    assert run.provenance["spec"].endswith("name: plateau-ış-Δ\n")
    counted("files checked, all whole")


@pytest.mark.parametrize(
    ("version", "advice"), [(99, "a newer sgdode wrote it; update this one"), (0, "it must be computed again")]
)
def test_files_of_another_format_version(run, version, advice, folder, sgdode):
    _, out, _ = run(folder, "simulate", *QUICK)
    with h5py.File(folder / out, "a") as file:
        file.attrs["format_version"] = version
    for words in (["show", out], ["plot", out], ["export", out, "-o", "x.csv"]):
        done = sgdode(*words)
        assert done.returncode == 1
        assert f"{out}: format version {version}; this sgdode reads version 1: " in done.stderr
        assert advice in done.stderr
    status, _, err = run(folder, "simulate", *QUICK)
    assert (status, "--force replaces it" in err) == (2, True)
