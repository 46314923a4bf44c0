"""The command line: load, call, save, print the path.

stdout carries the result alone (the paths of the files, one a line); everything else goes to stderr.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sgdode.cli.command import App
from sgdode.cli.completion import complete_command, complete_key, words
from sgdode.cli.gather import add_table_commands
from sgdode.cli.json_lines import json_text, print_json
from sgdode.cli.looks import add_looking_commands
from sgdode.cli.optimise import add_optimise_command
from sgdode.cli.options import AllowCode, Quiet, Request, Verbose, asked_as
from sgdode.cli.pictures import PictureRequest, draw_files
from sgdode.cli.plateaus import add_plateau_commands
from sgdode.cli.sweep import add_sweep_commands
from sgdode.cli.theory import add_theory_commands
from sgdode.errors import FileError, UsageError, nearest
from sgdode.foreign import visible, visible_lines
from sgdode.plots.figures.records import listed
from sgdode.plots.view import SUFFIXES

if TYPE_CHECKING:
    from sgdode.runs.run import Outcome
    from sgdode.spec.checks import Command

app = App(
    name="sgdode",
    help="One-pass SGD in two-layer networks next to its limiting equations.",
    epilog="Start with: sgdode init, which writes config.yaml, and sgdode run, which computes and draws it.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


_BOTH: tuple[Command, ...] = ("simulate", "integrate")


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"sgdode {version('sgdode')}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("-V", "--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # those of Python's libraries are for programmers


@app.command("simulate", epilog="Example: sgdode simulate config.yaml --set dimension=10000 -j 2")
@asked_as(Request)
def simulate_command(request: Request) -> None:
    """Run SGD, exactly in law; write an HDF5 file and print its path."""
    _exit([_perform(request, "simulate", request.target)])


@app.command("integrate", epilog="Example: sgdode integrate config.yaml --set integrate.equations=gradient-flow")
@asked_as(Request, jobs="")
def integrate_command(request: Request) -> None:
    """Solve the limiting equations; write an HDF5 file and print its path."""
    _exit([_perform(request, "integrate", request.target)])


@app.command("run", epilog="Example: sgdode run config.yaml --out-dir results")
@asked_as(Request, out="The picture to write.")
def run_command(request: Request) -> None:
    """Simulate, integrate and plot the risk of both; -o names the picture."""
    if request.target is not None and request.target.suffix not in SUFFIXES:
        raise UsageError(f"{request.target}: -o names the picture of `run`: a {listed(SUFFIXES, 'or')} file")
    outcomes = [_perform(request, command, None) for command in _BOTH]
    picture = draw_files([outcome.path for outcome in outcomes], "risk", request.target)
    _tell_picture(picture, request.json)
    _exit(outcomes)


@app.command("init", epilog="Example: sgdode init mine.yaml")
def init_command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The file to write.")] = Path("config.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
) -> None:
    """Write a commented example spec, and print its path."""
    from sgdode.results.atomic import write_text
    from sgdode.spec.json_schema import example

    if path.exists() and not force:
        raise UsageError(f"{path}: exists already; --force replaces it")
    write_text(path, example())
    print(visible(path))


@app.command("check", epilog="Example: sgdode check config.yaml --set dimension=1e6")
@asked_as(Request, out="", out_dir="", force="", restart="", json="One JSON object on stdout, in place of text.")
def check_command(request: Request) -> None:
    """Validate a spec; print γ, δt, the equations and why, and what a run will cost."""
    from sgdode.machine import processors
    from sgdode.runs.check import as_text, forecast

    spec = request.load()
    found = forecast(spec, request.jobs or processors())
    print_json(found) if request.json else print(visible_lines(as_text(spec, found)))


@app.command("explain", epilog="Example: sgdode explain student.width")
def explain_command(
    key: Annotated[
        str | None,
        typer.Argument(metavar="KEY", help="A dotted key, its beginning, or a symbol.", autocompletion=complete_key),
    ] = None,
) -> None:
    """What the keys of a spec mean: one line each, with their defaults and what is allowed."""
    from sgdode.cli.explain import meanings
    from sgdode.cli.listing import meanings_of_word

    print("\n".join(meanings_of_word(key or "") or meanings(key)))


@app.command("list", epilog="Example: sgdode list activations")
def list_kinds_command(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND",
            help="activations, systems, starts, inputs, rules or figures; without one: all.",
            autocompletion=words("activations", "systems", "starts", "inputs", "rules", "figures"),
        ),
    ] = None,
) -> None:
    """What there is to choose from, one line each: activations, systems of equations, starts, ..."""
    from sgdode.cli.listing import KINDS, listed_kind

    if kind is not None:
        print("\n".join(listed_kind(kind)))
        return
    sections = [
        f"{name} ({where})\n" + "\n".join(f"  {line}" for line in listed_kind(name, 78))
        for name, (where, _) in KINDS.items()
    ]
    print("\n\n".join(sections))


@app.command("help", epilog="Example: sgdode help simulate")
def help_command(
    context: typer.Context,
    command: Annotated[
        str | None, typer.Argument(metavar="COMMAND", help="Of this command alone.", autocompletion=complete_command)
    ] = None,
) -> None:
    """Show this help, or that of a command."""
    group = context.find_root()
    if command is None:
        print(group.get_help())
        return
    commands = getattr(group.command, "commands", {})
    if command not in commands:
        known = sorted(commands)
        raise UsageError(f"{command}: no such command{nearest(command, known)}; there are {', '.join(known)}")
    found = commands[command]
    print(found.get_help(type(context)(found, info_name=command, parent=group)))


@app.command("regimes", epilog="Example: sgdode regimes config.yaml")
def regimes_command(
    specs: Annotated[list[str], typer.Argument(metavar="SPEC", help="YAML files.")],
    allow_code: AllowCode = False,
    verbose: Verbose = False,
) -> None:
    """Place runs between the limits of the paper (its figure 1), as text."""
    from sgdode.runs.check import placed
    from sgdode.spec.load import load_spec

    print(visible_lines(placed([load_spec(spec, allow_code=allow_code) for spec in specs])))


@app.command("plot", epilog="Example: sgdode plot config-*.h5 --figure overlaps -o a.pdf")
@asked_as(PictureRequest)
def plot_command(request: PictureRequest) -> None:
    """Draw one picture of one or several files; print its path."""
    options = request.options()
    target = request.out and request.out_dir / request.out
    picture = draw_files(request.files or _finished(request.out_dir), request.figure, target, **options)
    _tell_picture(picture, request.json)


@app.command("schema", epilog="Example: sgdode schema -o sgdode.schema.json")
def schema_command(
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="PATH", help="The file to write.", show_default="stdout")
    ] = None,
) -> None:
    """The JSON Schema of the spec, for editors that complete and check YAML."""
    from sgdode.results.atomic import write_text
    from sgdode.spec.json_schema import json_schema

    text = json_text(json_schema(), indent=2)
    if out is None:
        print(text)
    elif not out.parent.is_dir():
        raise FileError(f"{out}: cannot be written: there is no folder {out.parent}")
    else:
        write_text(out, text + "\n")
        print(visible(out))


def _perform(request: Request, command: Command, path: Path | None) -> Outcome:
    from sgdode.results.others import refuse_other_ending
    from sgdode.runs.run import default_path, perform

    spec, reporter = request.load(), request.reporter()
    if path is not None:
        refuse_other_ending(path)
    path = path or default_path(spec, command, request.out_dir)
    outcome = perform(spec, command, path, reporter, force=request.force, restart=request.restart, jobs=request.jobs)
    print_json(outcome.summary()) if request.json else print(visible(outcome.path), flush=True)
    return outcome


@app.command("warm-up", epilog="Example: sgdode warm-up")
def warm_up_command(quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Compile what the common runs need, for a container or a class; say where the code is kept."""
    import time

    from sgdode.reporting import Reporter

    reporter, began = Reporter(quiet, verbose), time.monotonic()
    reporter.note("compiling everything: a minute or two")
    from sgdode.jit.cache import folder
    from sgdode.runs.warm_up import warm_up

    with reporter.bar("warm-up") as progress:
        names = warm_up(progress)
    reporter.note(f"compiled in {time.monotonic() - began:.0f} s: {', '.join(names)}")
    if (kept := folder()) is None:
        raise FileError("no folder for machine code can be written to: set NUMBA_CACHE_DIR to one of your own")
    print(visible(kept))


def _tell_picture(path: Path, as_json: bool) -> None:
    print_json({"path": str(path), "kind": "picture"}) if as_json else print(visible(path))


def _finished(folder: Path) -> list[Path]:
    """The complete files of the spec in the current folder."""
    from sgdode.runs.run import default_path, finished

    spec = Request().load()
    paths = {command: default_path(spec, command, folder) for command in _BOTH}
    found = [path for command, path in paths.items() if finished(spec, command, path)]
    if not found:
        names = " nor ".join(str(path) for path in paths.values())
        raise UsageError(f"config.yaml has no finished file yet (neither {names}); run `sgdode simulate` first")
    return found


def _exit(outcomes: list[Outcome]) -> None:
    if status := max(outcome.exit_status for outcome in outcomes):
        raise typer.Exit(status)


add_looking_commands(app)
add_theory_commands(app)
add_plateau_commands(app)
add_optimise_command(app)
add_sweep_commands(app)
add_table_commands(app)
