"""The command line: load, call, save, print the path.

stdout carries the result alone (the paths of the files, one a line); everything else goes to stderr.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sgdode.cli import sweep as cli_sweep
from sgdode.cli import theory as cli_theory
from sgdode.cli.options import Force, Json, OutDir, Quiet, Request, Verbose, indices, limits, numbers, with_request
from sgdode.cli.theory import loaded as _loaded
from sgdode.errors import UsageError

if TYPE_CHECKING:
    from sgdode.runs.run import Outcome
    from sgdode.spec.checks import Command

app = typer.Typer(
    name="sgdode",
    help="One-pass SGD in two-layer networks next to its limiting equations.",
    epilog="Start with: sgdode run experiments/quickstart.yaml",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


FIGURES = "risk, overlaps, trajectories, histogram, specialisation, share, compare, regimes or cost."
PICTURE = "A .png, .pdf or .svg file; .gif animates trajectories and histogram."
_BOTH: tuple[Command, ...] = ("simulate", "integrate")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"sgdode {version('sgdode')}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: sgdode simulate config.yaml --set dimension=10000 -j 2")
@with_request
def simulate(request: Request) -> None:
    """Run SGD, exactly in law; write an HDF5 file and print its path."""
    _exit([_perform(request, "simulate", request.target)])


@app.command(epilog="Example: sgdode integrate config.yaml --set integrate.equations=gradient-flow")
@with_request
def integrate(request: Request) -> None:
    """Solve the limiting equations; write an HDF5 file and print its path."""
    _exit([_perform(request, "integrate", request.target)])


@app.command(epilog="Example: sgdode run config.yaml --out-dir results")
@with_request
def run(request: Request) -> None:
    """Simulate, integrate and plot the risk of both; -o names the picture."""
    if request.target is not None and request.target.suffix not in (".png", ".pdf", ".svg"):
        raise UsageError(f"{request.target}: -o names the picture of `run`: a .png, .pdf or .svg file")
    outcomes = [_perform(request, command, None) for command in _BOTH]
    picture = _draw([outcome.path for outcome in outcomes], "risk", request.target)
    print(json.dumps({"path": str(picture), "kind": "picture"}) if request.json else picture)
    _exit(outcomes)


@app.command(epilog="Example: sgdode init mine.yaml")
def init(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The file to write.")] = Path("config.yaml"),
    force: Force = False,
) -> None:
    """Write a commented example spec, and print its path."""
    from sgdode.results.atomic import write_text
    from sgdode.spec.json_schema import example

    if path.exists() and not force:
        raise UsageError(f"{path}: exists already; --force replaces it")
    write_text(path, example())
    print(path)


@app.command(epilog="Example: sgdode check config.yaml --set dimension=1e6")
@with_request
def check(request: Request) -> None:
    """Validate a spec; print γ, δt, the equations and why, and what a run will cost."""
    from sgdode.machine import processors
    from sgdode.runs.check import as_text, forecast

    spec = request.load()
    found = forecast(spec, request.jobs or processors())
    print(json.dumps(found, ensure_ascii=False) if request.json else as_text(spec, found))


@app.command(epilog="Example: sgdode regimes config.yaml")
def regimes(
    specs: Annotated[list[str], typer.Argument(metavar="SPEC...", help="YAML files.")], verbose: Verbose = False
) -> None:
    """Place runs between the limits of the paper (its figure 1), as text."""
    from sgdode.runs.check import placed
    from sgdode.spec.load import load_spec

    print(placed([load_spec(spec) for spec in specs]))


@app.command(epilog="Example: sgdode plot config-*.h5 --figure overlaps -o a.pdf")
def plot(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Files of simulate and integrate; without one, those of config.yaml."),
    ] = None,
    figure: Annotated[str, typer.Option("--figure", metavar="NAME", help=FIGURES)] = "risk",
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="PATH", help=PICTURE)] = None,
    out_dir: OutDir = Path(),
    x: Annotated[str, typer.Option("--x", metavar="AXIS", help="t, step, samples or samples/d.")] = "t",
    students: Annotated[str | None, typer.Option(metavar="LIST", help="Student neurons: 3 or 0,2 or 0:4.")] = None,
    teachers: Annotated[str | None, typer.Option(metavar="LIST", help="Teacher neurons, likewise.")] = None,
    runs: Annotated[str | None, typer.Option(metavar="LIST", help="Seeds to draw singly, likewise.")] = None,
    times: Annotated[
        str | None, typer.Option(metavar="LIST", help="Times t of histogram and specialisation: 0,1,910.")
    ] = None,
    average: Annotated[bool, typer.Option("--average", help="Pool files of different starts into one mean.")] = False,
    style: Annotated[str, typer.Option("--style", metavar="NAME", help="screen, or paper (one column).")] = "screen",
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="A title above the settings.")] = None,
    xlim: Annotated[str | None, typer.Option(metavar="LOW,HIGH", help="Limits of the x axis.")] = None,
    ylim: Annotated[str | None, typer.Option(metavar="LOW,HIGH", help="Limits of the y axis.")] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Draw one picture of one or several files; print its path."""
    options = {
        "x": x,
        "students": indices("students", students),
        "teachers": indices("teachers", teachers),
        "runs": indices("runs", runs),
        "times": numbers("times", times),
        "average": average,
        "style": style,
        "title": title,
        "xlim": limits("xlim", xlim),
        "ylim": limits("ylim", ylim),
    }
    picture = _draw(files or _finished(out_dir), figure, out and out_dir / out, **options)
    print(json.dumps({"path": str(picture), "kind": "picture"}) if as_json else picture)


