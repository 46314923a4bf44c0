"""The commands that look at results without changing any: show and export."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sgdode.cli.json_lines import print_json
from sgdode.cli.options import Json, Verbose
from sgdode.cli.pictures import load_result
from sgdode.errors import FileError, UsageError
from sgdode.foreign import visible, visible_lines
from sgdode.plots.view import SUFFIXES

if TYPE_CHECKING:
    from sgdode.results.trajectory import Trajectory


def add_looking_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("show", epilog="Example: sgdode show config-simulate-*.h5 --spec > again.yaml")(show_command)
    app.command("export", epilog="Example: sgdode export config-integrate-*.h5 -o risk.csv")(export_command)


def show_command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="A file of results, or a picture of some; several: a list.")
    ],
    spec: Annotated[bool, typer.Option("--spec", help="Print the stored spec alone, ready to run again.")] = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Describe a file: settings, status, where it was made, warnings, the risk, the last overlaps."""
    if len(files) > 1 or files[0].is_dir():
        _show_several(files, spec, as_json)
        return
    (file,) = files
    if file.suffix.lower() in (*SUFFIXES, ".gif") and file.is_file():
        print("\n".join(_drawn_from(file)))
        return
    from sgdode.results.findings import finding_kind

    if finding_kind(file) is not None:
        _show_finding(file, spec, as_json)
        return
    run = load_result(file)
    from sgdode.cli.describe import description, stored_spec

    if spec:
        print(visible_lines(stored_spec(run)))
    elif as_json:
        print_json(_as_json(file, run))
    else:
        print(description(run, max(60, shutil.get_terminal_size().columns)))


def _show_finding(file: Path, spec: bool, as_json: bool) -> None:
    """A file of fixed-points or of exit."""
    from sgdode.cli.finding_tables import finding_json, finding_text
    from sgdode.results.findings import read_finding

    found = read_finding(file)
    if spec:
        print(visible_lines(found.provenance.get("spec", "")))
    elif as_json:
        print_json(finding_json(found))
    else:
        print(visible_lines(finding_text(found)))


def _show_several(files: list[Path], spec: bool, as_json: bool) -> None:
    """One line a file, as ``sgdode ls`` gives it."""
    from sgdode.cli.gather import list_command

    if spec:
        raise UsageError("--spec prints the spec of one file")
    list_command([str(file) for file in files], as_json=as_json)


def _as_json(file: Path, run: Trajectory) -> dict[str, Any]:
    """What a file tells of itself, for programs."""
    told: dict[str, Any] = {"path": str(file), "kind": run.kind, "status": run.status}
    for key, value in run.attributes.items():
        told[key] = value.item() if hasattr(value, "item") else value
    times = {"times": len(run.time), "final_time": float(run.time[-1])}
    if "risk" in run.curves:
        times["final_risk"] = float(run.risk[..., -1].mean())
    kept = {"settings": run.settings, "warnings": run.warnings, "environment": run.environment}
    return told | times | kept


def _drawn_from(picture: Path) -> list[str]:
    """What a picture says of itself."""
    from sgdode.plots.about import as_lines
    from sgdode.plots.files import TELLING, about_picture

    if (about := about_picture(picture)) is None:
        if picture.suffix.lower() not in TELLING:
            raise FileError(f"{picture}: {', '.join(TELLING)} say what they were drawn from; this kind cannot")
        raise FileError(f"{picture}: does not say what it was drawn from: no picture of this version of sgdode")
    return [visible(line) for line in as_lines(about)]


def export_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of simulate or integrate.")],
    out: Annotated[
        str,
        typer.Option(
            "-o", "--out", metavar="PATH", help="A .csv, .npz or .nc file; - is stdout.", show_default="stdout"
        ),
    ] = "-",
    verbose: Verbose = False,
) -> None:
    """Write the curves of a file for other tools: into a file, and print its path, or as CSV on stdout."""
    run = load_result(file)
    from sgdode.results.export import export, write_curves

    if out == "-":
        write_curves(run, sys.stdout)
    else:
        print(visible(export(run, Path(out))))
