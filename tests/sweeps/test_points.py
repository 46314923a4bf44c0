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


def test_names_are_cut_between_settings():
    values = {
        "teacher.overlap": "[[1,0.123456789],[0.123456789,1]]",
        "student.output_weights": "[1.123456789,2.123456789,3.1234567]",
        "learning_rate.gamma": "0.123457",
        "initial.scale": "0.123456",
        "time.stop": "0.123456",
    }
    (task,) = found([f"{key}={value}" for key, value in values.items()], ["integrate"])
    words = task.spec.name.split("-", 1)[1]
    assert len(task.spec.name.encode()) <= 150
    shown = [key for key in values if f"{key}=" in words]
    assert shown[:3] == list(values)[:3]
    for key in shown:
        text = values[key]
        assert f"{key}=" + ("-".join(text.strip("[]").replace("],[", ",").split(",")) if "[" in text else text) in words
    assert len(shown) < len(values)
    assert f"name={task.spec.name}" in task.settings


def test_a_name_without_room_for_a_setting_stays_whole():
    source = Source(SPEC.encode(), "c.yaml", Path(), "c" * 146)
    (task,) = tasks(source, (), axes(["dimension=1000"]), ["integrate"], Path("out"))
    assert task.spec.name == "c" * 146
