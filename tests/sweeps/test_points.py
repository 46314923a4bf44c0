"""The points of a sweep and the names of their files."""

from pathlib import Path

import pytest
from support.processes import SPEC

from sgdode.errors import SpecError
from sgdode.spec.load import Source
from sgdode.sweeps.grid import axes
from sgdode.sweeps.points import tasks


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
