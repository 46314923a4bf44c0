"""Many files as one table: a row a file, with its settings and the figures of its risk."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from sgdode.analysis.first_passage import passage
from sgdode.analysis.plateau import plateau
from sgdode.errors import FileError
from sgdode.foreign import cell
from sgdode.reporting import Progress
from sgdode.results.contents import UNSEALED
from sgdode.results.trajectory import Array, Trajectory

#: The three parts of a row, ``run``, ``settings`` and ``figures``: values by column.
Row = dict[str, dict[str, object]]


def collect(
    files: Sequence[Path],
    levels: Sequence[float],
    broken: Callable[[str], None],
    progress: Progress | None = None,
    warn: Callable[[str], None] = lambda text: None,
) -> list[Row]:
    """One row a file, in the order given. What cannot be read is told to ``broken`` and left out; ``warn`` is told of
    files without a checksum.

    A row has file, kind, status, spec_hash, problem_hash, every setting by dotted key, then final_time, final_risk and
    final_risk_std (over the seeds, or as predicted by a theory of fluctuations), plateau_risk, plateau_start and
    plateau_end (see ``sgdode.analysis.plateau``; of the mean over seeds), and for every level of ``levels`` the mean
    over seeds of the first t below it, the spread of that, and how many seeds get there (an integration: the
    prediction).
    """
    rows = []
    for number, path in enumerate(files):
        if progress is not None:
            progress(float(number), float(len(files)))
        try:
            run = Trajectory.load(path, ("risk", "task_risk", "risk_std", "risk_std_valid"))
        except FileError as error:
            broken(str(error))
            continue
        if run.unsealed:
            warn(f"{path}: {UNSEALED}")
        with np.errstate(all="ignore"):  # files may hold numbers up to the largest
            rows.append(_row(path, run, levels))
    return rows


def write_csv(rows: Sequence[Row], file: TextIO) -> None:
    """Write rows as CSV: the settings of all of them make the columns; what a row has not is left empty."""
    columns = [(part, key) for part in ("run", "settings", "figures") for key in _keys(rows, part)]
    writer = csv.writer(file)
    writer.writerow([cell(key) for _, key in columns])
    for row in rows:
        writer.writerow([_cell(row[part].get(key)) for part, key in columns])


def _keys(rows: Sequence[Row], part: str) -> list[str]:
    return list({key: None for row in rows for key in row[part]})


def _row(path: Path, run: Trajectory, levels: Sequence[float]) -> Row:
    about: dict[str, object] = {"file": str(path), "kind": run.kind, "status": run.status}
    about |= {key: run.attributes.get(key) for key in ("spec_hash", "problem_hash")}
    return {"run": about, "settings": run.settings, "figures": _figures(run, levels)}


def _figures(run: Trajectory, levels: Sequence[float]) -> dict[str, object]:
    names = ["final_risk", "final_risk_std", "plateau_risk", "plateau_start", "plateau_end"]
    found: dict[str, object] = {"final_time": float(run.time[-1]), **dict.fromkeys(names)}
    saved = "risk" in run.curves
    if saved:
        mean, spread = _final(run)
        found |= {"final_risk": float(mean[-1]), "final_risk_std": spread}
        if (flat := plateau(run.time, mean)) is not None:
            found |= {"plateau_risk": flat.risk, "plateau_start": flat.start, "plateau_end": flat.end}
    if "task_risk" in run.curves:
        tasks = run.curves["task_risk"][..., -1, :]
        for task, value in enumerate(tasks if tasks.ndim == 1 else tasks.mean(axis=0)):
            found[f"final_task_risk_{task}"] = float(value)
    for level in levels:
        passed = passage(run, level) if saved else None
        for ending, name in (("", "mean"), ("_std", "std"), ("_reached", "reached")):
            found[f"time_below_{level:g}{ending}"] = getattr(passed, name, None)
    return found


def _final(run: Trajectory) -> tuple[Array, float | None]:
    """The mean risk over seeds, (T,), and the spread of its last value."""
    if run.kind == "integration":
        predicted = run.predicted("risk")
        return run.risk, float(predicted[-1]) if predicted is not None and np.isfinite(predicted[-1]) else None
    return run.risk.mean(axis=0), float(np.std(run.risk[:, -1], ddof=1)) if len(run.risk) > 1 else None


def _cell(value: object) -> object:
    return cell(json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value)
