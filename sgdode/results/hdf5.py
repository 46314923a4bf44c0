"""Trajectories as HDF5 files: whole or not there at all, and readable by h5py, h5ls and xarray."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from sgdode.errors import FileError
from sgdode.results.trajectory import QUANTITIES, Trajectory
from sgdode.spec.provenance import FORMAT_VERSION

#: What follows the HDF5 data, unseen by HDF5: their checksum. The library may hang on a file with a flipped bit.
_SEAL = b"\nsgdode crc32 %08x\n"
_OVERHEAD = 40_000  # bytes of a file beyond its arrays
_SEAL_SIZE = len(_SEAL % 0)
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
        with aside(path) as part:
            _reserve(part, trajectory)
            with h5py.File(part, "w", locking=False) as file:
                _fill(file, trajectory)
            _seal(part)
    except (OSError, RuntimeError) as error:  # h5py has both
        raise FileError(f"{path}: cannot be written: {getattr(error, 'strerror', '') or _told(error)}") from None
    return path


# A file is whole under its name and never changed there, so readers of one with its seal heed no lock: its writer still
# holds one of its own for a moment after the renaming.


def read(path: Path, names: Collection[str] = QUANTITIES) -> Trajectory:
    """Read a file of this program, or only the curves ``names`` of it.

    Raises FileError where it is missing, broken, or of another format.
    """
    if not path.is_file():
        raise FileError(f"{path}: no such file")
    try:
        _check_seal(path)
        with h5py.File(path, "r", locking=False) as file:
            return _trajectory(file, path, names)
    except FileError:
        raise
    except Exception as error:  # h5py raises many kinds for a broken file
        advice = "simulate and integrate write them; --force computes a damaged one again"
        raise FileError(f"{path}: not a readable sgdode file ({_told(error)}); {advice}") from None


def header(path: Path) -> dict[str, Any]:
    """The root attributes of a file. Raises FileError as :func:`read` does."""
    try:
        _check_seal(path)
        with h5py.File(path, "r", locking=False) as file:
            attributes = _attributes(file)
    except FileError:
        raise
    except Exception as error:  # as above
        raise FileError(f"{path}: not a readable sgdode file ({_told(error)})") from None
    _check_format(attributes, path)
    return attributes


def _told(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


@contextlib.contextmanager
def aside(path: Path) -> Iterator[Path]:
    """``path.part``, locked against other processes; renamed to ``path`` when the block ends well, else removed."""
    part = path.with_name(path.name + ".part")
    descriptor = _locked(part)
    try:
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


def _locked(part: Path) -> int:
    """A descriptor of ``part`` with its lock: once more where another process has renamed it in the meantime."""
    while True:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if part.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)


def _reserve(path: Path, trajectory: Trajectory) -> None:
    """Raises OSError where there is no room for the file: HDF5 would tell of it by tracebacks while it is closed."""
    arrays = [*trajectory.curves.values(), *trajectory.state.values()]
    texts = sum(len(text.encode()) for text in trajectory.provenance.values())
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, sum(array.nbytes for array in arrays) + texts + _OVERHEAD)


def _seal(path: Path) -> None:
    """Append the checksum. A file that HDF5 opens for writing loses it, and is then read without this check."""
    checksum = _checksum(path, path.stat().st_size)
    with path.open("ab") as file:
        file.write(_SEAL % checksum)


def _check_seal(path: Path) -> None:
    """Raises ValueError where a checksum is there, and wrong; FileError where another program is writing."""
    size = path.stat().st_size - _SEAL_SIZE
    if size < 0:
        return
    with path.open("rb") as file:
        file.seek(size)
        match = re.fullmatch(rb"\nsgdode crc32 ([0-9a-f]{8})\n", file.read())
        if match and int(match[1], 16) == _checksum(path, size):
            return
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FileError(f"{path}: another program has it open for writing; wait for it to end") from None
        except OSError:
            pass  # a file system without locks
    if match:
        raise ValueError("its checksum differs: it has changed since it was written")


def _checksum(path: Path, size: int) -> int:
    """CRC-32 of the first ``size`` bytes of a file."""
    found = 0
    with path.open("rb") as file:
        while size > 0 and (block := file.read(min(size, 2**20))):
            found, size = zlib.crc32(block, found), size - len(block)
    return found


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
        newer = isinstance(version, int) and version > FORMAT_VERSION
        advice = "a newer sgdode wrote it; update this one" if newer else "compute it again with --force"
        raise FileError(f"{path}: format version {version}; this sgdode reads version {FORMAT_VERSION}: {advice}")


def _trajectory(file: h5py.File, path: Path, names: Collection[str]) -> Trajectory:
    attributes = _attributes(file)
    _check_format(attributes, path)
    curves = {name: file[name][...] for name in QUANTITIES if name in names and name in file}
    provenance = file["provenance"].attrs if "provenance" in file else {}
    warnings = json.loads(attributes.pop("warnings", "[]"))
    for key in ("format", "format_version"):
        attributes.pop(key)
    found = Trajectory(
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
    _check(found)
    return found


def _check(found: Trajectory) -> None:
    """Raises ValueError where the parts of a file do not belong together."""
    if found.kind not in ("simulation", "integration") or found.status not in ("complete", "diverged", "partial"):
        raise ValueError(f"kind {found.kind!r}, status {found.status!r}")
    if not isinstance(found.attributes.get("name", ""), str) or not all(isinstance(w, str) for w in found.warnings):
        raise ValueError("attributes of a wrong type")
    for key in ("resolved", "environment"):
        if not isinstance(json.loads(found.provenance.get(key) or "{}"), dict):
            raise ValueError(f"provenance {key} is not a mapping")
    if found.step is not None and found.step.shape != found.time.shape:
        raise ValueError("step and time differ in length")
    sizes = {"time": len(found.time), "teacher": len(found.P), "teacher_b": len(found.P)}
    lead = ("seed", "time") if found.kind == "simulation" else ("time",)
    shapes = {"time": ("time",), "P": ("teacher", "teacher_b")}
    arrays = {"time": found.time, "P": found.P, **found.curves}
    for name, values in arrays.items():
        dims = shapes[name] if name in shapes else (*lead, *QUANTITIES[name][0])
        if values.ndim != len(dims) or values.dtype.kind != "f" or not np.isfinite(values).all():
            raise ValueError(f"{name} is not a finite array over {', '.join(dims)}")
        for dim, size in zip(dims, values.shape, strict=True):
            dim = dim.replace("student_b", "student")
            if sizes.setdefault(dim, size) != size:
                raise ValueError(f"{name} has {size} along {dim}, others {sizes[dim]}")
