"""Tables of the commands that judge, as text for stdout."""

from __future__ import annotations

import io
import math
import textwrap
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


def folded(lines: Sequence[str], width: int = 80) -> list[str]:
    """Lines of at most ``width`` characters."""
    return [part for line in lines for part in textwrap.wrap(line, width, subsequent_indent="  ")]


def comparison_table(found: Comparison, full: bool = False) -> Table:
    """One row a saved time, or 12 of them with the largest z: the excess risk of simulation and equations (expected:
    theory and predicted shift)."""
    theory = "theory" if found.shift is None else "expected"
    table = new_table(["t", "mean risk", "s.e.", theory, "raw z", "allowed", "z", "finds"])
    expected = found.theory + (0.0 if found.shift is None else found.shift)
    for at in range(len(found.time)) if full else shown_rows(found):
        values = f"{found.mean[at]:.4e}", f"{found.standard_error[at]:.1e}", f"{expected[at]:.4e}"
        scores = _z(found.raw_z[at]), _number(found.allowed[at], ".1e"), _z(found.z[at])
        table.add_row(f"{found.time[at]:.4g}", *values, *scores, _share(found.detectable[at]))
    return table


def window_table(found: Comparison) -> Table:
    """One row a window of time: the mean relative deviation of the risk over it."""
    table = new_table(["mean over t", "raw z", "allowed", "z", "finds"])
    for window in found.windows:
        scores = _z(window.raw_z), _share(window.allowed), _z(window.z), _share(window.detectable)
        table.add_row(f"{window.start:.4g} to {window.stop:.4g}", *scores)
    return table


def shown_rows(found: Comparison, count: int = 12) -> list[int]:
    """At most ``count`` times, spread over all of them, and among them the one of the largest z (else of raw z)."""
    last = len(found.time) - 1
    rows = {round(step * last / (count - 1)) for step in range(count)}
    weight = [(abs(z), abs(raw)) if z == z else (0.0, 0.0) for z, raw in zip(found.z, found.raw_z, strict=True)]
    largest = max(range(last + 1), key=lambda at: weight[at])
    if largest not in rows:
        rows.remove(min(rows, key=lambda at: (abs(at - largest), at)))
    return sorted(rows | {largest})


def _number(value: float, form: str) -> str:
    """A dash where nothing is judged."""
    return format(value, form) if math.isfinite(value) else "–"


def _z(value: float) -> str:
    return "0" if value == 0 else _number(value, "+.2f" if abs(value) < 100 else "+.0e")


def _share(value: float) -> str:
    return _number(100 * value, ".2g" if value < 1 else ".0f" if value < 100 else ".0e") + (
        "%" if math.isfinite(value) else ""
    )


def passage_lines(passages: Sequence[tuple[Passage, Passage]]) -> list[str]:
    """One line a threshold."""
    return [
        f"risk below {mine.level:g}: simulation {_passage(mine)} ({mine.reached} of {mine.runs} runs), "
        f"equations {_passage(its)}"
        for mine, its in passages
    ]


def slope_table(slopes: Sequence[Slope]) -> Table:
    """One row a theorem."""
    table = new_table(["theorem", "deviation", "against", "measured slope", "expected", "verdict"])
    for slope in slopes:
        expected = f"≤ {slope.expected:+.2g}" if slope.faster else f"{slope.expected:+.2g}"
        verdict = "holds" if slope.holds else "FAILS"
        measured = f"{slope.slope:+.3f} ± {slope.error:.3f}"
        table.add_row(slope.theorem, slope.deviation, slope.against, measured, expected, verdict)
    return table


def new_table(heads: Sequence[str]) -> Table:
    """An empty table; the names of theorems and points stand at the left of their column."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for head in heads:
        table.add_column(head, justify="left" if head in ("theorem", "point") else "right", no_wrap=True)
    return table


def _passage(one: Passage) -> str:
    if one.mean is None and one.median is not None:
        return f"at a median of t = {one.median:.5g} (no mean: some do not)"
    if one.mean is None:
        return "in less than half" if one.reached else "never"
    return f"at t = {one.mean:.5g}" + ("" if one.std is None else f" ± {one.std:.2g}")
