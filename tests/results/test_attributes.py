"""Root attributes are checked like a spec."""

import math

import h5py
import numpy as np
import pytest
from support.fuzz_files import made_up

from sgdode.errors import FileError
from sgdode.results import seal
from sgdode.results.attributes import ALLOWED, format_fault, is_number, refuse_wrong_attributes
from sgdode.results.hdf5 import header
from sgdode.results.trajectory import Trajectory

GOOD = {"kind": "simulation", "status": "complete"}
LIST = np.array([1.0, 2.0])
WRONG = {
    "gamma": (math.nan, -1.0, "0.5", True, LIST),
    "noise": (math.nan, -1.0, math.inf, LIST),
    "dimension": (0, -3, 2.5, math.nan, "inf", LIST),
    "student_width": (0, math.nan, "x"),
    "teacher_width": (0, math.inf),
    "batch_size": (0, 1.5, math.inf, "x"),
    "kind": ("theory", 1, "", LIST),
    "status": ("done", b"complete"),
    "diverged_at": (math.nan, math.inf, -1.0, "never"),
    "risk_error": (math.nan, -1e-9, "small", LIST),
    "rtol": (math.nan, -1.0),
    "precision": ("float16", 64),
    "spec_hash": ("", "x" * 12, 12, LIST),
    "problem_hash": ("../../..", math.nan, LIST),
    "name": (1, "x" * 2000, LIST),
    "warnings": (1, LIST),
    "seeds": (0, "3"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_no_run_has_is_refused(name):
    for value in WRONG[name]:
        with pytest.raises(ValueError, match=f"the attribute {name} must be {ALLOWED[name].wanted}; got "):
            refuse_wrong_attributes(GOOD | {name: value})


def test_what_runs_have_is_not():
    refuse_wrong_attributes(
        GOOD | {"dimension": math.inf, "student_width": math.inf, "gamma": 0.0, "risk_error": math.inf}
    )
    refuse_wrong_attributes(
        GOOD | {"dimension": 1e6, "gamma": math.inf, "name": "a b", "diverged_at": 0.0, "mine": LIST}
    )
    for name in GOOD:
        with pytest.raises(ValueError, match=f"no attribute {name}"):
            refuse_wrong_attributes({key: value for key, value in GOOD.items() if key != name})
    assert [is_number(value) for value in (1, 2.5, math.inf, True, math.nan, "1", LIST)] == [True] * 3 + [False] * 4


@pytest.mark.parametrize("version", [2, 0, 1.5, "1", LIST])
def test_the_format_is_ours(version):
    assert format_fault({"format": "sgdode", "format_version": 1}) is None
    assert "not one of sgdode" in str(format_fault({"format": LIST}))
    assert "format version " in str(format_fault({"format": "sgdode", "format_version": version}))


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("reader", [Trajectory.load, header])
def test_they_are_checked_where_a_file_is_read(sealed, reader, tmp_path):
    path = made_up()["simulation"].save(tmp_path / "x.h5")
    attributes = seal.sealed_attributes(path) | {"gamma": math.nan}
    with h5py.File(path, "r+") as file:
        file.attrs["gamma"] = math.nan
    if sealed:
        seal.append(path, attributes)
    with pytest.raises(FileError, match=r"x\.h5: not a readable sgdode file \(the attribute gamma must be a number"):
        reader(path)
