"""Workers that are killed."""

import pytest
from support.processes import SPEC, begin, eagerly, ended

from sgdode.results.trajectory import Trajectory


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "c.yaml").write_text(SPEC)
    return tmp_path


def test_a_killed_worker_costs_one_more_try(folder):
    (folder / "c.yaml").write_text(SPEC.replace("stop: 1.0", "stop: 300.0"))
    grid = ["--grid", "seed=0:6", "--command", "simulate", "-j", "1"]
    faults = eagerly(kill=30, once=folder / "killed", starts=folder / "starts")
    status, out, err = ended(begin(folder, "sweep", "c.yaml", *grid, env=faults))
    assert (status, len(out.split())) == (0, 6), err
    assert (folder / "killed").exists()
    assert len((folder / "starts").read_text().split()) == 3, "the sweep, its worker, and the next one"
    assert all(Trajectory.load(folder / name).status == "complete" for name in out.split())


def test_a_file_that_kills_its_process_twice_is_given_up(folder):
    grid = ["--grid", "seed=0:2", "--command", "simulate", "-j", "1"]
    status, out, err = ended(begin(folder, "sweep", "c.yaml", *grid, env=eagerly(kill=1)))
    assert (status, out) == (1, ""), err
    assert err.count("its process was killed by SIGKILL, 2 times; where memory is short, a smaller -j helps") == 2
