"""Trajectories as HDF5 files: whole or not there at all, and readable by h5py, h5ls and xarray."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike

from sgdode.errors import FileError
from sgdode.results import seal
from sgdode.results.apart import copied
from sgdode.results.atomic import aside
from sgdode.results.contents import Contents
from sgdode.results.findings import FINDINGS, finding_kind
from sgdode.results.others import refuse_spec
from sgdode.results.quantities import BY_BLOCK, FORMAT_VERSION, QUANTITIES, SAMPLES
from sgdode.results.reading import contents_of, refuse_attributes, root_attributes
from sgdode.results.structure import refuse_irregular

_OVERHEAD = 40_000  # bytes of a file beyond its arrays
_COORDINATES = {
    "seed": "run of SGD, an independent realisation of the noise",
    "student": "student neuron",
    "student_b": "student neuron",
    "teacher": "teacher neuron",
    "teacher_b": "teacher neuron",
    "task": "task of the teacher",
    "block": "block of equal eigenvalues of the inputs",
}


def write(contents: Contents, path: Path, former: Path | None = None) -> Path:
    """Write ``path``: beside it first, then renamed. Raises FileError where that fails (nothing is left then)."""
    _refuse_not_finite(contents, path)
    try:
        with aside(path, former=former) as part:
            _reserve(part, contents)
            with h5py.File(part, "w", locking=False) as file:
                _fill(file, contents)
                attributes = dict(file.attrs)
            seal.append(part, attributes)
    except RuntimeError as error:  # one of the kinds that h5py has
        raise FileError(f"{path}: cannot be written: {_told(error)}") from None
    return path


# A file is whole under its name and never changed there, so readers of one with its seal heed no lock: its writer still
# holds one of its own for a moment after the renaming.


def read(path: Path, names: Collection[str] = QUANTITIES) -> Contents:
    """Read a file of this program, or only the curves ``names`` of it; one without a checksum is ``unsealed``.

    Raises FileError where it is missing, broken, or of another format.
    """
    refuse_irregular(path)
    refuse_spec(path)
    _refuse_finding(path)
    try:
        if _sealed(path):
            return contents_of(path, names, sealed=True)
    except FileError:
        raise
    except Exception as error:  # h5py raises many kinds for a broken file
        raise broken(path, error) from None
    with copied(path) as copy:
        found = contents_of(copy, names, sealed=True)
    found.unsealed = True
    return found


def _refuse_finding(path: Path) -> None:
    """Raises FileError for a file of another kind of result."""
    if (kind := finding_kind(path)) is not None:
        advice = "`sgdode show` describes it" + (", initial.file starts from it" if kind == "fixed-points" else "")
        raise FileError(f"{path}: holds {FINDINGS[kind]}, not the curves of a run; {advice}")


def header(path: Path) -> dict[str, Any]:
    """The root attributes of a file, without a look at its data: what is damaged there is found by :func:`read`.

    Raises FileError as that does.
    """
    refuse_irregular(path)
    refuse_spec(path)
    _refuse_finding(path)
    try:
        attributes = seal.sealed_attributes(path)
        if attributes is None and _sealed(path):  # a file of an older version
            attributes = root_attributes(path)
        if attributes is not None:
            refuse_attributes(attributes, path)
            return attributes
    except FileError:
        raise
    except Exception as error:  # as above
        raise broken(path, error) from None
    with copied(path) as copy:
        return root_attributes(copy)


def broken(path: Path, error: Exception) -> FileError:
    """What is told of a file that cannot be read, and what to do."""
    if isinstance(error, OSError) and error.errno is not None:  # of the system, not of what the file holds
        return FileError(f"{path}: cannot be read: {os.strerror(error.errno)}")
    if isinstance(error, OSError) and "flag values don't match" in str(error):
        return FileError(f"{path}: is open in this process in another way; close it there")
    if isinstance(error, MemoryError):
        return FileError(f"{path}: cannot be read: out of memory")
    advice = "simulate and integrate write them; a damaged one must be computed again"
    return FileError(f"{path}: not a readable sgdode file ({_told(error)}); {advice}")


def _told(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _sealed(path: Path) -> bool:
    """Whether it has a checksum. Raises ValueError where that is wrong; FileError where another program is writing."""
    whole = seal.is_whole(path)
    if whole:
        return True
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FileError(f"{path}: another program has it open for writing; wait for it to end") from None
        except OSError:
            pass  # a file system without locks
    if whole is False:
        raise ValueError("its checksum differs: it has changed since it was written")
    return False


def _reserve(path: Path, contents: Contents) -> None:
    """Raises OSError where there is no room for the file: HDF5 would tell of it by tracebacks while it is closed."""
    if not hasattr(os, "posix_fallocate"):  # macOS
        return
    arrays = [*contents.curves.values(), *contents.state.values(), *contents.start.values()]
    texts = sum(len(text.encode()) for text in contents.provenance.values())
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, sum(array.nbytes for array in arrays) + texts + _OVERHEAD)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS, errno.ENODEV):
                raise  # a file system that cannot tell of its room is no failure


def _refuse_not_finite(contents: Contents, path: Path) -> None:
    for name, curve in contents.curves.items():
        if not np.isfinite(curve).all():
            raise FileError(f"{path}: not written: {name} holds values that are not finite")


def _fill(file: h5py.File, contents: Contents) -> None:
    _dataset(file, "time", contents.time, (), "1", "rescaled time t = νγ/(pd) of SGD step ν")
    file["time"].make_scale("time")
    if contents.step is not None:
        _dataset(file, "step", contents.step, ("time",), "1", "SGD steps ν")
    if contents.samples is not None:
        _dataset(file, SAMPLES, contents.samples, ("time",), "1", "samples per dimension α = νB/d")
    for name, curve in contents.curves.items():
        _dataset(file, name, curve, contents.dims(name), "1", QUANTITIES[name].meaning)
    _dataset(file, "P", contents.P, ("teacher", "teacher_b"), "1", "teacher-teacher overlaps P = W* W*ᵀ/d")
    for name, values in contents.by_block.items():
        _dataset(file, name, values, BY_BLOCK[name].dims, "1", BY_BLOCK[name].meaning)
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
    for name, arrays in (("state", contents.state), ("start", contents.start)):
        for key, array in arrays.items():
            file.require_group(name).create_dataset(key, data=array)
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
