"""Exit times as an HDF5 file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from sgdode.runs.analysis_file import add_dataset, describe, write_analysis

if TYPE_CHECKING:
    from sgdode.runs.exit import ExitTimes


def write_exit(found: ExitTimes, path: Path) -> Path:
    """Write both distributions and the plateau. Raises FileError where that fails (nothing is left then)."""
    return write_analysis(path, lambda file: _fill(file, found))


def _fill(file: h5py.File, found: ExitTimes) -> None:
    point, left, law = found.plateau.point, found.plateau.left, found.law
    own: dict[str, object] = {
        "equations": "full",
        "observable": found.observable.name,
        "level": found.observable.level,
        "plateau": point.name,
        "plateau_risk": point.risk,
        "escape_rate": left.rate,
        "growth_per_decade": found.growth_per_decade,
        "law": law.kind,
        "never": law.never,
    }
    if found.simulated is not None:
        own |= {"runs": found.simulated.runs, "censored": found.simulated.censored, "stop": found.simulated.stop}
    describe(file, found.spec, "exit", own)
    passing = law.times[np.isfinite(law.times)]
    add_dataset(file, "predicted_time", passing, "1", "quantiles of t, of equal weight; the share never has none")
    add_dataset(file, "Q", point.Q, "1", "student-student overlaps of the plateau")
    add_dataset(file, "M", point.M, "1", "student-teacher overlaps of the plateau")
    add_dataset(file, "noise", left.covariance, "1", "covariance of the noise along the unstable directions")
    if found.simulated is not None:
        times = found.simulated.times
        passed = np.isfinite(times)
        told = "first t of every run below the level; of a censored one, where it was stopped"
        add_dataset(file, "passage_time", np.where(passed, times, found.simulated.stop), "1", told)
        add_dataset(file, "passed", passed.astype(np.int8), "1", "0: censored, the run has not passed by then")
