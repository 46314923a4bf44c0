"""Stationary points as an HDF5 file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
from numpy.typing import ArrayLike

from sgdode.runs.analysis_file import add_dataset, describe, write_analysis

if TYPE_CHECKING:
    from sgdode.runs.fixed_points import FixedPoints


def write_points(found: FixedPoints, path: Path) -> Path:
    """Write the points, their spec, and the branches. Raises FileError where that fails (nothing is left then)."""
    return write_analysis(path, lambda file: _fill(file, found))


def _fill(file: h5py.File, found: FixedPoints) -> None:
    points = found.points
    own = {} if found.largest_stable_gamma is None else {"largest_stable_gamma": found.largest_stable_gamma}
    names = " ".join(point.name for point in points)
    describe(file, found.spec, "fixed-points", {"equations": found.equations, "points": names, **own})
    eigenvalues = np.array([point.eigenvalues for point in points])
    datasets: dict[str, tuple[ArrayLike, str, str]] = {
        "name": ([point.name.encode() for point in points], "1", "what the point is called"),
        "risk": ([point.risk for point in points], "1", "excess risk R − Δ/2"),
        "Q": ([point.Q for point in points], "1", "student-student overlaps, (point, student, student)"),
        "M": ([point.M for point in points], "1", "student-teacher overlaps, (point, student, teacher)"),
        "P": (found.flow.start.overlaps.P, "1", "teacher-teacher overlaps"),
        "a": (found.flow.start.a, "1", "output weights"),
        "eigenvalue": (eigenvalues.real, "1 per unit of t", "real parts, largest first"),
        "eigenvalue_imaginary": (eigenvalues.imag, "1 per unit of t", "their imaginary parts"),
        "unstable": ([point.unstable for point in points], "1", "directions that grow"),
        "neutral": ([point.neutral for point in points], "1", "directions that stay"),
        "escape_rate": ([point.escape_rate for point in points], "1 per unit of t", "largest real part"),
        "residual": ([point.residual for point in points], "1 per unit of t", "‖F‖"),
    }
    for name, (array, units, meaning) in datasets.items():
        add_dataset(file, name, array, units, meaning)
    if found.along is not None:
        file.attrs["along"] = found.along.key
        for number, branch in enumerate(found.along.branches):
            part = file.create_group(f"branch_{number}")
            part.attrs["stability_changes_at"] = np.array(branch.changes)
            part.attrs["lost_at"] = np.array([np.nan if at is None else at for at in branch.lost])
            add_dataset(part, "value", branch.values, "1", found.along.key)
            for name in ("risk", "escape_rate", "unstable", "Q", "M"):
                _, units, meaning = datasets[name]
                add_dataset(part, name, [getattr(point, name) for point in branch.points], units, meaning)
