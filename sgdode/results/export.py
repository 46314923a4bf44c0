"""The curves of a trajectory for other tools: CSV and npz."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray

from sgdode.errors import MissingExtra, UsageError
from sgdode.foreign import cell
from sgdode.results.atomic import aside
from sgdode.results.quantities import SAMPLES
from sgdode.results.trajectory import Trajectory

if TYPE_CHECKING:
    import xarray

_MOST_COLUMNS = 20_000


def export(trajectory: Trajectory, path: Path) -> Path:
    """Write the curves as .csv (a row a time, and a seed), .npz (arrays by name) or .nc (what xarray opens). Raises
    UsageError for others, FileError where it cannot be written."""
    writers = {".csv": _csv, ".npz": _npz, ".nc": _netcdf}
    if path.suffix not in writers:
        raise UsageError(f"{path}: export writes {', '.join(writers)}; give -o a name that ends so")
    with aside(path, pipes=True) as part:
        writers[path.suffix](trajectory, part)
    return path


def _npz(trajectory: Trajectory, path: Path) -> None:
    arrays: dict[str, Any] = {"time": trajectory.time, "P": trajectory.P, **trajectory.by_block, **trajectory.curves}
    if trajectory.step is not None:
        arrays["step"] = trajectory.step
    if trajectory.samples is not None:
        arrays[SAMPLES] = trajectory.samples
    if trajectory.particle_weight is not None:
        arrays["particle_weight"] = trajectory.particle_weight
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _netcdf(trajectory: Trajectory, path: Path) -> None:
    write_netcdf(trajectory.to_xarray(), path)


def write_netcdf(dataset: xarray.Dataset, part: Path) -> None:
    """Write a dataset into a file that is locked already. Raises MissingExtra."""
    try:
        with tempfile.TemporaryDirectory() as folder:  # HDF5 locks what it writes, and so do we
            dataset.to_netcdf(whole := Path(folder) / "whole.nc", engine="h5netcdf")
            part.write_bytes(whole.read_bytes())
    except ImportError:
        raise MissingExtra("a .nc file", "xarray with h5netcdf", "xarray") from None


def _csv(trajectory: Trajectory, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        write_curves(trajectory, file)


def write_curves(trajectory: Trajectory, file: TextIO) -> None:
    """The curves as CSV. Raises UsageError where they have too many columns."""
    columns = list(_columns(trajectory))
    if len(columns) > _MOST_COLUMNS:
        raise UsageError(f"{len(columns)} columns are too many for a table; export to .npz, or save less")
    writer = csv.writer(file)
    writer.writerow([cell(name) for name, _ in columns])
    writer.writerows(zip(*(values.tolist() for _, values in columns), strict=True))


def _columns(trajectory: Trajectory) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """(name, values) of every column; for a simulation the seeds are stacked, a column tells which."""
    simulated = trajectory.kind == "simulation"
    seeds = next(iter(trajectory.curves.values())).shape[0] if simulated else 1
    times = len(trajectory.time)
    if simulated:
        yield "seed", np.repeat(np.arange(seeds), times)
    yield "time", np.tile(trajectory.time, seeds)
    if trajectory.step is not None:
        yield "step", np.tile(trajectory.step, seeds)
    if trajectory.samples is not None:
        yield SAMPLES, np.tile(trajectory.samples, seeds)
    for name, curve in trajectory.curves.items():
        rows = curve.reshape(seeds * times, -1)
        inner = curve.shape[2:] if simulated else curve.shape[1:]
        for flat, index in enumerate(np.ndindex(*inner)):
            yield "_".join([name, *map(str, index)]), rows[:, flat]
