"""The commands about plateaus: the stationary points of the equations, and the time to leave them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgdode.cli.json_lines import print_json
from sgdode.cli.options import Jobs, Json, Quiet, Request, Set, SpecPath, Verbose
from sgdode.errors import UsageError
from sgdode.foreign import visible, visible_lines
from sgdode.plots.figures.records import listed
from sgdode.plots.view import SUFFIXES

if TYPE_CHECKING:
    from sgdode.runs.exit import ExitTimes
    from sgdode.runs.fixed_points import FixedPoints

_PICTURES = tuple(suffix for suffix in SUFFIXES if suffix != ".gif")


def add_plateau_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(
        "fixed-points", epilog="Example: sgdode fixed-points config.yaml --along learning_rate.gamma=lin:0.1:3:30"
    )(fixed_points_command)
    app.command("exit", epilog="Example: sgdode exit config.yaml --set time.stop=300 --runs 20")(exit_command)


def fixed_points_command(
    spec: SpecPath = "config.yaml",
    set: Set = None,
    along: Annotated[
        str | None,
        typer.Option(metavar="KEY=RANGE", help="Follow every point in a key: lin:LOW:HIGH:COUNT, log:..., or V1,V2."),
    ] = None,
    tries: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Random guesses.", show_default="up to 200")
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option("-o", "--out", metavar="PATH", help="A .h5 file of the points; a picture of --along. Repeatable."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Stationary points of the equations: risk, stability, escape rates, the largest stable γ.

    They are looked for by Newton's method from the path of the equations, from symmetric states, from students on
    teachers and from random states: what is found is there, but there may be more. Stable points above the best risk,
    where learning may end, come first. r is the largest real part of an eigenvalue, per unit of t.
    """
    from sgdode.runs.fixed_points import fixed_points

    request = Request(spec=spec, set=set, quiet=quiet, verbose=verbose)
    axis = None if along is None else _axis(along)
    _refuse_paths(out or [], axis is not None)
    reporter = request.reporter()
    with reporter.bar("fixed-points") as progress:
        found = fixed_points(request.load(), along=axis, tries=tries, progress=progress)
    if as_json:
        for one in found.summaries():
            print_json(one)
    else:
        from sgdode.cli.plateau_tables import points_text

        print(visible_lines(points_text(found)))
    for path in out or []:
        _write(found, path)
        reporter.note(f"written: {visible(path)}")


def exit_command(
    spec: SpecPath = "config.yaml",
    set: Set = None,
    below: Annotated[
        float | None,
        typer.Option(metavar="RISK", help="The excess risk to fall below.", show_default="half of the plateau's"),
    ] = None,
    specialisation: Annotated[
        float | None, typer.Option(metavar="X", help="In its place: the specialisation, 0 to 1, to rise above.")
    ] = None,
    runs: Annotated[
        int | None, typer.Option(metavar="N", help="Runs of SGD; 0: prediction alone.", show_default="simulate.seeds")
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option("-o", "--out", metavar="PATH", help="A .h5 file, or a picture of both. Repeatable."),
    ] = None,
    jobs: Jobs = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """How long SGD stays on a plateau: the predicted and the simulated distribution of t.

    The start lies on a stationary point (initial.file: points.h5 of fixed-points), or the equations pass one. The noise
    of SGD grows along its unstable directions until the level is passed. Runs that have not passed by time.stop count
    as censored (Kaplan-Meier). The specialisation is the largest lead, over students, of the cosine with one teacher
    over that with the next.
    """
    from sgdode.runs.exit import exit_times

    request = Request(spec=spec, set=set, quiet=quiet, verbose=verbose)
    _refuse_paths(out or [], True)
    reporter = request.reporter()
    with reporter.bar("simulate") as progress:
        found = exit_times(
            request.load(), below=below, specialisation=specialisation, runs=runs, jobs=jobs, progress=progress
        )
    if as_json:
        print_json(found.summary())
    else:
        from sgdode.cli.exit_tables import exit_text

        print(visible_lines(exit_text(found)))
    for path in out or []:
        _write_exit(found, path)
        reporter.note(f"written: {visible(path)}")


def _write_exit(found: ExitTimes, path: Path) -> None:
    if path.suffix == ".h5":
        found.save(path)
        return
    from sgdode.plots.figures.exit import exit_figure
    from sgdode.plots.files import save_figure

    save_figure(exit_figure(found), path)


def _write(found: FixedPoints, path: Path) -> None:
    if path.suffix == ".h5":
        found.save(path)
        return
    from sgdode.plots.figures.branches import branches_figure
    from sgdode.plots.files import save_figure

    save_figure(branches_figure(found), path)


def _refuse_paths(paths: list[Path], followed: bool) -> None:
    for path in paths:
        if path.suffix not in (".h5", *_PICTURES):
            raise UsageError(f"{path}: -o takes a .h5 file, or a picture: {listed(_PICTURES, 'or')}")
        if path.suffix != ".h5" and not followed:
            raise UsageError(f"{path}: the picture is of branches; give --along KEY=RANGE too")


def _axis(along: str) -> tuple[str, list[float]]:
    """The key and the numbers of ``--along``. Raises UsageError."""
    from sgdode.sweeps.grid import axes

    try:
        (axis,) = axes([along])
    except UsageError as error:
        raise UsageError(str(error).replace("--grid", "--along")) from None
    values = axis.values()
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values) or len(numbers) < 2:
        raise UsageError(f"--along {along}: must be two numbers or more, such as learning_rate.gamma=lin:0.1:3:30")
    return axis.key, numbers
