"""Trajectories as HDF5 files: whole or not there at all, and readable by h5py, h5ls and xarray."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from sgdode.errors import FileError
from sgdode.identity import FORMAT_VERSION
from sgdode.trajectory import QUANTITIES, Trajectory

_COORDINATES = {
    "seed": "run of SGD, an independent realisation of the noise",
    "student": "student neuron",
    "student_b": "student neuron",
    "teacher": "teacher neuron",
    "teacher_b": "teacher neuron",
}


def write(trajectory: Trajectory, path: Path) -> Path:
    """Write ``path``: beside it first, then renamed. Raises FileError where that fails (nothing is left then)."""
    _refuse_not_finite(trajectory, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside(path) as part, h5py.File(part, "w", locking=False) as file:
            _fill(file, trajectory)
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


# A file is whole under its name and never changed there, so readers take no lock: its writer still holds one of its own
# for a moment after the renaming.


def read(path: Path, names: Collection[str] = QUANTITIES) -> Trajectory:
    """Read a file of this program, or only the curves ``names`` of it.

    Raises FileError where it is missing, broken, or of another format.
    """
    if not path.is_file():
        raise FileError(f"{path}: no such file")
    try:
        with h5py.File(path, "r", locking=False) as file:
            return _trajectory(file, path, names)
    except FileError:
        raise
    except (OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise FileError(f"{path}: not a readable sgdode file ({reason}); compute it again with --force") from None


def header(path: Path) -> dict[str, Any]:
    """The root attributes of a file. Raises FileError as :func:`read` does."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            attributes = _attributes(file)
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise FileError(f"{path}: not a readable sgdode file ({' '.join(str(error).split())})") from None
    _check_format(attributes, path)
    return attributes


@contextlib.contextmanager
def aside(path: Path) -> Iterator[Path]:
    """``path.part``, locked against other processes; renamed to ``path`` when the block ends well, else removed."""
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not part.exists() or part.stat().st_ino != os.fstat(descriptor).st_ino:
            os.close(descriptor)
            descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o666)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield part
            _sync(part)
            os.replace(part, path)
            _sync(path.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_not_finite(trajectory: Trajectory, path: Path) -> None:
    for name, curve in trajectory.curves.items():
        if not np.isfinite(curve).all():
            raise FileError(f"{path}: not written: {name} holds values that are not finite")


def _fill(file: h5py.File, trajectory: Trajectory) -> None:
    _dataset(file, "time", trajectory.time, (), "gamma/(p d) per SGD step", "rescaled time t = νγ/(pd)")
    file["time"].make_scale("time")
    if trajectory.step is not None:
        _dataset(file, "step", trajectory.step, ("time",), "1", "SGD steps ν")
    lead = ("seed", "time") if trajectory.kind == "simulation" else ("time",)
    for name, curve in trajectory.curves.items():
        inner, long_name = QUANTITIES[name]
        _dataset(file, name, curve, (*lead, *inner), "1", long_name)
    _dataset(file, "P", trajectory.P, ("teacher", "teacher_b"), "1", "teacher-teacher overlaps P = W* W*ᵀ/d")
    if trajectory.particle_weight is not None:
        long_name = "weight of each quadrature particle of the infinite student"
        _dataset(file, "particle_weight", trajectory.particle_weight, ("student",), "1", long_name)
    attributes = {
        "format": "sgdode",
        "format_version": FORMAT_VERSION,
        "kind": trajectory.kind,
        "status": trajectory.status,
        **trajectory.attributes,
        "warnings": json.dumps(trajectory.warnings, ensure_ascii=False),
    }
    if trajectory.diverged_at is not None:
        attributes["diverged_at"] = trajectory.diverged_at
    for key, value in attributes.items():
        file.attrs[key] = value
    for key, values in trajectory.state.items():
        file.require_group("state").create_dataset(key, data=values)
    group = file.create_group("provenance")
    for key, text in trajectory.provenance.items():
        group.attrs.create(key, text, dtype=h5py.string_dtype())


def _dataset(file: h5py.File, name: str, values: Any, dims: tuple[str, ...], units: str, long_name: str) -> None:
    values = np.asarray(values)
    file.create_dataset(name, data=values)
    file[name].attrs["units"] = units
    file[name].attrs["long_name"] = long_name
    for axis, dim in enumerate(dims):
        if dim not in file:
            file.create_dataset(dim, data=np.arange(values.shape[axis]))
            file[dim].make_scale(dim)
            file[dim].attrs["units"] = "1"
            file[dim].attrs["long_name"] = _COORDINATES[dim]
        file[name].dims[axis].attach_scale(file[dim])


def _attributes(file: h5py.File) -> dict[str, Any]:
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in file.attrs.items()}


def _check_format(attributes: dict[str, Any], path: Path) -> None:
    if attributes.get("format") != "sgdode":
        raise FileError(f"{path}: an HDF5 file, but not one of sgdode")
    version = attributes.get("format_version")
    if version != FORMAT_VERSION:
        raise FileError(f"{path}: format version {version}; this sgdode reads version {FORMAT_VERSION}")


def _trajectory(file: h5py.File, path: Path, names: Collection[str]) -> Trajectory:
    attributes = _attributes(file)
    _check_format(attributes, path)
    curves = {name: file[name][...] for name in QUANTITIES if name in names and name in file}
    provenance = file["provenance"].attrs if "provenance" in file else {}
    warnings = json.loads(attributes.pop("warnings", "[]"))
    for key in ("format", "format_version"):
        attributes.pop(key)
    return Trajectory(
        kind=attributes.pop("kind"),
        time=file["time"][...],
        P=file["P"][...],
        curves=curves,
        step=file["step"][...] if "step" in file else None,
        particle_weight=file["particle_weight"][...] if "particle_weight" in file else None,
        status=attributes.pop("status"),
        diverged_at=attributes.pop("diverged_at", None),
        attributes=attributes,
        warnings=warnings,
        provenance={key: str(value) for key, value in provenance.items()},
        state={key: values[...] for key, values in file["state"].items()} if "state" in file else {},
    )
