"""The command of many runs: sweep a spec over grids."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgdode.cli.completion import complete_grid, words
from sgdode.cli.json_lines import json_text, print_json
from sgdode.cli.options import Request, asked_as
from sgdode.errors import UsageError, nearest
from sgdode.foreign import visible

if TYPE_CHECKING:
    from sgdode.reporting import Reporter
    from sgdode.spec.checks import Command
    from sgdode.sweeps.points import Task
    from sgdode.sweeps.sweep import Carry, Ending

_COMMANDS: dict[str, tuple[Command, ...]] = {
    "simulate": ("simulate",),
    "integrate": ("integrate",),
    "both": ("simulate", "integrate"),
}

Grid = Annotated[
    list[str] | None,
    typer.Option(
        "--grid",
        metavar="KEY=V1,V2",
        help="A dotted key and its values; also 0:8, log:1e-2:1:9, lin:0:1:5, or a YAML file of grids. Repeatable.",
        autocompletion=complete_grid,
    ),
]
Emit = Annotated[
    str | None,
    typer.Option(
        metavar="SYSTEM",
        help="Write a job script for slurm or shell instead (-o names it).",
        autocompletion=words("slurm", "shell"),
    ),
]


def add_sweep_commands(app: typer.Typer) -> None:
    """Add the command to the command line."""
    example = "sgdode sweep config.yaml --grid learning_rate.gamma=0.1,0.3 --grid initial.seed=0:4"
    app.command("sweep", epilog=f"Example: {example}")(sweep_command)


@asked_as(Request, out="The script of --emit.", jobs="Runs at a time; in a script, threads a run.")
def sweep_command(
    request: Request,
    grid: Grid = None,
    zips: Annotated[
        list[str] | None,
        typer.Option("--zip", metavar="KEY,KEY", help="Grids that move together, not in all combinations. Repeatable."),
    ] = None,
    command: Annotated[
        str, typer.Option(metavar="NAME", help="simulate, integrate or both.", autocompletion=words(*_COMMANDS))
    ] = "both",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the files and the estimated time; run none.")
    ] = False,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Run on the Dask cluster of this scheduler, tcp://HOST:PORT.")
    ] = None,
    scheduler_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Likewise, by the scheduler's file.")
    ] = None,
    emit: Emit = None,
    chunk: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Files in a job of slurm; else as few as its arrays allow.")
    ] = None,
    sbatch: Annotated[
        list[str] | None,
        typer.Option(metavar="OPTIONS", help='Options of sbatch in the script: "--time=0:10:00 --mem=1G". Repeatable.'),
    ] = None,
) -> None:
    """Run a spec over the product of grids; print the paths in grid order, each as soon as it is known
    (on a terminal a counter alone).

    Finished files are skipped. A failed one does not stop the others.
    The failed are listed at the end, with exit status 1.
    """
    from sgdode.machine import processors

    found, jobs = _tasks(request, (grid or [], zips or []), command), request.jobs or processors()
    if emit is not None:
        _write_script(found, request, emit, chunk, sbatch or [])
    elif request.target is not None:
        raise UsageError("-o names the script that --emit writes; the files of a sweep have names of their own")
    elif dry_run:
        _foretell(found, request, jobs)
    else:
        _run(found, request, jobs, scheduler, scheduler_file)


def _tasks(request: Request, grids: tuple[list[str], list[str]], command: str) -> list[Task]:
    from sgdode.sweeps.grid import axes
    from sgdode.sweeps.points import tasks

    if command not in _COMMANDS:
        raise UsageError(f"--command {command}: allowed: {', '.join(_COMMANDS)}{nearest(command, list(_COMMANDS))}")
    found = axes(*grids)
    return tasks(request.source, request.set or (), found, _COMMANDS[command], request.out_dir)


def _write_script(found: list[Task], request: Request, system: str, chunk: int | None, sbatch: list[str]) -> None:
    from sgdode.sweeps.scripts import ENDINGS, SlurmOptions, script

    default = request.out_dir / f"{request.load().name}-sweep{ENDINGS.get(system, '')}"
    how = SlurmOptions(chunk, shlex.split(" ".join(sbatch)))
    print(visible(script(found, system, request.target or default, request.jobs or 1, request.out_dir, how)))


def _foretell(found: list[Task], request: Request, jobs: int) -> None:
    from sgdode.runs.run import KINDS
    from sgdode.sweeps.cost import outlook

    reporter = request.reporter()
    costs = outlook(found, request.force, reporter)
    for task, status, seconds in zip(found, costs.statuses, costs.seconds, strict=True):
        about = {"path": str(task.path), "kind": KINDS[task.command], "status": status, "seconds": round(seconds, 3)}
        print_json(about) if request.json else print(visible(task.path))
    reporter.note(costs.text(jobs))


def _run(found: list[Task], request: Request, jobs: int, scheduler: str | None, scheduler_file: Path | None) -> None:
    from sgdode.machine import require_means
    from sgdode.sweeps.sweep import report, sweep

    require_means()
    reporter = request.reporter()
    tidy = reporter.draws and sys.stdout.isatty()  # a counter on a terminal; paths are for programs

    def done(ending: Ending) -> None:
        if ending.error and not request.json:
            return
        line = json_text(ending.summary()) if request.json else visible(ending.path)
        if not tidy or request.json:
            print(line, flush=True)
        reporter.detail(f"{ending.path}: {ending.status}, {ending.seconds:.3g} s")

    how: dict[str, object] = {"force": request.force, "restart": request.restart}
    carry = _carrier(jobs, scheduler, scheduler_file, reporter, how)
    endings = sweep(found, carry, reporter, how, done)
    failed = report(endings, reporter)
    for line in failed:
        print(f"error: {visible(line)}", file=sys.stderr)
    if failed:
        raise typer.Exit(1)


def _carrier(
    jobs: int, scheduler: str | None, scheduler_file: Path | None, reporter: Reporter, how: dict[str, object]
) -> Carry:
    """Who carries the orders out: this machine, sharing its threads among the files at work, or a Dask cluster."""
    if scheduler and scheduler_file:
        raise UsageError("--scheduler and --scheduler-file: give one of them")
    if scheduler or scheduler_file:
        from sgdode.sweeps.dask import on_cluster

        how["jobs"] = None
        where = {"address": scheduler} if scheduler else {"scheduler_file": os.fspath(scheduler_file or "")}
        return lambda orders: on_cluster(orders, where, reporter)
    from sgdode.sweeps.local_pool import on_this_machine

    how["jobs"] = 1
    return lambda orders: on_this_machine([{**order, "jobs": max(1, jobs // len(orders))} for order in orders], jobs)
