"""The commands that judge: compare a simulation with its equations, and verify the theorems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sgdode.cli.json_lines import print_json
from sgdode.cli.options import Json, Quiet, Verbose
from sgdode.cli.pictures import load_result
from sgdode.cli.reproduce import reproduce_command
from sgdode.foreign import visible_lines

Out = Annotated[Path | None, typer.Option("-o", "--out", metavar="PATH", help="Draw the figure: .png, .pdf, .svg, ...")]


def add_theory_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("compare", epilog="Example: sgdode compare config-simulate-*.h5 config-integrate-*.h5 --max-z 2.6")(
        compare_command
    )
    app.command("reproduce", epilog="Example: sgdode reproduce config-simulate-*.h5")(reproduce_command)
    app.command("verify", epilog="Example: sgdode verify -o slopes.pdf")(verify_command)


def compare_command(
    simulation: Annotated[Path, typer.Argument(metavar="SIMULATION", help="A file of simulate.")],
    integration: Annotated[Path, typer.Argument(metavar="INTEGRATION", help="A file of integrate, of the same spec.")],
    max_z: Annotated[
        float | None,
        typer.Option(
            metavar="Z",
            min=0,
            help="Exit with status 1 where the largest z, corrected for the number of deviations, is above Z; with 0 "
            "where it is not, or nothing can be decided. At 2.6, as in the verdict, one in 100 is a false alarm.",
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

    raw z is the deviation of the mean risk from the theory (with fluctuations: from the expected risk, theory and
    predicted shift) in standard errors (s.e.); allowed, in units of the risk, is what right equations
    may be off by at that time (1/d, the curvature of what the noise moves, the stated error); z is what is left of
    raw z; finds is the smallest relative error of the risk that would have been found there. Where that is above 50%
    at half of the times, and over the quarters of the times, the verdict is "cannot decide".
    """
    runs, theory = load_result(simulation), load_result(integration)
    import numpy as np

    from sgdode.analysis.compare import MAX_Z, compare
    from sgdode.analysis.first_passage import passage

    with np.errstate(all="ignore"):  # files may hold numbers up to the largest
        found, allowed = compare(runs, theory), MAX_Z if max_z is None else max_z
        passages = [(passage(runs, level), passage(theory, level)) for level in threshold or ()]
    if as_json:
        times = [
            {"level": mine.level, "simulation": mine.summary(), "integration": its.summary()} for mine, its in passages
        ]
        summary = {"simulation": str(simulation), "integration": str(integration), **found.summary(allowed)}
        print_json({**summary, "thresholds": times})
    else:
        from sgdode.cli.tables import comparison_table, folded, passage_lines, printed, window_table

        print(printed(comparison_table(found, full)).rstrip() + printed(window_table(found)), end="")
        print(visible_lines("\n".join(folded([*passage_lines(passages), *found.notes(), found.verdict(allowed)]))))
    if out is not None:
        from sgdode.cli.pictures import command_line
        from sgdode.plots.draw import draw
        from sgdode.plots.files import save_figure

        save_figure(draw([runs, theory], "compare"), out, command_line())
    if max_z is not None and found.max_z > max_z:
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
            print_json(slope.summary())
    else:
        from sgdode.cli.tables import printed, slope_table

        print(printed(slope_table(slopes)), end="")
    if out is not None:
        from sgdode.plots.figures.slopes import slope_figure
        from sgdode.plots.files import save_figure

        save_figure(slope_figure(slopes), out)
    if not all(slope.holds for slope in slopes):
        raise typer.Exit(1)
