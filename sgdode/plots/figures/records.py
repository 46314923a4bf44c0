"""The figures by name: a new one is a file beside this one, and a record here.

The command line, its help and completion, animations and error messages read this table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

    from sgdode.plots.view import View
    from sgdode.results.trajectory import Trajectory

    Draw = Callable[[Figure, Sequence[Trajectory], View], None]


@dataclass(frozen=True)
class FigureRecord:
    """One kind of picture. ``draw`` fills an empty matplotlib Figure from the runs; ``about`` tells a reader of it.

    ``log_y``: its vertical axis is logarithmic unless something else is asked for, so limits must lie above 0.
    ``animated``: it can show one moment (``View.moment``), the frame of a .gif. ``of_time``: its horizontal axis is the
    time; ``of_keys``: it is a key of the spec. ``scales``: its axes can have another scale. ``single``: it has one pair
    of axes, which may be somebody else's.
    """

    draw: Draw
    about: str
    log_y: bool = False
    animated: bool = False
    of_time: bool = True
    of_keys: bool = False
    scales: bool = True
    single: bool = False


def in_file(name: str, function: str) -> Draw:
    """The function of a file of this folder, imported when it first draws: help does without matplotlib."""

    def draw(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
        chosen: Draw = getattr(import_module(f"sgdode.plots.figures.{name}"), function)
        chosen(figure, trajectories, view)

    return draw


FIGURES: dict[str, FigureRecord] = {
    "risk": FigureRecord(in_file("risk", "draw_risk"), "excess risk against time", log_y=True, single=True),
    "overlaps": FigureRecord(in_file("overlaps", "draw_overlaps"), "overlaps with the teachers, and norms"),
    "trajectories": FigureRecord(
        in_file("trajectories", "draw_trajectories"), "neurons in the plane of two teachers", log_y=True, animated=True
    ),
    "histogram": FigureRecord(
        in_file("histogram", "draw_histogram"), "cosines with the teachers", animated=True, of_time=False, scales=False
    ),
    "specialisation": FigureRecord(
        in_file("specialisation", "draw_specialisation"), "which neuron learns what", of_time=False, scales=False
    ),
    "share": FigureRecord(in_file("share", "draw_share"), "share of the norm in the teachers' span", single=True),
    "average": FigureRecord(
        in_file("average", "draw_average"), "the risk of averaged weights, and of the iterate", log_y=True
    ),
    "tasks": FigureRecord(
        in_file("tasks", "draw_tasks"), "risk on every task of a teacher that changes", log_y=True, scales=False
    ),
    "blocks": FigureRecord(
        in_file("blocks", "draw_blocks"), "what is learnt in every block of the inputs", scales=False
    ),
    "spectrum": FigureRecord(
        in_file("blocks", "draw_spectrum"),
        "eigenvalues of the inputs, and where teachers lie",
        of_time=False,
        scales=False,
    ),
    "exponent": FigureRecord(
        in_file("exponent", "draw_exponent"), "local slope of the risk, and that of scaling laws", scales=False
    ),
    "compare": FigureRecord(in_file("compare", "draw_comparison"), "simulation against equations", log_y=True),
    "regimes": FigureRecord(
        in_file("regimes", "draw_regimes"),
        "runs between the limits",
        log_y=True,
        of_time=False,
        scales=False,
        single=True,
    ),
    "cost": FigureRecord(
        in_file("cost", "draw_cost"),
        "seconds a step against the dimension",
        log_y=True,
        of_time=False,
        scales=False,
        single=True,
    ),
    "sweep": FigureRecord(
        in_file("sweep", "draw_sweep"),
        "the risk of a sweep against a key",
        log_y=True,
        of_time=False,
        of_keys=True,
        single=True,
    ),
}


def animated() -> list[str]:
    """The figures that a .gif can show."""
    return [name for name, record in FIGURES.items() if record.animated]


def listed(names: Iterable[str], last: str) -> str:
    """``a, b or c``, with the word ``last`` before the last one."""
    *others, final = names
    return f"{', '.join(others)} {last} {final}" if others else final
