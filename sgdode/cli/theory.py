"""The commands that judge: compare a simulation with its equations, and verify the theorems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sgdode.cli.options import Json, Quiet, Verbose
from sgdode.cli.pictures import load_result

Out = Annotated[Path | None, typer.Option("-o", "--out", metavar="PATH", help="Draw the figure: .png, .pdf or .svg.")]


def add_theory_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("compare", epilog="Example: sgdode compare config-simulate-*.h5 config-integrate-*.h5 --max-z 4")(
        compare_command
    )
    app.command("verify", epilog="Example: sgdode verify -o slopes.pdf")(verify_command)


def compare_command(
    simulation: Annotated[Path, typer.Argument(metavar="SIMULATION", help="A file of simulate.")],
    integration: Annotated[Path, typer.Argument(metavar="INTEGRATION", help="A file of integrate, of the same spec.")],
    max_z: Annotated[
        float | None,
        typer.Option(metavar="Z", min=0, help="Exit with status 1 where the corrected deviation is above Z."),
    ] = None,
    threshold: Annotated[
        list[float] | None,
        typer.Option(metavar="R", help="Also the time at which the risk falls below R. Repeatable."),
    ] = None,
    out: Out = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Deviation of simulated runs from the equations over time, in standard errors; exit status 1 beyond --max-z."""
    runs, theory = load_result(simulation), load_result(integration)
    from sgdode.analysis.compare import MAX_Z, compare
    from sgdode.analysis.first_passage import passage

    found, allowed = compare(runs, theory), MAX_Z if max_z is None else max_z
    passages = [(passage(runs, level), passage(theory, level)) for level in threshold or ()]
    if as_json:
        times = [
            {"level": mine.level, "simulation": mine.summary(), "integration": its.summary()} for mine, its in passages
        ]
        summary = {"simulation": str(simulation), "integration": str(integration), **found.summary(allowed)}
        print(json.dumps({**summary, "thresholds": times}, allow_nan=False))
    else:
        from sgdode.cli.tables import comparison_table, passage_lines, printed

        print(printed(comparison_table(found)), end="")
        print("\n".join([*passage_lines(passages), found.verdict(allowed)]))
    if out is not None:
        from sgdode.plots.draw import draw, save_figure

        save_figure(draw([runs, theory], "compare"), out)
    if max_z is not None and not found.agrees(max_z):
        raise typer.Exit(1)


def verify_command(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer, smaller runs: half a minute.")] = False,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Everything random follows from it.")] = 0,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Measure the slopes of Theorems 1, 2 and 5; exit status 1 where one is not as proven."""
    from sgdode.analysis.theorems import verify
    from sgdode.reporting import Reporter

    reporter, slopes = Reporter(quiet, verbose), []
    for slope in verify(quick=quick, seed=seed):
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
