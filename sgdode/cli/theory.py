"""The commands that judge: compare a simulation with its equations, and verify the theorems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sgdode.cli.options import Json, Quiet, Verbose
from sgdode.errors import UsageError

if TYPE_CHECKING:
    from sgdode.results.trajectory import Trajectory

Out = Annotated[Path | None, typer.Option("-o", "--out", metavar="PATH", help="Draw the figure: .png, .pdf or .svg.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(epilog="Example: sgdode compare config-simulate-*.h5 config-integrate-*.h5 --max-z 2.6")(compare)
    app.command(epilog="Example: sgdode verify -o slopes.pdf")(verify)


def loaded(path: Path) -> Trajectory:
    """A file of results; a missing one is answered before anything heavy is imported."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    from sgdode.results.trajectory import Trajectory

    return Trajectory.load(path)


def compare(
    simulation: Annotated[Path, typer.Argument(metavar="SIMULATION", help="A file of simulate.")],
    integration: Annotated[Path, typer.Argument(metavar="INTEGRATION", help="A file of integrate, of the same spec.")],
    max_z: Annotated[
        float | None,
        typer.Option(
            metavar="Z",
            min=0,
            help="Exit with status 1 where the largest z, corrected for the number of deviations, is above Z, and 0 "
            "where it is not, or where nothing can be decided. 2.6, that of the verdict, is a false alarm in 100.",
        ),
    ] = None,
    threshold: Annotated[
        list[float] | None,
        typer.Option(metavar="R", help="Also the time at which the risk falls below R. Repeatable."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Every saved time in the table, not 12 of them.")] = False,
    out: Out = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Deviation of simulated runs from the equations over time, in standard errors; exit status 1 beyond --max-z.

    raw z is the deviation of the mean risk in standard errors; allowed, in units of the risk, is what right equations
    may be off by at that time (1/d, the curvature of what the noise moves, the stated error); z is what is left of
    raw z; finds is the smallest relative error of the risk that would have been found there. Above an error of 50%
    at half of the times the verdict is "cannot decide".
    """
    runs, theory = loaded(simulation), loaded(integration)
    from sgdode.analysis.compare import MAX_Z
    from sgdode.analysis.compare import compare as judge
    from sgdode.analysis.first_passage import passage

    found, allowed = judge(runs, theory), MAX_Z if max_z is None else max_z
    passages = [(passage(runs, level), passage(theory, level)) for level in threshold or ()]
    if as_json:
        times = [
            {"level": mine.level, "simulation": mine.summary(), "integration": its.summary()} for mine, its in passages
        ]
        summary = {"simulation": str(simulation), "integration": str(integration), **found.summary(allowed)}
        print(json.dumps({**summary, "thresholds": times}, allow_nan=False))
    else:
        from sgdode.cli.tables import comparison_table, folded, passage_lines, printed, window_table

        print(printed(comparison_table(found, full)).rstrip() + printed(window_table(found)), end="")
        print("\n".join(folded([*passage_lines(passages), *found.notes(), found.verdict(allowed)])))
    if out is not None:
        _draw([runs, theory], "compare", out)
    if max_z is not None and found.max_z > max_z:
        raise typer.Exit(1)


def verify(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer, smaller runs: half a minute.")] = False,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Everything random follows from it.")] = 0,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Measure the slopes of Theorems 1, 2 and 5; exit status 1 where one is not as proven."""
    from sgdode.analysis.theorems import verify as measure
    from sgdode.reporting import Reporter

    reporter, slopes = Reporter(quiet, verbose), []
    for slope in measure(quick=quick, seed=seed):
        slopes.append(slope)
        reporter.note(slope.line())
    if as_json:
        for slope in slopes:
            print(json.dumps(slope.summary(), allow_nan=False))
    else:
        from sgdode.cli.tables import printed, slope_table

        print(printed(slope_table(slopes)), end="")
    if out is not None:
        from sgdode.plots.draw import save_figure
        from sgdode.plots.figures.slopes import slope_figure

        save_figure(slope_figure(slopes), out)
    if not all(slope.holds for slope in slopes):
        raise typer.Exit(1)


def _draw(runs: list[Any], figure: str, target: Path) -> None:
    from sgdode.plots.draw import draw, save_figure

    save_figure(draw(runs, figure), target)
