"""The place of a file is looked at before anything is computed."""

import os
from types import SimpleNamespace

import pytest
from support.specs import SMALL, merged

from sgdode import SpecError, load_spec
from sgdode.errors import UsageError
from sgdode.reporting import Reporter
from sgdode.runs.place import refuse_full, refuse_name
from sgdode.runs.run import perform


@pytest.fixture
def room(monkeypatch):
    """``room(bytes)``: what the file system has left."""

    def leave(free, blocks=10**9):
        monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=free, f_frsize=1, f_blocks=blocks))

    return leave


@pytest.mark.parametrize("command", ["simulate", "integrate"])
def test_a_full_disk_is_refused_before_computing(command, room, tmp_path, monkeypatch):
    monkeypatch.setattr("sgdode.runs.run._compute", lambda *_: pytest.fail("computed"))
    room(20_000)
    with pytest.raises(UsageError, match=r"x\.h5: cannot be written there: No space left on device \(the file will"):
        perform(load_spec(SMALL), command, tmp_path / "x.h5", Reporter(quiet=True))
    assert not list(tmp_path.iterdir())


def test_what_is_saved_counts(room, tmp_path):
    room(10**6)
    refuse_full(load_spec(SMALL), "simulate", tmp_path / "x.h5")
    larger = load_spec(merged(SMALL, {"time": {"points": 500, "stop": 100}, "student": {"width": 16}}))
    with pytest.raises(UsageError, match="file will take 2"):
        refuse_full(larger, "simulate", tmp_path / "x.h5")


def test_a_file_system_that_does_not_tell_is_full_of_room(room, tmp_path, monkeypatch):
    room(0, blocks=0)
    refuse_full(load_spec(SMALL), "simulate", tmp_path / "x.h5")
    monkeypatch.delattr(os, "statvfs")
    refuse_full(load_spec(SMALL), "simulate", tmp_path / "x.h5")


def test_what_cannot_run_is_refused_for_that(room, tmp_path):
    room(0)
    with pytest.raises(SpecError, match="integrate alone"):
        refuse_full(load_spec(merged(SMALL, {"student": {"width": "inf"}})), "simulate", tmp_path / "x.h5")


@pytest.mark.parametrize("name", ["y" * 300 + ".h5", "y" * 250, "y" * 300 + "/x.h5", "/".join(["deep"] * 1000)])
def test_a_name_too_long_is_refused_before_computing(name, tmp_path):
    with pytest.raises(UsageError, match=r"File name too long \(\d+ bytes"):
        refuse_name(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_names_that_fit_are_taken(tmp_path, monkeypatch):
    longest = tmp_path / ("y" * (255 - len(".ckpt.part")))
    refuse_name(longest)
    longest.with_name(longest.name + ".ckpt.part").write_text("")
    monkeypatch.delattr(os, "pathconf")
    refuse_name(longest)
    with pytest.raises(UsageError, match="255 is the limit"):
        refuse_name(longest.with_name(longest.name + "y"))


def test_the_command_line_says_so(tmp_path, sgdode):
    (tmp_path / "c.yaml").write_text(
        "{dimension: 100, teacher: {width: 2}, student: {width: 3}, learning_rate: 0.5, time: {stop: 1}}"
    )
    for words in (["--out-dir", "y" * 300], ["-o", "y" * 300 + ".h5"], ["-o", "y" * 300 + ".h5", "--force"]):
        done = sgdode("simulate", "c.yaml", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "File name too long" in done.stderr
        assert len(done.stderr) < 300
