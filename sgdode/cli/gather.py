"""The commands of many files: collect them in a table, and list them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgdode.cli.json_lines import print_json
from sgdode.cli.options import Json, Quiet, Verbose
from sgdode.errors import FileError
from sgdode.foreign import visible

if TYPE_CHECKING:
    from sgdode.analysis.table import Row

_FILES = typer.Argument(metavar="FILE", help="Files, folders or patterns; - reads their names from stdin.")
_NARROWEST = 24


def add_table_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("collect", epilog="Example: sgdode collect config-*.h5 -o table.csv")(collect_command)
    app.command("ls", epilog="Example: sgdode ls .")(list_command)


def collect_command(
    files: Annotated[list[str], _FILES],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="PATH", help="A .csv, .parquet or .nc file.", show_default="stdout"),
    ] = None,
    threshold: Annotated[
        list[float] | None,
        typer.Option(metavar="R", help="Also when the risk falls below R, over the seeds. Repeatable."),
    ] = None,
    varying: Annotated[bool, typer.Option("--varying", help="Of the settings only those that differ.")] = False,
    per_seed: Annotated[bool, typer.Option("--per-seed", help="A row a run of SGD, not a file.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Gather files in one table: a row a file, with its settings, final risk, plateau, floor and times to threshold.

    A broken file is named on stderr and left out; the exit status is 1 then.
    """
    from sgdode.analysis.collect import refuse_ending, write_table
    from sgdode.analysis.table import write_csv
    from sgdode.results.atomic import aside
    from sgdode.results.crossing import refuse_level

    if out is not None:
        refuse_ending(out)
    for level in threshold or ():
        refuse_level(level)
    rows, failed = _rows(_paths(files), threshold or (), per_seed, quiet, verbose)
    if out is None:
        write_csv(rows, sys.stdout, varying)
    else:
        with aside(out, pipes=True) as part:
            write_table(rows, out, part, varying)
        print(visible(out))
    if failed:
        raise typer.Exit(1)


def list_command(
    files: Annotated[list[str] | None, _FILES] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """List results, one line a file: what it is, the settings in which the files differ, and the final risk.

    Without a name, those of this folder.
    """
    from sgdode.analysis.table import varying_settings
    from sgdode.reporting import Reporter

    names = files or ["."]
    if all(Path(name).is_dir() and not any(Path(name).glob("*.h5")) for name in names):
        Reporter(quiet, verbose).note(f"no results in {', '.join(names)}")
        return
    rows, failed = _rows(_paths(names), (), False, quiet, verbose, findings=True)
    keys = varying_settings(rows)
    if as_json:
        for row in rows:
            settings = {key: row["settings"].get(key) for key in keys}
            print_json({**row["run"], **settings, "final_risk": row["figures"]["final_risk"]})
    else:
        wide = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else None
        for line in _lines(rows, keys, wide):
            print(line)
    if failed:
        raise typer.Exit(1)


def _paths(names: Sequence[str]) -> list[Path]:
    from sgdode.results.files import result_files

    words = [line for name in names for line in (sys.stdin.read().splitlines() if name == "-" else [name])]
    return [path for word in words for path in result_files(word)]


def _rows(
    paths: Sequence[Path], levels: Sequence[float], per_seed: bool, quiet: bool, verbose: bool, findings: bool = False
) -> tuple[list[Row], bool]:
    """The rows of all files that can be read, and whether some could not. Raises FileError where none could."""
    from sgdode.analysis.table import table_rows
    from sgdode.reporting import Reporter

    broken, doubtful, reporter = list[str](), list[str](), Reporter(quiet, verbose)
    with reporter.bar("collect") as progress:
        rows = table_rows(
            paths, levels, broken.append, per_seed=per_seed, progress=progress, warn=doubtful.append, findings=findings
        )
    for line in doubtful:
        reporter.warn(line)
    for line in broken:
        print(f"error: {visible(line)}", file=sys.stderr)
    if not rows:
        raise FileError(f"none of the {len(paths)} files could be read")
    return rows, bool(broken)


def _lines(rows: Sequence[Row], keys: Sequence[str], wide: int | None) -> list[str]:
    """The table, its names cut in the middle where they do not fit into ``wide`` columns."""
    heads = ["file", "kind", "status", *_short(keys), "final risk"]
    table = [heads, *(_cells(row, keys) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    if wide is not None:
        others = sum(widths[1:]) + 2 * len(widths) - 2
        widths[0] = min(widths[0], max(_NARROWEST, wide - others))
    return [
        "  ".join(_cut(cell, width).ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    ]


def _cells(row: Row, keys: Sequence[str]) -> list[str]:
    kind = {"simulation": "SGD", "integration": "ODE"}.get(str(row["run"]["kind"]), str(row["run"]["kind"]))
    values = [_written(row["settings"].get(key)) for key in keys]
    return [
        visible(row["run"]["file"]),
        kind,
        str(row["run"]["status"]),
        *values,
        _written(row["figures"]["final_risk"]),
    ]


def _written(value: object) -> str:
    if value is None:
        return "–"
    text = f"{value:.4g}" if isinstance(value, float) else visible(value)
    return text if len(text) <= 24 else text[:23] + "…"


def _short(keys: Sequence[str]) -> list[str]:
    """Keys by their last word where that tells them apart."""
    last = [key.rpartition(".")[2] for key in keys]
    return [short if last.count(short) == 1 else key for key, short in zip(keys, last, strict=True)]


def _cut(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    head = width // 3
    return f"{text[:head]}…{text[len(text) - (width - head - 1) :]}"
