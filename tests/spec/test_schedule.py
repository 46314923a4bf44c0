"""Schedules in a spec: a file is kept, and counts by what is in it; each has one form."""

import pytest
from support.specs import SMALL, merged

from sgdode import load_spec
from sgdode.errors import SpecError
from sgdode.spec.beside import rows_of
from sgdode.spec.build import clock, end_time
from sgdode.spec.provenance import problem_hash, resolved
from sgdode.spec.schedule import ScheduleSpec

ROWS = [[0.0, 1.0], [5.0, 1.0], [20.0, 0.1]]


def scheduled(value, folder=None, **changes):
    spec = merged(SMALL, {"learning_rate": {"gamma": 1.0, "schedule": value}})
    if folder is None:
        return load_spec(spec, changes)
    import yaml

    (folder / "spec.yaml").write_text(yaml.safe_dump({**spec, "name": "spec"}))
    return load_spec(folder / "spec.yaml", changes)


def test_a_file_is_the_table_that_it_holds(tmp_path):
    (tmp_path / "schedule.csv").write_text("alpha, factor\n0, 1\n5 1  # held\n20; 0.1\n")
    spec, table = scheduled({"file": "schedule.csv"}, tmp_path), scheduled({"table": ROWS})
    assert resolved(spec)["learning_rate"]["schedule"] == {"table": ROWS}
    assert problem_hash(spec) == problem_hash(table)
    assert clock(spec) == clock(table)
    (tmp_path / "schedule.csv").write_text("0, 1\n5, 0.9\n")
    assert problem_hash(scheduled({"file": "schedule.csv"}, tmp_path)) != problem_hash(table)
    again = load_spec(resolved(spec))
    assert clock(again) == clock(table)


def test_a_file_that_is_no_table_is_refused_with_its_line(tmp_path):
    (tmp_path / "schedule.csv").write_text("0, 1\n5, x\n")
    with pytest.raises(SpecError, match=r"schedule: file: schedule\.csv:2: '5, x' must be two numbers, α and factor"):
        scheduled({"file": "schedule.csv"}, tmp_path)
    assert rows_of("0 1\n", "a", "file", "α and factor") == [[0.0, 1.0]]


def test_values_have_their_defaults_and_keys_one_order():
    spec = ScheduleSpec.model_validate({"warmup": 1, "cosine": 5})
    assert (spec.law, spec.values) == ("cosine", {"cosine": 5.0, "floor": 0.0, "warmup": 1.0})
    assert list(ScheduleSpec.model_validate({"time": 2, "power": 1}).given) == ["power", "time"]
    assert ScheduleSpec.model_validate({"time": 2, "power": 1}).law is None


def test_the_schedule_of_t_and_constant_have_the_hash_that_they_had():
    assert resolved(scheduled("constant"))["learning_rate"]["schedule"] == "constant"
    assert resolved(scheduled({"power": 0.5, "time": 1}))["learning_rate"]["schedule"] == {"power": 0.5, "time": 1.0}
    assert "unit" not in resolved(scheduled("constant"))["time"]


def test_the_end_in_t_of_a_run_in_samples():
    spec = scheduled({"hold": 2.0, "power": 1.0}, **{"time.unit": "samples", "time.stop": 1.0})
    assert end_time(spec) == pytest.approx(1.0 / 3)
    assert end_time(scheduled("constant")) == 1.0
