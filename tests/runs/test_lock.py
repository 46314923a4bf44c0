"""The right to compute a file."""

import os

import pytest

from sgdode.errors import Busy
from sgdode.reporting import Reporter
from sgdode.runs.lock import held


def test_one_at_a_time_and_nothing_is_left(tmp_path):
    path = tmp_path / "x.h5"
    with held(path, Reporter(quiet=True)):
        assert f"process {os.getpid()}" in (tmp_path / "x.h5.lock").read_text()
        with (
            pytest.raises(Busy, match=rf"x\.h5 is being computed by process {os.getpid()} on "),
            held(path, Reporter(quiet=True), wait=False),
        ):
            pass
    assert not list(tmp_path.iterdir())
    with held(path, Reporter(quiet=True), wait=False):
        pass


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path):
    (tmp_path / "x.h5.lock").write_text("process 1 on another machine")
    with held(tmp_path / "x.h5", Reporter(quiet=True), wait=False):
        assert f"process {os.getpid()}" in (tmp_path / "x.h5.lock").read_text()
    assert not list(tmp_path.iterdir())
