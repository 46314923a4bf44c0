"""A file in words: settings, status, warnings, the risk as a plot for a terminal, the last overlaps."""

from __future__ import annotations

import json
import math
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sgdode.foreign import visible
from sgdode.results.permutation import aligned
from sgdode.results.trajectory import Array, Trajectory

_MOST_OVERLAPS = 12


@np.errstate(all="ignore")  # files may hold numbers up to the largest
def description(trajectory: Trajectory, width: int = 80) -> str:
    """The whole description, at most ``width`` characters wide."""
    sections = [_heading(trajectory), _settings(trajectory, width), _warning_lines(trajectory)]
    if "risk" in trajectory.curves:
        sections.append(_risk_lines(trajectory, width))
    if trajectory.by_block:
        sections.append(_block_lines(trajectory))
    if "task_risk" in trajectory.curves:
        sections.append(_task_lines(trajectory))
    if "M" in trajectory.curves:
        sections.append(_overlap_lines(trajectory))
    return "\n\n".join("\n".join(section) for section in map(list, sections) if section)


def stored_spec(run: Trajectory) -> str:
    """The spec of a run: its text where that alone gives the same run, else the resolved values as YAML."""
    import yaml

    from sgdode.errors import SgdodeError
    from sgdode.spec.load import read_spec
    from sgdode.spec.provenance import resolved

    text, values = run.provenance.get("spec", ""), run.resolved
    try:
        again = resolved(read_spec(text.encode(), "the stored spec", Path(), values["name"]))
        if again == values:
            return text
    except (SgdodeError, KeyError):
        pass
    body = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, default_flow_style=None)
    return "# The resolved values of a run that overrides changed.\n" + body


def chart(t: Array, values: Array, width: int = 72, height: int = 14) -> Iterator[str]:
    """``values`` > 0 against ``t`` > 0, both axes logarithmic, as lines of text."""
    good = (t > 0) & (values > 0) & np.isfinite(values)
    if good.sum() < 2:
        return
    x, y = np.log10(t[good]), np.log10(values[good])
    low, high = math.floor(y.min()), math.ceil(y.max())
    high = max(high, low + 1)
    left = 8
    columns = np.rint((x - x[0]) / max(x[-1] - x[0], 1e-9) * (width - left - 1)).astype(int)
    rows = np.rint((high - y) / (high - low) * (height - 1)).astype(int)
    grid = [[" "] * (width - left) for _ in range(height)]
    for row, column in zip(rows, columns, strict=True):
        grid[row][column] = "●"
    for row in range(height):
        exponent = high - row * (high - low) / (height - 1)
        label = f"1e{round(exponent):+03d}" if abs(exponent - round(exponent)) < 0.5 * (high - low) / height else ""
        yield f"{label:>{left - 2}} ┤{''.join(grid[row])}".rstrip()
    yield " " * (left - 1) + "└" + "─" * (width - left)
    first, last = f"t = {10 ** x[0]:.3g}", f"t = {10 ** x[-1]:.3g}"
    yield " " * left + first + last.rjust(width - left - len(first))


def _heading(run: Trajectory) -> Iterator[str]:
    kind = run.attributes.get("equations") or run.attributes.get("method", "")
    yield visible(f"{run.attributes.get('name', '')}: {run.kind} ({kind}), {run.status}")
    if extended := run.attributes.get("extended_at"):
        yield visible(f"extended at t = {extended}")
    if run.diverged_at is not None:
        yield f"diverged at t = {run.diverged_at:.6g}"
    if environment := run.environment:
        version = environment.get("versions", {}).get("sgdode", "of unknown version")
        start, seconds = environment.get("start", "")[:19], environment.get("seconds", 0)
        yield visible(f"{start} UTC, {seconds:.3g} s, sgdode {version}")
        yield from _made(environment)


