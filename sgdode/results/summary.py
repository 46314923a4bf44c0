"""A result in a few lines, for a prompt, and as a table, for a notebook."""

from __future__ import annotations

import numpy as np

from sgdode.foreign import visible
from sgdode.notebook import table
from sgdode.results.contents import Contents


def engine_of(run: Contents) -> str:
    """What made it: the name of the equations, or the method of simulation."""
    return str(run.attributes.get("equations") or run.attributes.get("method", ""))


def short(run: Contents) -> str:
    """One line or two: what it is, over which times, what was saved, and its risk."""
    what = f"{run.kind}{f' ({engine_of(run)})' if engine_of(run) else ''}, {_status(run)}"
    lines = [f"<Trajectory {run.attributes.get('name', '')!r}: {what}", f"  {_extent(run)}", f"  saved: {_saved(run)}"]
    if risk := _risk(run):
        lines.append(f"  risk: {risk}")
    if run.warnings:
        lines.append(f"  {len(run.warnings)} warning{'s' if len(run.warnings) > 1 else ''}: see .warnings")
    return visible("\n".join(lines), kept="\n") + ">"


def as_html(run: Contents) -> str:
    """The same as a table, with every setting below."""
    rows: list[tuple[str, object]] = [("times", _extent(run)), ("saved", _saved(run))]
    if risk := _risk(run):
        rows.append(("risk", risk))
    rows += [(key, run.attributes[key]) for key in ("dimension", "student_width", "teacher_width") if _has(run, key)]
    rows += [(key, f"{run.attributes[key]:.6g}") for key in ("gamma", "step_size", "noise") if _has(run, key)]
    title = f"{run.attributes.get('name', 'Trajectory')}: {run.kind} ({engine_of(run)}), {_status(run)}"
    return table(title, rows, "\n".join(run.warnings), table("", list(run.settings.items())) if run.settings else "")


def _has(run: Contents, key: str) -> bool:
    return isinstance(run.attributes.get(key), int | float)


def _status(run: Contents) -> str:
    return run.status + (f" at t = {run.diverged_at:.4g}" if run.diverged_at is not None else "")


def _extent(run: Contents) -> str:
    seeds = f"{len(next(iter(run.curves.values())))} seeds, " if run.kind == "simulation" and run.curves else ""
    last = f"{run.time[-1]:.4g}" if len(run.time) else "?"
    return f"{seeds}{len(run.time)} times, t = 0 to {last}"


def _saved(run: Contents) -> str:
    return ", ".join(f"{name} {'×'.join(map(str, curve.shape))}" for name, curve in run.curves.items())


def _risk(run: Contents) -> str:
    """From where to where the mean risk goes."""
    risk = run.curves.get("risk")
    if risk is None or not risk.size:
        return ""
    with np.errstate(all="ignore"):
        mean = risk.mean(axis=0) if run.kind == "simulation" else risk
    return f"{mean[0]:.4g} at t = 0, {mean[-1]:.4g} at the end"