@app.command(epilog="Example: sgdode show config-simulate-*.h5 --spec > again.yaml")
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of simulate or integrate.")],
    spec: Annotated[bool, typer.Option("--spec", help="Print the stored spec alone, ready to run again.")] = False,
    verbose: Verbose = False,
) -> None:
    """Describe a file: settings, status, warnings, the risk, the last overlaps."""
    run = _loaded(file)
    from sgdode.cli.describe import show as describe
    from sgdode.cli.describe import stored_spec

    print(stored_spec(run) if spec else describe(run, shutil.get_terminal_size((80, 24)).columns))


@app.command(epilog="Example: sgdode export config-integrate-*.h5 -o risk.csv")
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of simulate or integrate.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="PATH", help="A .csv or .npz file.")],
    verbose: Verbose = False,
) -> None:
    """Write the curves of a file for other tools, and print the path."""
    run = _loaded(file)
    from sgdode.results.export import export as write

    print(write(run, out))


@app.command(epilog="Example: sgdode schema -o sgdode.spec.json_schema.json")
def schema(
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="PATH", help="The file to write.", show_default="stdout")
    ] = None,
) -> None:
    """The JSON Schema of the spec, for editors that complete and check YAML."""
    from sgdode.results.atomic import write_text
    from sgdode.spec.json_schema import json_schema

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False)
    if out is None:
        print(text)
    else:
        write_text(out, text + "\n")
        print(out)


def _perform(request: Request, command: Command, path: Path | None) -> Outcome:
    from sgdode.runs.run import default_path, perform

    spec, reporter = request.load(), request.reporter()
    path = path or default_path(spec, command, request.out_dir)
    outcome = perform(spec, command, path, reporter, force=request.force, resume=request.resume, jobs=request.jobs)
    print(json.dumps(outcome.summary()) if request.json else outcome.path, flush=True)
    return outcome


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


def _draw(files: list[Path], figure: str, target: Path | None, **options: Any) -> Path:
    trajectories = [_loaded(path) for path in files]
    from sgdode.plots.draw import draw, save_figure

    target = target or files[0].parent / f"{trajectories[0].attributes['name']}-{figure}.png"
    if target.suffix.lower() == ".gif":
        from sgdode.plots.gif import animate

        return animate(trajectories, figure, target, **options)
    save_figure(draw(trajectories, figure, **options), target)
    return target


def _exit(outcomes: list[Any]) -> None:
    if status := max(outcome.exit_status for outcome in outcomes):
        raise typer.Exit(status)


cli_theory.register(app)
cli_sweep.register(app)