def _made(environment: Mapping[str, Any]) -> Iterator[str]:
    """Where a file was made, of what, and by which command."""
    if commit := environment.get("git_commit"):
        yield visible(f"commit {commit}")
    versions = {name: its for name, its in environment.get("versions", {}).items() if name != "sgdode"}
    where = f"on {environment.get('host', '?')}, {environment.get('processor', '?')}"
    yield from _folded(f"{where}; {', '.join(f'{name} {its}' for name, its in versions.items())}")
    if words := environment.get("command_line"):
        program = Path(str(words[0])).name
        yield from _folded(shlex.join(["sgdode" if program == "__main__.py" else program, *map(str, words[1:])]))


def _folded(text: str) -> list[str]:
    return textwrap.wrap(visible(text), 80, subsequent_indent="  ", break_on_hyphens=False)


def _settings(run: Trajectory, width: int) -> Iterator[str]:
    yield "Settings"
    for key, value in run.settings.items():
        text = visible(f"  {key:28s} {json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value}")
        yield text if len(text) <= width else text[: width - 1] + "…"
    for key in ("gamma", "step_size", "solver", "solver_steps", "right_hand_sides"):
        if key in run.attributes:
            value = run.attributes[key]
            yield f"  {key:28s} {value:.6g}" if isinstance(value, float) else visible(f"  {key:28s} {value}")


def _warning_lines(run: Trajectory) -> Iterator[str]:
    if run.warnings:
        yield "Warnings"
        yield from (f"  {visible(warning)}" for warning in run.warnings)


def _risk_lines(run: Trajectory, width: int) -> Iterator[str]:
    mean = run.risk.mean(axis=0) if run.kind == "simulation" else run.risk
    what = f"mean over {len(run.risk)} seeds" if run.kind == "simulation" else "equations"
    yield f"Excess risk R − Δ/2 ({what}), both axes logarithmic"
    yield from chart(run.time, mean, width=min(width, 100))
    yield f"  at t = 0: {mean[0]:.6g}   at t = {run.time[-1]:.6g}: {mean[-1]:.6g}"


def _block_lines(run: Trajectory) -> Iterator[str]:
    c, fraction = run.by_block["eigenvalue"], run.by_block["fraction"]
    yield f"Inputs with {len(c)} blocks (M, Q and P are overlaps of the fields)"
    yield f"  {'block':>5s} {'eigenvalue':>11s} {'fraction':>10s} {'tr P_b':>10s}"
    for b in range(min(len(c), _MOST_OVERLAPS)):
        yield f"  {b:5d} {c[b]:11.5g} {fraction[b]:10.4g} {np.trace(run.by_block['P_block'][b]):10.4g}"
    if len(c) > _MOST_OVERLAPS:
        yield f"  … and {len(c) - _MOST_OVERLAPS} blocks more"
    if "binning_error" in run.attributes:
        yield f"  binning error {run.attributes['binning_error']:.2g}"


def _task_lines(run: Trajectory) -> Iterator[str]:
    last = run.curves["task_risk"][..., -1, :]
    for task, value in enumerate(last if run.kind == "integration" else last.mean(axis=0)):
        yield f"Risk on task {task} at the end: {value:.6g}"


def _overlap_lines(run: Trajectory) -> Iterator[str]:
    run, moved = aligned(run)
    M = run.M[:, -1].mean(axis=0) if run.kind == "simulation" else run.M[-1]
    yield f"Last overlaps M (student × teacher){', mean over seeds' if run.kind == 'simulation' else ''}"
    if moved:
        yield f"  {moved} of {len(run.M)} seeds learnt the teachers in another order, here in that of the first"
    for j, row in enumerate(M[:_MOST_OVERLAPS]):
        shown = " ".join(f"{value:8.4f}" for value in row[:_MOST_OVERLAPS])
        yield f"  {j:4d} {shown}{' …' if len(row) > _MOST_OVERLAPS else ''}"
    if len(M) > _MOST_OVERLAPS:
        yield f"  … and {len(M) - _MOST_OVERLAPS} neurons more"
