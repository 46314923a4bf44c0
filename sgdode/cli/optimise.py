"""The command that looks for the best learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sgdode.cli.json_lines import print_json
from sgdode.cli.options import Request, asked_as
from sgdode.errors import UsageError
from sgdode.foreign import visible

if TYPE_CHECKING:
    from sgdode.runs.optimise import Optimum


def add_optimise_command(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("optimise", epilog="Example: sgdode optimise config.yaml --set time.unit=samples --verify 100")(
        optimise_command
    )


@asked_as(Request, out="The spec to write, as YAML.", restart="", json="JSON objects on stdout, in place of a table.",
          force="Replace the spec that is there.", out_dir="Folder of the spec; made if missing.")  # fmt: skip
def optimise_command(
    request: Request,
    nodes: Annotated[int, typer.Option(min=3, max=200, metavar="N", help="Numbers that the schedule has.")] = 20,
    low: Annotated[
        float | None, typer.Option(metavar="GAMMA", help="The lowest rate.", show_default="gamma/1000")
    ] = None,
    high: Annotated[
        float | None, typer.Option(metavar="GAMMA", help="The largest rate.", show_default="30 gamma")
    ] = None,
    verify: Annotated[int, typer.Option(min=0, metavar="N", help="Simulate all three with N seeds.")] = 0,
) -> None:
    """The best schedule for the risk at the end, next to the best constant.

    The excess risk of `full` at time.stop is minimised over a table of rates
    (linear between its nodes, which are 0 and then geometric in samples per
    dimension), over constants, and over rates that are held and then fall by
    a power. The gradient is exact for erf (discrete adjoint), elsewhere by
    differences; L-BFGS-B descends from several starts, which -v tells. A spec
    with the best table is written, and all three are printed.
    """
    from sgdode.runs.optimise import optimise

    if verify == 1:
        raise UsageError("--verify 1: error bars need 2 seeds or more")
    spec, reporter = request.load(), request.reporter()
    path = request.target or request.out_dir / f"{spec.name}-optimum.yaml"
    if path.exists() and not request.force:
        raise UsageError(f"{visible(path)}: is there already; --force replaces it, or name another with -o")
    with reporter.bar("optimise") as progress:
        found = optimise(spec, nodes=nodes, low=low, high=high, verify=verify, jobs=request.jobs, progress=progress)
    path.parent.mkdir(parents=True, exist_ok=True)
    found.write(path, request.force)
    if request.json:
        for one in found.summaries():
            print_json(one)
    else:
        print(optimum_text(found), end="")
    if request.verbose:
        for candidate in found.candidates:
            for label, risk in candidate.starts:
                reporter.note(f"{candidate.name}: from {label}: {risk:.6g}")
    reporter.note(f"written: {visible(path)}; sgdode run {visible(path)} runs it")


def optimum_text(found: Optimum) -> str:
    """One row a candidate, then the table of the best, and how it was found."""
    from sgdode.cli.tables import folded, new_table, printed

    simulated = found.best.simulated is not None
    table = new_table(["rate", "risk", "/ optimum", *(["simulated", "s.e.", "above", "z"] if simulated else [])])
    for one in found.candidates:
        row = [one.name, f"{one.risk:.5g}", f"{one.risk / found.best.risk:.4f}"]
        if one.simulated is not None:
            above = one.above(found.best) if one is not found.best else None
            row += [f"{one.simulated.mean:.5g}", f"{one.simulated.standard_error:.1g}"]
            row += ["", ""] if above is None else [f"{above[0]:+.2g}", f"{above[1]:+.1f}"]
        table.add_row(*row)
    return printed(table) + "\n".join(folded(_notes(found))) + "\n"


def _notes(found: Optimum) -> list[str]:
    told = [f"excess risk at {found.samples:g} samples per dimension; found in {found.seconds:.1f} s"]
    for one in found.candidates:
        rate = one.spec.learning_rate
        schedule = None if rate.schedule is None else rate.schedule.given
        if schedule is None:
            told.append(f"{one.name}: gamma {rate.gamma:.5g}")
        elif "table" in schedule:
            rows = ", ".join(f"{alpha:.4g}: {rate.gamma * factor:.4g}" for alpha, factor in schedule["table"])
            told.append(f"{one.name}, gamma at samples/d: {rows}")
        else:
            told.append(f"{one.name}: gamma {rate.gamma:.5g} up to {schedule['hold']:.5g} samples/d, then falling as "
                        f"the power {schedule['power']:.4g}")  # fmt: skip
    if found.candidates[1].risk < found.best.risk:
        told.append("the table has too few nodes to be below the best hold-power: more of them, by --nodes, will be")
    if found.gradient_error:
        told.append(f"gradients by differences: known to {found.gradient_error:.1g}")
    return told
