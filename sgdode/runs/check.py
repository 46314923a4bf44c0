"""A spec before it is run: its derived numbers, its equations and why, its regime, and what it will cost."""

from __future__ import annotations

import math
from typing import Any

from sgdode.equations.validity import Plan, beyond_theory, expected_errors, of_spectrum, plan, regime
from sgdode.errors import SpecError
from sgdode.model.problem import Problem
from sgdode.parts import PARTS
from sgdode.spec.build import build, end_time
from sgdode.spec.checks import located, require
from sgdode.spec.memory import Command
from sgdode.spec.provenance import spec_hash
from sgdode.spec.schema import Spec


@located
def forecast(spec: Spec, jobs: int) -> dict[str, Any]:
    """What ``sgdode check`` tells: gamma, dt, steps, equations, reason, expected_error, regime, warnings, and a list of
    ``runs`` (command, hash, seconds, their parts, bytes), with their sum in seconds and bytes. Raises SpecError for a
    bad start."""
    from sgdode.runs.file_size import saved_times
    from sgdode.runs.pricing import in_time, priced, reckoned

    refused, commands = _refused(spec)
    problem = build(spec)
    choice = plan(problem, spec.integrate.equations)
    grid = saved_times(spec)
    few = problem.p + problem.k <= _FEW or not math.isfinite(problem.p)
    spectrum = _spectrum(problem)
    warnings = _warnings(problem) if few else in_time(lambda: _warnings(problem))
    price = priced if warnings is not None else reckoned  # nothing is measured before there is a start
    if warnings is None:
        warnings = (f"the start of {problem.p:g} neurons takes long, and is not looked at here",)
    runs = []
    for command in commands:
        cost = price(spec, command, jobs)
        found = {"command": command, "hash": spec_hash(spec, command), "measured": cost.measured}
        runs.append(found | {"seconds": cost.seconds, "parts": cost.parts, "bytes": int(cost.bytes)})
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
        **spectrum,
        "warnings": [*warnings, *_beyond(problem, choice.equations, end_time(spec)), *refused],
        "runs": runs,
        "seconds": sum(run["seconds"] for run in runs),
        "bytes": sum(run["bytes"] for run in runs),
    }


def _spectrum(problem: Problem) -> dict[str, Any]:
    """Numbers of inputs with blocks: nothing where they are isotropic."""
    law = problem.inputs
    if law.isotropic:
        return {}
    found = {"blocks": law.blocks, "largest_eigenvalue": law.largest, "smallest_eigenvalue": law.smallest}
    found |= {"effective_dimension": law.concentration * problem.d, "largest_step": problem.largest_step}
    return found | {"binning_error": law.binning_error}


def _beyond(problem: Problem, equations: str, stop: float) -> list[str]:
    """What a run will warn of: a step beyond the theory, and inputs that are too steep."""
    return [*beyond_theory(problem, equations), *([] if problem.inputs.isotropic else of_spectrum(problem, stop))]


#: Starts of more neurons may take long to factorise.
_FEW = 300
_COMMANDS: tuple[Command, ...] = ("simulate", "integrate")


def _refused(spec: Spec) -> tuple[list[str], list[Command]]:
    """Why a command cannot run, and the commands that can. Raises SpecError where that is a defect of the spec."""
    refused, commands = [], []
    for command in _COMMANDS:
        try:
            require(spec, command)
            commands.append(command)
        except SpecError as error:
            if command == "integrate" or (spec.finite and not spec.teacher.drift):
                raise
            refused.append(f"{command}: {error.defects[0]}")
    return refused, commands


def _warnings(problem: Problem) -> tuple[str, ...]:
    """What is known of a problem before it is run."""
    from sgdode.equations.asymmetry import smallest_asymmetry, unresolved
    from sgdode.model.start_laws import start

    if not math.isfinite(problem.p):
        return problem.cautions
    beginning = start(problem)
    return (*beginning.warnings, *unresolved(smallest_asymmetry(beginning)))


def as_text(spec: Spec, found: dict[str, Any]) -> str:
    """The forecast for a reader."""
    steps = "none (p or d is infinite)" if found["steps"] is None else f"{found['steps']:,} steps a seed"
    lines = [
        f"{spec.name}: a valid experiment",
        f"  d, p, k          {spec.d:g}, {spec.p:g}, {spec.k:g}",
        f"  γ                {found['gamma']:.6g}   (γ/p = {found['gamma_over_p']:.6g})",
        f"  δt = γ/(p d)     {found['dt']:.6g}   ({steps})",
        f"  saved times      {found['times']}, up to t = {end_time(spec):g}",
        f"  equations        {found['equations']}: {found['reason']}",
        f"  expected error   {_error(found)}",
        f"  regime           {found['regime']}",
    ]
    if "blocks" in found:
        size, ends = found["effective_dimension"], (found["largest_eigenvalue"], found["smallest_eigenvalue"])
        told = f"{found['blocks']} blocks, eigenvalues {ends[0]:.4g} to {ends[1]:.3g}, effective dimension {size:.4g}"
        lines.append(f"  inputs           {told}")
        lines.append(
            f"  γ c_max/(p d)    {found['largest_step']:.3g}   (its root is how far SGD is from the equations)"
        )
        if found["binning_error"] is not None:
            lines.append(f"  binning error    {found['binning_error']:.2g} of the risk of a linear student")
    for run in found["runs"]:
        size, how = amount(run["bytes"]), "about" if run["measured"] else "very roughly"
        lines.append(f"  {run['command']:16s} {how} {duration(run['seconds'])} and {size}, hash {run['hash']}")
        lines.append(f"  {'':16s} {in_parts(run['parts'])}")
    return "\n".join([*lines, *(f"  note             {warning}" for warning in found["warnings"])])


def in_parts(parts: dict[str, float]) -> str:
    """The parts of a run for a reader, those that take a share of it."""
    most = max(parts.values(), default=0.0)
    told = {name: seconds for name, seconds in parts.items() if seconds >= max(0.01 * most, 0.005)}
    return ", ".join(f"{name} {duration(seconds)}" for name, seconds in told.items())


def beside(expected: dict[str, float], spent: dict[str, float]) -> str:
    """What was expected of each part of a run, and what it took."""
    names = [name for name in PARTS if name in expected or name in spent]
    lines = [f"  {name:14s} {_told(expected, name):>10s} {_told(spent, name):>10s}" for name in names]
    total = f"  {'all':14s} {duration(sum(expected.values())):>10s} {duration(sum(spent.values())):>10s}"
    return "\n".join([f"  {'part':14s} {'expected':>10s} {'took':>10s}", *lines, total])


def _told(parts: dict[str, float], name: str) -> str:
    return duration(parts[name]) if name in parts else "-"


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
    for unit, length in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.2g} s"


def amount(size: float) -> str:
    """Bytes for a reader, in the unit that fits."""
    for unit, length in (("GB", 2.0**30), ("MB", 2.0**20)):
        if size >= length:
            return f"{size / length:.3g} {unit}"
    return f"{size / 1024:.3g} kB"
