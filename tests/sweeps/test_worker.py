"""One order of a sweep, carried out."""

from pathlib import Path

import pytest
from support.processes import SPEC

from sgdode.reporting import Reporter
from sgdode.results.trajectory import Trajectory
from sgdode.runs.lock import hold
from sgdode.spec.load import Source
from sgdode.sweeps.grid import axes
from sgdode.sweeps.local_pool import on_this_machine
from sgdode.sweeps.points import tasks
from sgdode.sweeps.sweep import report, standing, sweep
from sgdode.sweeps.worker import work

HOW = {"force": False, "restart": False, "jobs": 1}


@pytest.fixture
def task(tmp_path):
    source = Source(SPEC.encode(), "c.yaml", Path(), "c")
    (found,) = tasks(source, (), axes(["initial.seed=3"]), ("integrate",), tmp_path)
    return found


def test_an_order_becomes_a_file_once(task):
    shares = []
    order = task.order(**HOW, wait=True)
    reply = work(order, shares.append)
    assert (reply["path"], reply["status"], reply["skipped"]) == (str(task.path), "complete", False)
    assert Trajectory.load(task.path).attributes["spec_hash"] == task.hash
    assert all(0 <= share <= 1 for share in shares)
    assert work(order, shares.append)["skipped"]
    assert standing(task, False).status == "complete"
    assert standing(task, True) is None


def test_what_cannot_be_done_is_a_reply(task):
    with hold(task.path, Reporter(quiet=True)):
        assert "is being computed by" in work(task.order(**HOW, wait=False), print)["busy"]
    other = task.order(**HOW, wait=True) | {"hash": "0" * 12}
    assert "reads the spec in another way" in work(other, print)["error"]


def test_a_sweep_tells_every_ending_in_order(task, capsys):
    told = []

    def carry(orders):
        return ((number, work(order, print)) for number, order in enumerate(orders))

    endings = sweep([task], carry, Reporter(), HOW, told.append)
    assert told == endings
    assert endings[0].status == "complete"
    assert report(endings, Reporter()) == []
    assert "1 files: 1 computed" in capsys.readouterr().err


def test_a_worker_answers_an_order_that_fails(task):
    """Another process reads it; what it says comes as a message."""
    orders = [task.order(**HOW, wait=True) | {"hash": "0" * 12}]
    ((number, reply),) = on_this_machine(orders, 4)
    assert number == 0
    assert "reads the spec in another way" in reply["error"]
