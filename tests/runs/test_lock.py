"""The right to compute a file."""

import errno
import fcntl
import os

import pytest
from support.faulty import PLANTS, as_user, of_a_dead_process, planted, refusing, within_reach

from sgdode.errors import Busy
from sgdode.reporting import Reporter
from sgdode.results import claims
from sgdode.results.claims import claimed
from sgdode.runs.lock import hold, tidy
from sgdode.runs.run import perform


def test_one_at_a_time_and_nothing_is_left(tmp_path):
    path = tmp_path / "x.h5"
    with hold(path, Reporter(quiet=True)):
        assert f"process {os.getpid()}" in (tmp_path / "x.h5.lock").read_text()
        with (
            pytest.raises(Busy, match=rf"x\.h5 is being computed by process {os.getpid()} on "),
            hold(path, Reporter(quiet=True), wait=False),
        ):
            pass
    assert not list(tmp_path.iterdir())
    with hold(path, Reporter(quiet=True), wait=False):
        pass


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path):
    (tmp_path / "x.h5.lock").write_text("process 1 on another machine")
    with hold(tmp_path / "x.h5", Reporter(quiet=True), wait=False):
        assert f"process {os.getpid()}" in (tmp_path / "x.h5.lock").read_text()
    assert not list(tmp_path.iterdir())


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared"


@pytest.mark.parametrize("what", PLANTS)
@pytest.mark.parametrize("locks", [True, False])
def test_nothing_is_reached_through_what_is_planted(what, locks, folder, monkeypatch):
    if not locks:
        monkeypatch.setattr(fcntl, "flock", refusing(errno.ENOLCK))
    monkeypatch.setattr(claims, "_UNSIGNED", 0.3)
    untouched, told = planted(folder / "x.h5.lock", what), []
    with hold(folder / "x.h5", Reporter(quiet=True, told=told.append), wait=not locks):
        untouched()
    untouched()
    assert bool(told) == (what == "full folder")
    assert [path.name for path in folder.iterdir()] == (["x.h5.lock"] if told else [])


def test_without_locks_one_at_a_time_and_the_dead_are_no_hindrance(folder, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", refusing(errno.EOPNOTSUPP))
    path, told = folder / "x.h5", []
    reporter = Reporter(quiet=True, told=told.append)
    with (
        hold(path, reporter),
        pytest.raises(Busy, match=f"process {os.getpid()} on "),
        hold(path, reporter, wait=False),
    ):
        pass
    (folder / "x.h5.lock").write_text(f"process {of_a_dead_process()} on another-machine")
    with hold(path, reporter):
        assert "another-machine, and nothing tells here whether that still runs" in told[0]
    assert (folder / "x.h5.lock").exists()


def test_what_dead_processes_left_is_removed_and_what_the_living_write_stays(folder):
    left = ["x.h5.part", "x.h5.ckpt.part", "y.h5.part", "x.h5.ckpt"]
    for name in left:
        (folder / name).write_text("half")
    with hold(folder / "x.h5", Reporter()):
        assert {path.name for path in folder.iterdir()} == {"y.h5.part", "x.h5.ckpt", "x.h5.lock"}
    living = claimed(folder / "x.h5.part")
    with hold(folder / "x.h5", Reporter()):
        assert (folder / "x.h5.part").exists()
    os.close(living)


def test_a_finished_file_is_tidied_too(folder, small):
    path = folder / "x.h5"
    perform(small(), "simulate", path, Reporter(quiet=True))
    for ending in (".part", ".ckpt.part", ".lock"):
        (folder / f"x.h5{ending}").write_text("half")
    assert perform(small(), "simulate", path, Reporter(quiet=True)).skipped
    assert [file.name for file in folder.iterdir()] == ["x.h5"]
    with hold(path, Reporter()):
        (folder / "x.h5.part").write_text("half")
        tidy(path)
        assert (folder / "x.h5.part").exists()


def test_a_second_user_goes_on_after_the_first(tmp_path, small):
    shared = tmp_path / "group"
    shared.mkdir()
    shared.chmod(0o2775)
    within_reach(tmp_path)
    if os.geteuid() == 0:
        os.chown(shared, 0, 4242)
    path = shared / "x.h5"

    def first():
        os.close(claimed(shared / "x.h5.lock"))
        os.close(claimed(shared / "x.h5.part"))
        (shared / "x.h5.part").chmod(0o444)

    def second():
        warned = []
        with hold(path, Reporter(quiet=True, told=warned.append), wait=False):
            assert (shared / "x.h5.lock").stat().st_uid == 5002
            assert not (shared / "x.h5.part").exists()
        assert not warned

    as_user(5001, first, umask=0o022)
    as_user(5002, second)
    assert not list(shared.iterdir())
