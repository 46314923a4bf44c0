"""What a sweep will cost."""

from pathlib import Path

import pytest
from support.processes import SPEC

from sgdode.reporting import Reporter
from sgdode.spec.load import Source
from sgdode.sweeps import cost
from sgdode.sweeps.cost import Outlook, outlook
from sgdode.sweeps.grid import axes
from sgdode.sweeps.points import tasks


def test_the_seconds_of_what_is_missing_are_shared_out():
    found = Outlook(["missing", "complete", "missing", "missing"], [10.0, 99.0, 20.0, 30.0], 2, 3)
    alone = found.total(1)
    assert alone - found.total(2) == pytest.approx(30)
    assert found.total(2) == found.total(3) == found.total(100), "not below the longest file"
    assert found.text(1).startswith("4 files, 1 of them there already: about ")
    assert found.text(1).endswith("; 2 of 3 kinds of run were measured")
    assert Outlook(["complete"], [5.0], 0, 0).total(1) == 0.0


def test_files_that_differ_in_seeds_alone_are_measured_once(tmp_path, monkeypatch):
    measured = []
    monkeypatch.setattr(cost, "_seconds", lambda task: measured.append(task.path.name) or 7.0)
    source = Source(SPEC.encode(), "c.yaml", Path(), "c")
    grid = axes(["seed=0:3", "dimension=50,60"])
    found = tasks(source, (), grid, ("simulate",), tmp_path)
    costs = outlook(found, False, Reporter(quiet=True))
    assert (len(found), len(measured)) == (6, 2)
    assert (costs.statuses, costs.seconds, costs.kinds) == (["missing"] * 6, [7.0] * 6, 2)
