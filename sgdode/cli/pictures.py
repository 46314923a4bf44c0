"""What every command that draws needs: the options of a picture, the files to draw, and where the picture goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack

import typer

from sgdode.cli.options import Json, OutDir, Quiet, Verbose, indices, limits, numbers
from sgdode.errors import UsageError
from sgdode.foreign import file_name
from sgdode.plots.figures.records import FIGURES, animated, listed
from sgdode.plots.view import SUFFIXES, DrawOptions

if TYPE_CHECKING:
    from sgdode.results.trajectory import Trajectory

FIGURE_HELP = f"{listed(FIGURES, 'or')}."
PICTURE_HELP = f"A {listed(SUFFIXES, 'or')} file; .gif animates {listed(animated(), 'and')}."


def complete_figure(incomplete: str) -> list[tuple[str, str]]:
    """The figures that begin so, with what they show, for the shell to complete."""
    return [(name, record.about) for name, record in FIGURES.items() if name.startswith(incomplete)]


@dataclass
class PictureRequest:
    """What `plot` is asked."""

    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Files of simulate and integrate; without one, those of config.yaml."),
    ] = None
    figure: Annotated[
        str, typer.Option("--figure", metavar="NAME", help=FIGURE_HELP, autocompletion=complete_figure)
    ] = "risk"
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="PATH", help=PICTURE_HELP)] = None
    out_dir: OutDir = Path()
    x: Annotated[str, typer.Option("--x", metavar="AXIS", help="t, step, samples or samples/d.")] = "t"
    students: Annotated[str | None, typer.Option(metavar="LIST", help="Student neurons: 3 or 0,2 or 0:4.")] = None
    teachers: Annotated[str | None, typer.Option(metavar="LIST", help="Teacher neurons, likewise.")] = None
    runs: Annotated[str | None, typer.Option(metavar="LIST", help="Seeds to draw singly, likewise.")] = None
    times: Annotated[
        str | None, typer.Option(metavar="LIST", help="Times t of histogram and specialisation: 0,1,910.")
    ] = None
    average: Annotated[bool, typer.Option("--average", help="Pool files of different starts into one mean.")] = False
    style: Annotated[str, typer.Option("--style", metavar="NAME", help="screen, or paper (one column).")] = "screen"
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="A title above the settings.")] = None
    xlim: Annotated[str | None, typer.Option(metavar="LOW,HIGH", help="Limits of the x axis.")] = None
    ylim: Annotated[str | None, typer.Option(metavar="LOW,HIGH", help="Limits of the y axis.")] = None
    quiet: Quiet = False
    verbose: Verbose = False
    json: Json = False

    def options(self) -> DrawOptions:
        """The options as values. Raises UsageError."""
        return {
            "x": self.x,
            "students": indices("students", self.students),
            "teachers": indices("teachers", self.teachers),
            "runs": indices("runs", self.runs),
            "times": numbers("times", self.times),
            "average": self.average,
            "style": self.style,
            "title": self.title,
            "xlim": limits("xlim", self.xlim),
            "ylim": limits("ylim", self.ylim),
        }


def load_result(path: Path) -> Trajectory:
    """A file of results; a missing one is answered before anything heavy is imported."""
    if not path.exists():
        raise UsageError(f"{path}: no such file")
    if path.suffix in (".yaml", ".yml"):
        raise UsageError(f"{path}: is a spec, not a result; `sgdode run {path}` computes and draws it")
    from sgdode.reporting import Reporter
    from sgdode.results.contents import UNSEALED
    from sgdode.results.trajectory import Trajectory

    run = Trajectory.load(path)
    if run.unsealed:
        Reporter().warn(f"{path}: {UNSEALED}")
    return run


def draw_files(files: Sequence[Path], figure: str, target: Path | None, **options: Unpack[DrawOptions]) -> Path:
    """Draw files into ``target``, by default NAME-FIGURE.png beside the first; gives the path of the picture."""
    trajectories = [load_result(path) for path in files]
    target = (
        target or files[0].parent / f"{file_name(trajectories[0].attributes.get('name', ''), 'result')}-{figure}.png"
    )
    if target.suffix.lower() == ".gif":
        from sgdode.plots.gif import animate

        return animate(trajectories, figure, target, **options)
    from sgdode.plots.draw import draw, save_figure

    return save_figure(draw(trajectories, figure, **options), target)
