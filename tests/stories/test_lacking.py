"""Systems that lack something that Linux has on its own disks: the main job works, with the same numbers."""

import errno
import fcntl
import os
import stat
import warnings

import numpy as np
import pytest
from support.faulty import refusing

from sgdode.reporting import Reporter
from sgdode.results import hdf5
from sgdode.results.trajectory import Trajectory
from sgdode.runs.run import perform


def no_locks(monkeypatch, number=errno.ENOLCK):
    monkeypatch.setattr(fcntl, "flock", refusing(number))
    monkeypatch.setattr(fcntl, "lockf", refusing(number))


def nothing_of_linux(monkeypatch):
    for name in ("posix_fallocate", "sched_getaffinity", "statvfs", "pathconf"):
        monkeypatch.delattr(os, name, raising=False)


def no_reserve(monkeypatch):
    monkeypatch.setattr(os, "posix_fallocate", refusing(errno.EOPNOTSUPP), raising=False)


def no_hard_links(monkeypatch):
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))


def no_sync_of_folders(monkeypatch):
    real = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            refusing(errno.EINVAL)()
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


def no_names_of_descriptors(monkeypatch):
    monkeypatch.setattr("sgdode.results.atomic._by_descriptor", lambda part, _: part)


LACKING = [no_locks, nothing_of_linux, no_reserve, no_hard_links, no_sync_of_folders, no_names_of_descriptors]


@pytest.mark.parametrize("lacking", LACKING)
@pytest.mark.parametrize("command", ["simulate", "integrate"])
def test_the_main_job_works(lacking, command, tmp_path, small, monkeypatch):
    perform(small(), command, tmp_path / "whole.h5", Reporter(quiet=True))
    lacking(monkeypatch)
    told = []
    perform(small(), command, tmp_path / "x.h5", Reporter(quiet=True, told=told.append))
    assert not told
    assert {path.name for path in tmp_path.iterdir()} == {"whole.h5", "x.h5"}
    found, whole = Trajectory.load(tmp_path / "x.h5"), Trajectory.load(tmp_path / "whole.h5")
    for name, curve in whole.curves.items():
        np.testing.assert_array_equal(found.curves[name], curve)


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS])
def test_a_file_system_that_reserves_nothing_is_no_failure(number, tmp_path, monkeypatch, small):
    monkeypatch.setattr(os, "posix_fallocate", refusing(number), raising=False)
    (tmp_path / "x").write_bytes(b"")
    hdf5._reserve(tmp_path / "x", _contents())


def test_a_disk_without_room_is(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "posix_fallocate", refusing(errno.ENOSPC), raising=False)
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(OSError, match="No space left"):
        hdf5._reserve(tmp_path / "x", _contents())


def _contents():
    return Trajectory("integration", np.zeros(1), np.eye(1), {"risk": np.zeros(1)})


def test_no_warning_of_a_library_reaches_a_user(sgdode, tmp_path):
    (tmp_path / "c.yaml").write_text(
        "{dimension: 1000, teacher: {width: 2}, student: {width: 3}, time: {stop: 2},"
        " learning_rate: {gamma: 1.0, schedule: {power: 300.0, time: 1.0e-300}}}"
    )
    steep = ["--set", "learning_rate=1", "--set", "student.activation={name: erf, gain: 1e300}"]
    for more in ([], ["--json"], steep):
        done = sgdode("check", "c.yaml", *more)
        assert "Warning" not in done.stderr, done.stderr
        assert ".py:" not in done.stderr
    assert warnings.filters
