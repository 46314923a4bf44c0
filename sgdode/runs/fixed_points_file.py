"""Stationary points as an HDF5 file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
from numpy.typing import ArrayLike

from sgdode.results import seal
from sgdode.results.atomic import aside
from sgdode.results.quantities import FORMAT_VERSION
from sgdode.spec.provenance import about

if TYPE_CHECKING:
    from sgdode.runs.fixed_points import FixedPoints


def write_points(found: FixedPoints, path: Path) -> Path:
    """Write the points, their spec, and the branches. Raises FileError where that fails (nothing is left then)."""
    with aside(path) as part:
        with h5py.File(part, "w", locking=False) as file:
            _fill(file, found)
            attributes = dict(file.attrs)
        seal.append(part, attributes)
    return path


def _fill(file: h5py.File, found: FixedPoints) -> None:
    points = found.points
    told = about(found.spec, "integrate")
    values: dict[str, object] = {
        "format": "sgdode",
        "format_version": FORMAT_VERSION,
        "kind": "fixed-points",
        "status": "complete",
        **told.attributes,
        "equations": found.equations,
        "warnings": json.dumps([]),
    }
    if found.largest_stable_gamma is not None:
        values["largest_stable_gamma"] = found.largest_stable_gamma
    for key, value in values.items():
        file.attrs[key] = value
    group = file.create_group("provenance")
    for key, text in told.provenance.items():
        group.attrs.create(key, text, dtype=h5py.string_dtype())
    eigenvalues = np.array([point.eigenvalues for point in points])
    datasets: dict[str, tuple[ArrayLike, str, str]] = {
        "name": ([point.name.encode() for point in points], "1", "what the point is called"),
        "risk": ([point.risk for point in points], "1", "excess risk R − Δ/2"),
        "Q": ([point.Q for point in points], "1", "student-student overlaps, (point, student, student)"),
        "M": ([point.M for point in points], "1", "student-teacher overlaps, (point, student, teacher)"),
        "eigenvalue": (eigenvalues.real, "1 per unit of t", "real parts, largest first"),
        "eigenvalue_imaginary": (eigenvalues.imag, "1 per unit of t", "their imaginary parts"),
        "unstable": ([point.unstable for point in points], "1", "directions that grow"),
        "neutral": ([point.neutral for point in points], "1", "directions that stay"),
        "escape_rate": ([point.escape_rate for point in points], "1 per unit of t", "largest real part"),
        "residual": ([point.residual for point in points], "1 per unit of t", "‖F‖"),
    }
    for name, (array, units, meaning) in datasets.items():
        _dataset(file, name, array, units, meaning)
    if found.along is not None:
        file.attrs["along"] = found.along.key
        for number, branch in enumerate(found.along.branches):
            part = file.create_group(f"branch_{number}")
            part.attrs["stability_changes_at"] = np.array(branch.changes)
            part.attrs["lost_at"] = np.array([np.nan if at is None else at for at in branch.lost])
            _dataset(part, "value", branch.values, "1", found.along.key)
            for name in ("risk", "escape_rate", "unstable", "Q", "M"):
                _, units, meaning = datasets[name]
                _dataset(part, name, [getattr(point, name) for point in branch.points], units, meaning)


def _dataset(group: h5py.Group, name: str, values: ArrayLike, units: str, meaning: str) -> None:
    group.create_dataset(name, data=np.asarray(values))
    group[name].attrs["units"] = units
    group[name].attrs["long_name"] = meaning
