"""A spec before it is run: its derived numbers, its equations and why, its regime, and what it will cost."""

from __future__ import annotations

import math
from typing import Any

from sgdode.equations.validity import Plan, expected_errors, plan, regime
from sgdode.errors import SpecError
from sgdode.model.clock import saved_grid
from sgdode.spec.build import build, saving
from sgdode.spec.checks import located
from sgdode.spec.memory import Command
from sgdode.spec.provenance import spec_hash
from sgdode.spec.schema import Spec


@located
def forecast(spec: Spec, jobs: int) -> dict[str, Any]:
    """What ``sgdode check`` tells: gamma, dt, steps, equations, reason, expected_error, regime, warnings, and a list of
    ``runs`` (command, hash, seconds, bytes), with their sum in seconds and bytes. Raises SpecError for a bad start."""
    from sgdode.model.start_laws import start
    from sgdode.runs.cost import estimate

    problem = build(spec)
    choice = plan(problem, spec.integrate.equations)
    grid = saved_grid(saving(spec), problem.clock, spec.finite)
    runs, refused = [], []
    for command in _COMMANDS:
        try:
            cost = estimate(spec, command, jobs)
        except SpecError as error:
            if command == "integrate" or spec.finite:
                raise
            refused.append(f"{command}: {error.defects[0]}")
            continue
        found = {"command": command, "hash": spec_hash(spec, command)}
        runs.append(found | {"seconds": cost.seconds, "bytes": int(cost.bytes)})
    return {
        "gamma": spec.gamma,
        "gamma_over_p": spec.gamma_over_p,
        "dt": spec.step_size,
        "steps": None if grid.step is None else int(grid.step[-1]),
        "times": len(grid.time),
        "equations": choice.equations,
        "reason": choice.reason,
        "expected_error": choice.expected_error,
        "regime": regime(problem),
        "warnings": [*(start(problem).warnings if math.isfinite(spec.p) else ()), *refused],
        "runs": runs,
        "seconds": sum(run["seconds"] for run in runs),
        "bytes": sum(run["bytes"] for run in runs),
    }


_COMMANDS: tuple[Command, ...] = ("simulate", "integrate")


def as_text(spec: Spec, found: dict[str, Any]) -> str:
    """The forecast for a reader."""
    steps = "none (p or d is infinite)" if found["steps"] is None else f"{found['steps']:,} steps a seed"
    lines = [
        f"{spec.name}: a valid experiment",
        f"  d, p, k          {spec.d:g}, {spec.p:g}, {spec.k:g}",
        f"  γ                {found['gamma']:.6g}   (γ/p = {found['gamma_over_p']:.6g})",
        f"  δt = γ/(p d)     {found['dt']:.6g}   ({steps})",
        f"  saved times      {found['times']}, up to t = {spec.time.stop:g}",
        f"  equations        {found['equations']}: {found['reason']}",
        f"  expected error   {_error(found)}",
        f"  regime           {found['regime']}",
    ]
    for run in found["runs"]:
        size = _size(run["bytes"])
        lines.append(f"  {run['command']:16s} about {duration(run['seconds'])} and {size}, hash {run['hash']}")
    return "\n".join([*lines, *(f"  note             {warning}" for warning in found["warnings"])])


def placed(specs: list[Spec]) -> str:
    """Runs in the (1/d, 1/p, γ) picture of the paper's figure 1, as a table, with the error of each system."""
    header = f"{'run':20s} {'1/d':>9s} {'1/p':>9s} {'γ':>9s} {'γ/(pd)':>9s}  nearest limit; equations"
    rows = [header]
    for spec in specs:
        problem = build(spec)
        choice: Plan = plan(problem, spec.integrate.equations)
        numbers = (1 / spec.d, 1 / spec.p, spec.gamma, spec.step_size)
        columns = " ".join(f"{number:9.3g}" for number in numbers)
        rows.append(f"{spec.name[:20]:20s} {columns}  {regime(problem)}; {choice.equations}")
        rows += [f"{'':20s}   {name:20s} expected error {_percent(e)}" for name, e in expected_errors(problem).items()]
    return "\n".join(rows)


def _error(found: dict[str, Any]) -> str:
    return f"{_percent(found['expected_error'])} of the overlaps (an order of magnitude, from Theorems 1, 2 and 5)"


def _percent(error: float) -> str:
    return f"{error:.2g}"


def duration(seconds: float) -> str:
    """A time for a reader, in the unit that fits."""
    for unit, length in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.2g} s"


def _size(size: float) -> str:
    for unit, length in (("GB", 2.0**30), ("MB", 2.0**20)):
        if size >= length:
            return f"{size / length:.3g} {unit}"
    return f"{size / 1024:.3g} kB"
