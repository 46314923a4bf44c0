"""Trajectories as HDF5 files: whole or not there at all, and readable by h5py, h5ls and xarray."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike

from sgdode.errors import FileError
from sgdode.results import seal
from sgdode.results.atomic import aside
from sgdode.results.contents import Contents, mapping
from sgdode.results.quantities import FORMAT_VERSION, QUANTITIES

_OVERHEAD = 40_000  # bytes of a file beyond its arrays
_COORDINATES = {
    "seed": "run of SGD, an independent realisation of the noise",
    "student": "student neuron",
    "student_b": "student neuron",
    "teacher": "teacher neuron",
    "teacher_b": "teacher neuron",
}


def write(contents: Contents, path: Path) -> Path:
    """Write ``path``: beside it first, then renamed. Raises FileError where that fails (nothing is left then)."""
    _refuse_not_finite(contents, path)
    try:
        with aside(path) as part:
            _reserve(part, contents)
            with h5py.File(part, "w", locking=False) as file:
                _fill(file, contents)
                attributes = _root_attributes(file)
            seal.append(part, attributes)
    except RuntimeError as error:  # one of the kinds that h5py has
        raise FileError(f"{path}: cannot be written: {_told(error)}") from None
    return path


# A file is whole under its name and never changed there, so readers of one with its seal heed no lock: its writer still
# holds one of its own for a moment after the renaming.


def read(path: Path, names: Collection[str] = QUANTITIES) -> Contents:
    """Read a file of this program, or only the curves ``names`` of it.

    Raises FileError where it is missing, broken, or of another format.
    """
    if not path.is_file():
        raise FileError(f"{path}: no such file")
    try:
        _refuse_damage(path)
        with h5py.File(path, "r", locking=False) as file:
            return _contents(file, path, names)
    except FileError:
        raise
    except Exception as error:  # h5py raises many kinds for a broken file
        advice = "simulate and integrate write them; --force computes a damaged one again"
        raise FileError(f"{path}: not a readable sgdode file ({_told(error)}); {advice}") from None


def header(path: Path) -> dict[str, Any]:
    """The root attributes of a file, without a look at its data: what is damaged there is found by :func:`read`.

    Raises FileError as that does.
    """
    try:
        attributes = seal.sealed_attributes(path)
        if attributes is None:  # a file of an older version, or one that HDF5 has changed
            _refuse_damage(path)
            with h5py.File(path, "r", locking=False) as file:
                attributes = _root_attributes(file)
    except FileError:
        raise
    except Exception as error:  # as above
        raise FileError(f"{path}: not a readable sgdode file ({_told(error)})") from None
    _refuse_other_formats(attributes, path)
    return attributes


def _told(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _refuse_damage(path: Path) -> None:
    """Raises ValueError where a checksum is there, and wrong; FileError where another program is writing."""
    whole = seal.is_whole(path)
    if whole:
        return
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FileError(f"{path}: another program has it open for writing; wait for it to end") from None
        except OSError:
            pass  # a file system without locks
    if whole is False:
        raise ValueError("its checksum differs: it has changed since it was written")


def _reserve(path: Path, contents: Contents) -> None:
    """Raises OSError where there is no room for the file: HDF5 would tell of it by tracebacks while it is closed."""
    if not hasattr(os, "posix_fallocate"):  # macOS
        return
    arrays = [*contents.curves.values(), *contents.state.values()]
    texts = sum(len(text.encode()) for text in contents.provenance.values())
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, sum(array.nbytes for array in arrays) + texts + _OVERHEAD)


def _refuse_not_finite(contents: Contents, path: Path) -> None:
    for name, curve in contents.curves.items():
        if not np.isfinite(curve).all():
            raise FileError(f"{path}: not written: {name} holds values that are not finite")


def _fill(file: h5py.File, contents: Contents) -> None:
    _dataset(file, "time", contents.time, (), "gamma/(p d) per SGD step", "rescaled time t = νγ/(pd)")
    file["time"].make_scale("time")
    if contents.step is not None:
        _dataset(file, "step", contents.step, ("time",), "1", "SGD steps ν")
    for name, curve in contents.curves.items():
        _dataset(file, name, curve, contents.dims(name), "1", QUANTITIES[name].meaning)
    _dataset(file, "P", contents.P, ("teacher", "teacher_b"), "1", "teacher-teacher overlaps P = W* W*ᵀ/d")
    if contents.particle_weight is not None:
        long_name = "weight of each quadrature particle of the infinite student"
        _dataset(file, "particle_weight", contents.particle_weight, ("student",), "1", long_name)
    attributes = {
        "format": "sgdode",
        "format_version": FORMAT_VERSION,
        "kind": contents.kind,
        "status": contents.status,
        **contents.attributes,
        "warnings": json.dumps(contents.warnings, ensure_ascii=False),
    }
    if contents.diverged_at is not None:
        attributes["diverged_at"] = contents.diverged_at
    for key, value in attributes.items():
        file.attrs[key] = value
    for key, values in contents.state.items():
        file.require_group("state").create_dataset(key, data=values)
    group = file.create_group("provenance")
    for key, text in contents.provenance.items():
        group.attrs.create(key, text, dtype=h5py.string_dtype())


def _dataset(file: h5py.File, name: str, values: ArrayLike, dims: tuple[str, ...], units: str, long_name: str) -> None:
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


def _root_attributes(file: h5py.File) -> dict[str, Any]:
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in file.attrs.items()}


def _refuse_other_formats(attributes: Mapping[str, object], path: Path) -> None:
    if attributes.get("format") != "sgdode":
        raise FileError(f"{path}: an HDF5 file, but not one of sgdode")
    version = attributes.get("format_version")
    if version != FORMAT_VERSION:
        newer = isinstance(version, int) and version > FORMAT_VERSION
        advice = "a newer sgdode wrote it; update this one" if newer else "compute it again with --force"
        raise FileError(f"{path}: format version {version}; this sgdode reads version {FORMAT_VERSION}: {advice}")


def _contents(file: h5py.File, path: Path, names: Collection[str]) -> Contents:
    attributes = _root_attributes(file)
    _refuse_other_formats(attributes, path)
    curves = {name: file[name][...] for name in QUANTITIES if name in names and name in file}
    provenance = file["provenance"].attrs if "provenance" in file else {}
    warnings = json.loads(attributes.pop("warnings", "[]"))
    for key in ("format", "format_version"):
        attributes.pop(key)
    found = Contents(
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
    _refuse_inconsistent(found)
    return found


def _refuse_inconsistent(found: Contents) -> None:
    """Raises ValueError where the parts of a file do not belong together."""
    if found.kind not in ("simulation", "integration") or found.status not in ("complete", "diverged", "partial"):
        raise ValueError(f"kind {found.kind!r}, status {found.status!r}")
    if not isinstance(found.attributes.get("name", ""), str) or not all(isinstance(w, str) for w in found.warnings):
        raise ValueError("attributes of a wrong type")
    for key in ("resolved", "environment"):
        mapping(found.provenance.get(key, ""))
    if found.step is not None and found.step.shape != found.time.shape:
        raise ValueError("step and time differ in length")
    sizes = {"time": len(found.time), "teacher": len(found.P), "teacher_b": len(found.P)}
    shapes = {"time": ("time",), "P": ("teacher", "teacher_b")} | {name: found.dims(name) for name in found.curves}
    arrays = {"time": found.time, "P": found.P, **found.curves}
    for name, values in arrays.items():
        dims = shapes[name]
        if values.ndim != len(dims) or values.dtype.kind != "f" or not np.isfinite(values).all():
            raise ValueError(f"{name} is not a finite array over {', '.join(dims)}")
        for dim, size in zip(dims, values.shape, strict=True):
            dim = dim.replace("student_b", "student")
            if sizes.setdefault(dim, size) != size:
                raise ValueError(f"{name} has {size} along {dim}, others {sizes[dim]}")
