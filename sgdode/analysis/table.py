"""Many files as one table: a row a file, or a row a seed, with its settings and the figures of its risk."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from sgdode.analysis.first_passage import Passage, passage
from sgdode.analysis.plateau import floor, plateau
from sgdode.errors import FileError
from sgdode.foreign import cell
from sgdode.reporting import Progress
from sgdode.results import seal
from sgdode.results.contents import UNSEALED
from sgdode.results.findings import finding_kind
from sgdode.results.trajectory import Array, Trajectory

#: The three parts of a row, ``run``, ``settings`` and ``figures``: values by column.
Row = dict[str, dict[str, object]]
_PARTS = ("run", "settings", "figures")
_CURVES = ("risk", "risk_average", "task_risk", "risk_std", "risk_std_valid")
_RISK = (
    "final_risk", "final_risk_std", "final_risk_se", "plateau_risk", "plateau_start", "plateau_end", "floor_risk",
    "floor_start",
)  # fmt: skip


def table_rows(
    files: Sequence[Path | Trajectory],
    levels: Sequence[float],
    broken: Callable[[str], None],
    *,
    per_seed: bool = False,
    progress: Progress | None = None,
    warn: Callable[[str], None] = lambda text: None,
    findings: bool = False,
) -> list[Row]:
    """One row a file, in the order given; ``per_seed``: one row a seed of a simulation. What cannot be read is told to
    ``broken`` and left out; ``warn`` is told of files without a checksum. ``findings``: files of stationary points and
    of exit times have rows too, without figures.

    A row has file, kind, status, spec_hash, problem_hash (and run, of a row a seed), every setting by dotted key, then
    final_time, final_risk, final_risk_std (over the seeds, or as predicted by a theory of fluctuations) and
    final_risk_se (of the mean over them), plateau_risk, plateau_start and plateau_end of the last plateau that is left,
    floor_risk and floor_start of the one that the run ends on (see ``sgdode.analysis.plateau``; of the mean over
    seeds), and for every level of ``levels`` the mean over seeds of the first t below it and the spread of that
    (nothing where a seed does not get there), the median by Kaplan–Meier, and how many seeds get there (an integration:
    the prediction).
    """
    rows: list[Row] = []
    for number, one in enumerate(files):
        if progress is not None:
            progress(float(number), float(len(files)))
        if findings and isinstance(one, Path) and finding_kind(one) is not None:
            rows.append(_finding(one))
            continue
        try:
            run = one if isinstance(one, Trajectory) else Trajectory.load(one, _CURVES)
        except FileError as error:
            broken(str(error))
            continue
        if run.unsealed:
            warn(f"{run.path}: {UNSEALED}")
        with np.errstate(all="ignore"):  # files may hold numbers up to the largest
            rows += _rows(run, levels, per_seed)
    return rows


def _finding(path: Path) -> Row:
    """The row of a file of another kind than runs."""
    told = seal.sealed_attributes(path) or {}
    about: dict[str, object] = {"file": str(path), "kind": told.get("kind"), "status": told.get("status")}
    return {"run": about, "settings": {}, "figures": {"final_risk": None}}


def columns(rows: Sequence[Row], varying: bool = False) -> list[tuple[str, str]]:
    """(part, key) of every column: of ``varying`` settings alone, where that is asked for."""
    found = [(part, key) for part in _PARTS for key in {key: None for row in rows for key in row[part]}]
    if not varying:
        return found
    runs = [row["settings"] for row in rows if row["settings"]]  # files of points and exit times have none
    return [(part, key) for part, key in found if part != "settings" or _varies(settings.get(key) for settings in runs)]


def varying_settings(rows: Sequence[Row]) -> list[str]:
    """The settings that are not the same in all rows, but names."""
    return [key for part, key in columns(rows, varying=True) if part == "settings" and key != "name"]


def write_csv(rows: Sequence[Row], file: TextIO, varying: bool = False) -> None:
    """Write rows as CSV: the settings of all of them make the columns; what a row has not is left empty."""
    found = columns(rows, varying)
    writer = csv.writer(file)
    writer.writerow([cell(key) for _, key in found])
    for row in rows:
        writer.writerow([_cell(row[part].get(key)) for part, key in found])


def plain_value(value: object) -> object:
    """A value of a row as one of a column: lists and mappings as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value


def _varies(values: Iterable[object]) -> bool:
    return len({json.dumps(value, sort_keys=True) for value in values}) > 1


def _rows(run: Trajectory, levels: Sequence[float], per_seed: bool) -> list[Row]:
    path = "" if run.path is None else str(run.path)
    about: dict[str, object] = {"file": path, "kind": run.kind, "status": run.status}
    about |= {key: run.attributes.get(key) for key in ("spec_hash", "problem_hash")}
    if not per_seed:
        return [{"run": about, "settings": run.settings, "figures": _figures(run, levels)}]
    return [
        {"run": about | {"run": seed}, "settings": run.settings, "figures": _figures(one, levels)}
        for seed, one in _singly(run)
    ]


def _singly(run: Trajectory) -> list[tuple[int | None, Trajectory]]:
    """The seeds of a simulation, each as a run of its own; an integration as it is."""
    if run.kind == "integration" or "risk" not in run.curves:
        return [(None, run)]
    return [
        (seed, Trajectory(run.kind, run.time, run.P, {"risk": run.risk[seed : seed + 1]}))
        for seed in range(len(run.risk))
    ]


def _figures(run: Trajectory, levels: Sequence[float]) -> dict[str, object]:
    found: dict[str, object] = {"final_time": float(run.time[-1]), **dict.fromkeys(_RISK)}
    saved = "risk" in run.curves
    if saved:
        mean, spread = _final(run)
        found |= {"final_risk": float(mean[-1]), "final_risk_std": spread}
        if spread is not None and run.kind == "simulation":
            found["final_risk_se"] = spread / math.sqrt(len(run.risk))
        if (flat := plateau(run.time, mean)) is not None:
            found |= {"plateau_risk": flat.risk, "plateau_start": flat.start, "plateau_end": flat.end}
        if (last := floor(run.time, mean)) is not None:
            found |= {"floor_risk": last.risk, "floor_start": last.start}
    if "risk_average" in run.curves:
        found["final_risk_average"] = float(np.mean(run.curves["risk_average"][..., -1]))
    if "task_risk" in run.curves:
        tasks = run.curves["task_risk"][..., -1, :]
        for task, value in enumerate(tasks if tasks.ndim == 1 else tasks.mean(axis=0)):
            found[f"final_task_risk_{task}"] = float(value)
    for level in levels:
        found |= _passed(level, passage(run, level) if saved else None)
    return found


def _passed(level: float, passed: Passage | None) -> dict[str, object]:
    endings = (("", "mean"), ("_std", "std"), ("_median", "median"), ("_reached", "reached"))
    return {f"time_below_{level:g}{ending}": getattr(passed, name, None) for ending, name in endings}


def _final(run: Trajectory) -> tuple[Array, float | None]:
    """The mean risk over seeds, (T,), and the spread of its last value."""
    if run.kind == "integration":
        predicted = run.predicted("risk")
        return run.risk, float(predicted[-1]) if predicted is not None and np.isfinite(predicted[-1]) else None
    return run.risk.mean(axis=0), float(np.std(run.risk[:, -1], ddof=1)) if len(run.risk) > 1 else None


def _cell(value: object) -> object:
    return cell(plain_value(value))
