"""The file: what it holds, that xarray reads it, that it is whole or not there."""

import warnings

import h5py
import numpy as np
import pytest

from sgdode.errors import FileError
from sgdode.results.hdf5 import header
from sgdode.results.trajectory import Trajectory

T, S, P_, K = 4, 2, 3, 2


def example(kind="simulation"):
    rng = np.random.default_rng(0)
    lead = (S, T) if kind == "simulation" else (T,)
    curves = {
        "risk": rng.random(lead),
        "M": rng.random((*lead, P_, K)),
        "Q": rng.random((*lead, P_, P_)),
        "output_weights": rng.random((*lead, P_)),
    }
    return Trajectory(
        kind,
        np.array([0.0, 0.1, 0.5, 1.0]),
        np.eye(K),
        curves,
        step=np.array([0, 1, 5, 10]),
        attributes={"name": "example", "gamma": 0.5, "dimension": float("inf")},
        warnings=["a warning, with Δ"],
        provenance={"spec": "dimension: 1\n# Δ", "resolved": "{}", "environment": "{}"},
    )


@pytest.mark.parametrize("kind", ["simulation", "integration"])
def test_what_is_written_is_read(kind, tmp_path):
    run = example(kind)
    again = Trajectory.load(run.save(tmp_path / "deep" / "run.h5"))
    for name, curve in run.curves.items():
        np.testing.assert_array_equal(again.curves[name], curve)
    np.testing.assert_array_equal(again.time, run.time)
    np.testing.assert_array_equal(again.step, run.step)
    assert (again.kind, again.status, again.warnings) == (kind, "complete", run.warnings)
    assert again.attributes == run.attributes
    assert again.provenance == run.provenance
    assert header(tmp_path / "deep" / "run.h5")["format"] == "sgdode"


@pytest.mark.parametrize("kind", ["simulation", "integration"])
def test_xarray_opens_it_without_a_warning(kind, tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    example(kind).save(tmp_path / "run.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = xarray.open_dataset(tmp_path / "run.h5")
    lead = ("seed", "time") if kind == "simulation" else ("time",)
    assert data["risk"].dims == lead
    assert data["M"].dims == (*lead, "student", "teacher")
    assert data["Q"].dims == (*lead, "student", "student_b")
    assert data["P"].dims == ("teacher", "teacher_b")
    assert set(data["M"].dims) <= set(data.coords)
    assert data["time"].attrs["long_name"]
    assert data.attrs["name"] == "example"


def test_nothing_is_left_of_a_failed_write(tmp_path, monkeypatch):
    target = tmp_path / "run.h5"
    monkeypatch.setattr(
        "sgdode.results.hdf5._fill", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(FileError, match="No space left"):
        example().save(target)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_finite_is_never_written(tmp_path):
    run = example()
    run.curves["risk"][0, 1] = np.nan
    with pytest.raises(FileError, match="not finite"):
        run.save(tmp_path / "run.h5")
    assert list(tmp_path.iterdir()) == []


def test_broken_files_have_a_message(tmp_path):
    whole = example().save(tmp_path / "run.h5").read_bytes()
    broken = tmp_path / "broken.h5"
    for content in (b"", b"nonsense" * 100, whole[: len(whole) // 2], whole[:600]):
        broken.write_bytes(content)
        with pytest.raises(FileError, match=r"broken\.h5"):
            Trajectory.load(broken)
    with pytest.raises(FileError, match="no such file"):
        Trajectory.load(tmp_path / "absent.h5")
    with h5py.File(broken, "w") as file:
        file["x"] = 1
    with pytest.raises(FileError, match="not one of sgdode"):
        Trajectory.load(broken)
    with h5py.File(tmp_path / "run.h5", "a") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(FileError, match="format version 99"):
        Trajectory.load(tmp_path / "run.h5")


def test_a_curve_that_was_not_saved_says_so():
    with pytest.raises(AttributeError, match="add it to `save`"):
        _ = example().q
