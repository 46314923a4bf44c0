"""Tables of the commands that judge, as text for stdout."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from sgdode.analysis.compare import Comparison
    from sgdode.analysis.first_passage import Passage
    from sgdode.analysis.theorems import Slope


def printed(table: Table) -> str:
    """The table as it is printed: no colours, as wide as it needs to be."""
    out = io.StringIO()
    Console(file=out, width=200, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def comparison_table(found: Comparison) -> Table:
    """One row a saved time: the excess risk of simulation and equations."""
    table = _table(["t", "mean risk", "std. error", "theory", "predicted shift", "z", "observed std", "predicted std"])
    for at, time in enumerate(found.time):
        predicted = "" if found.predicted_std is None else f"{found.predicted_std[at]:.3e}"
        values = found.mean[at], found.standard_error[at], found.theory[at]
        shift = "" if found.shift is None else f"{found.shift[at]:+.1e}"
        texts = [f"{values[0]:.5e}", f"{values[1]:.1e}", f"{values[2]:.5e}", shift, f"{found.z[at]:+.2f}"]
        observed = f"{found.observed_std[at]:.3e}" if found.seeds > 1 else ""
        table.add_row(f"{time:.5g}", *texts, observed, predicted)
    return table


def passage_lines(passages: Sequence[tuple[Passage, Passage]]) -> list[str]:
    """One line a threshold."""
    return [
        f"risk below {mine.level:g}: simulation {_passage(mine)} ({mine.reached} of {mine.runs} runs), "
        f"equations {_passage(its)}"
        for mine, its in passages
    ]


def slope_table(slopes: Sequence[Slope]) -> Table:
    """One row a theorem."""
    table = _table(["theorem", "deviation", "against", "measured slope", "expected", "verdict"])
    for slope in slopes:
        expected = f"≤ {slope.expected:+.2g}" if slope.faster else f"{slope.expected:+.2g}"
        verdict = "holds" if slope.holds else "FAILS"
        measured = f"{slope.slope:+.3f} ± {slope.error:.3f}"
        table.add_row(slope.theorem, slope.deviation, slope.against, measured, expected, verdict)
    return table


def _table(heads: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        table.add_column(head, justify="left" if heads[0] == "theorem" else "right", no_wrap=True)
    return table


def _passage(one: Passage) -> str:
    if one.mean is None:
        return "never"
    return f"at t = {one.mean:.5g}" + ("" if one.std is None else f" ± {one.std:.2g}")
