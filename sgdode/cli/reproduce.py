"""The command that computes a result again, and says whether its numbers are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sgdode.cli.json_lines import print_json
from sgdode.cli.options import AllowCode, Jobs, Json, Quiet, Verbose
from sgdode.cli.pictures import load_result
from sgdode.errors import SgdodeError
from sgdode.foreign import visible


def reproduce_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of simulate or integrate.")],
    tolerance: Annotated[
        float, typer.Option(metavar="X", min=0, help="Relative differences up to X are none; 0: bit for bit.")
    ] = 0.0,
    jobs: Jobs = None,
    allow_code: AllowCode = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Compute a file again from itself, and say whether the numbers are the same; exit status 1 where they are not.

    The file holds all that this takes, also its start from another file; it is not written to.
    """
    run = load_result(file)
    from sgdode.machine import processors, require_means
    from sgdode.reporting import Reporter
    from sgdode.runs.reproduce import reproduce

    require_means()
    reporter = Reporter(quiet, verbose)
    try:
        found = reproduce(run, reporter, jobs or processors(), allow_code)
    except SgdodeError as error:
        error.args = (f"{file}: {error}",)
        raise
    for note in found.notes:
        reporter.note(note)
    equal = found.equal(tolerance)
    if as_json:
        print_json({"path": str(file), "equal": equal, "largest": found.largest, "differences": found.differences})
    else:
        print(visible(f"{file}: {found.text()}"))
    if not equal:
        raise typer.Exit(1)
