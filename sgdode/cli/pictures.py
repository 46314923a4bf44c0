"""What every command that draws needs: the options of a picture, the files to draw, and where the picture goes."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack

import typer

from sgdode.cli.completion import (
    complete_axis,
    complete_figure,
    complete_key,
    complete_legend,
    complete_quantity,
    complete_scale,
    complete_style,
)
from sgdode.cli.options import Json, OutDir, Quiet, Verbose, inches, indices, limits, numbers
from sgdode.errors import UsageError
from sgdode.plots.figures.records import FIGURES, animated, listed
from sgdode.plots.view import SUFFIXES, DrawOptions
from sgdode.results.others import refuse_spec

if TYPE_CHECKING:
    from sgdode.results.trajectory import Trajectory

FIGURE_HELP = f"{listed(FIGURES, 'or')}."
PICTURE_HELP = f"A {listed(SUFFIXES, 'or')} file; .gif animates {listed(animated(), 'and')}."


@dataclass
class PictureRequest:
    """What `plot` is asked."""

    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Files, folders or patterns; without one, the files of config.yaml."),
    ] = None
    figure: Annotated[
        str, typer.Option("--figure", metavar="NAME", help=FIGURE_HELP, autocompletion=complete_figure)
    ] = "risk"
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="PATH", help=PICTURE_HELP)] = None
    out_dir: OutDir = Path()
    x: Annotated[
        str | None,
        typer.Option(
            "--x", metavar="AXIS", help="t, step, samples or samples/d; of sweep: a key.", autocompletion=complete_axis
        ),
    ] = None
    y: Annotated[
        str | None,
        typer.Option("--y", metavar="KEY", help="Of sweep: a second key, for a map.", autocompletion=complete_key),
    ] = None
    of: Annotated[
        str,
        typer.Option(
            "--of",
            metavar="WHAT",
            help="Of sweep: final_risk, plateau, floor or time_below:1e-3.",
            autocompletion=complete_quantity,
        ),
    ] = "final_risk"
    xscale: Annotated[
        str | None, typer.Option(metavar="SCALE", help="linear or log.", autocompletion=complete_scale)
    ] = None
    yscale: Annotated[str | None, typer.Option(metavar="SCALE", help="Likewise.", autocompletion=complete_scale)] = None
    students: Annotated[str | None, typer.Option(metavar="LIST", help="Student neurons: 3 or 0,2 or 0:4.")] = None
    teachers: Annotated[str | None, typer.Option(metavar="LIST", help="Teacher neurons, likewise.")] = None
    runs: Annotated[str | None, typer.Option(metavar="LIST", help="Seeds to draw singly, likewise.")] = None
    times: Annotated[
        str | None, typer.Option(metavar="LIST", help="Times t of histogram and specialisation: 0,1,910.")
    ] = None
    average: Annotated[bool, typer.Option("--average", help="Pool files of different starts into one mean.")] = False
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="For all files, as p={student.width}, or repeated, one for each."),
    ] = None
    legend: Annotated[
        str,
        typer.Option(
            metavar="PLACE",
            help="auto, none, below, right, or such as 'upper left'.",
            autocompletion=complete_legend,
        ),
    ] = "auto"
    style: Annotated[
        str,
        typer.Option(
            "--style",
            metavar="NAME",
            help="screen, paper (one column), or a matplotlib style.",
            autocompletion=complete_style,
        ),
    ] = "screen"
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Width and height in inches: 6.75x2.5.")] = None
    dpi: Annotated[float | None, typer.Option(metavar="DPI", help="Dots an inch of a .png or .tiff.")] = None
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="A title above the settings.")] = None
    no_title: Annotated[bool, typer.Option("--no-title", help="Neither title nor settings.")] = False
    xlim: Annotated[str | None, typer.Option(metavar="LOW,HIGH", help="Limits of the x axis.")] = None
    ylim: Annotated[str | None, typer.Option(metavar="LOW,HIGH", help="Limits of the y axis.")] = None
    quiet: Quiet = False
    verbose: Verbose = False
    json: Json = False

    def options(self) -> DrawOptions:
        """The options as values. Raises UsageError."""
        return {
            "x": self.x,
            "y": self.y,
            "of": self.of,
            "xscale": self.xscale,
            "yscale": self.yscale,
            "label": self.label,
            "legend": self.legend,
            "size": inches(self.size),
            "dpi": self.dpi,
            "students": indices("students", self.students),
            "teachers": indices("teachers", self.teachers),
            "runs": indices("runs", self.runs),
            "times": numbers("times", self.times),
            "average": self.average,
            "style": self.style,
            "title": "" if self.no_title else self.title,
            "xlim": limits("xlim", self.xlim),
            "ylim": limits("ylim", self.ylim),
        }


def load_result(path: Path) -> Trajectory:
    """A file of results; a missing one is answered before anything heavy is imported."""
    if not path.exists():
        raise UsageError(f"{path}: no such file")
    refuse_spec(path, UsageError)
    from sgdode.reporting import Reporter
    from sgdode.results.contents import UNSEALED
    from sgdode.results.trajectory import Trajectory

    run = Trajectory.load(path)
    if run.unsealed:
        Reporter().warn(f"{path}: {UNSEALED}")
    return run


def draw_files(files: Sequence[Path], figure: str, target: Path | None, **options: Unpack[DrawOptions]) -> Path:
    """Draw files into ``target``, by default NAME-FIGURE.png beside the first; gives the path of the picture."""
    from sgdode.results.files import result_files

    paths = [path for file in files for path in result_files(file)]
    trajectories = [load_result(path) for path in paths]
    _require_matplotlib()
    if target is not None and target.suffix.lower() == ".gif":
        from sgdode.plots.gif import animate

        return animate(trajectories, figure, target, **options)
    from sgdode.plots.draw import draw
    from sgdode.plots.files import picture_path, save_figure

    picture = draw(trajectories, figure, **options)
    name = trajectories[0].attributes.get("name", "")
    return save_figure(picture, target or picture_path(paths[0].parent, name, figure, picture.about), command_line())


def _require_matplotlib() -> None:
    """Raises UsageError where the environment keeps matplotlib from starting; no backend is needed to draw a file."""
    try:
        import matplotlib  # noqa: F401
    except ValueError:
        name = os.environ.get("MPLBACKEND", "")
        raise UsageError(f"MPLBACKEND={name} is set, which is no backend of matplotlib; unset it") from None


def command_line() -> str:
    """The command that was typed."""
    return shlex.join(["sgdode", *sys.argv[1:]])
