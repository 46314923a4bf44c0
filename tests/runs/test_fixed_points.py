"""Stationary points of a spec: what is told, followed, saved, and refused."""

import h5py
import numpy as np
import pytest

from sgdode import load_spec
from sgdode.errors import SpecError, UsageError
from sgdode.results import seal
from sgdode.runs.fixed_points import fixed_points

COMMITTEE = {
    "dimension": 1000,
    "teacher": {"width": 2, "output_weights": "width"},
    "student": {"width": 2, "output_weights": "width"},
    "learning_rate": {"gamma": 100.0, "p_exponent": 0, "d_exponent": -0.66666666666666},
    "time": {"stop": 100},
}


@pytest.fixture(scope="module")
def found():
    return fixed_points(load_spec(COMMITTEE), along=("teacher.noise", [0.0, 0.1]), tries=3)


def test_the_largest_stable_gamma_is_in_the_convention_of_the_spec(found):
    assert [point.name for point in found.points] == ["perfect", "unspecialised", "collapsed"]
    assert found.largest_stable_gamma == pytest.approx(230.682770, rel=1e-6)
    assert found.samples_per_time == pytest.approx(2.0, rel=1e-9)
    assert found.traps == []


def test_it_is_saved_whole(found, tmp_path):
    path = found.save(tmp_path / "points.h5")
    assert seal.is_whole(path)
    with h5py.File(path) as file:
        assert file.attrs["kind"] == "fixed-points"
        assert [name.decode() for name in file["name"]] == ["perfect", "unspecialised", "collapsed"]
        np.testing.assert_array_equal(file["risk"], [point.risk for point in found.points])
        assert file["Q"].shape == (3, 2, 2)
        assert file["branch_1/value"][...].tolist() == [0.0, 0.1]
    summary = found.summaries()
    assert set(summary[0]) > {"name", "risk", "Q", "M", "stable", "unstable", "neutral", "eigenvalues", "escape_rate"}
    assert summary[3] == {"largest_stable_gamma": found.largest_stable_gamma}
    assert summary[-1]["along"] == "teacher.noise"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"student": {"width": 2, "train_output": 1.0}}, "student.train_output"),
        ({"learning_rate": {"gamma": 1.0, "schedule": {"power": 0.5, "time": 1.0}}}, "learning_rate.schedule"),
        ({"student": {"width": 60}}, "student.width"),
        ({"integrate": {"equations": "mean-field"}}, "integrate.equations"),
        ({"student": {"width": "inf"}, "integrate": {"equations": "mean-field"}}, "student.width"),
        ({"dimension": "inf"}, "dimension"),
    ],
)
def test_what_has_no_stationary_points_is_refused_by_its_key(changes, key):
    with pytest.raises(SpecError, match=key):
        fixed_points(load_spec({**COMMITTEE, **changes}), tries=0)


@pytest.mark.parametrize("along", [("name", [1, 2]), ("student.width", [np.nan, 1]), ("teacher.noise", [0.1])])
def test_a_key_that_cannot_be_followed_is_refused(along):
    with pytest.raises(UsageError, match="--along"):
        fixed_points(load_spec(COMMITTEE), along=along, tries=0)
