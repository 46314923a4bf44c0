"""Tables of stationary points, as text for stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sgdode.cli.tables import folded, new_table, printed

if TYPE_CHECKING:
    from sgdode.equations.fixed_points.continuation import Branch
    from sgdode.runs.fixed_points import FixedPoints


def points_text(found: FixedPoints) -> str:
    """One row a point, what they mean, and one line a branch."""
    table = new_table(["point", "risk", "unstable", "neutral", "r", "1/r in t", "in samples/d"])
    for point in found.points:
        rate = point.escape_rate
        times = ("–", "–")
        if point.unstable:
            scale = found.samples_per_time
            times = f"{1 / rate:.4g}", "–" if scale is None else f"{scale / rate:.4g}"
        numbers = f"{point.risk:.6g}", str(point.unstable), str(point.neutral), f"{rate:+.6g}"
        table.add_row(point.name, *numbers, *times)
    return printed(table).rstrip("\n") + "\n" + "\n".join(folded(_notes(found)))


def _notes(found: FixedPoints) -> list[str]:
    count = len(found.points)
    notes = [
        f"{found.equations}: found {count} point{'s' if count > 1 else ''}: a search, no proof that there are no more"
    ]
    for point in found.traps:
        notes.append(f"trap: the {point.name} point of risk {point.risk:.6g} is stable: learning may end there")
    if found.largest_stable_gamma is not None:
        own = found.spec.learning_rate.gamma
        state = "stable" if own < found.largest_stable_gamma else "unstable"
        notes.append(
            f"largest stable gamma of perfect learning: {found.largest_stable_gamma:.6g} (this spec: {own:g}, {state})"
        )
    if found.along is not None:
        for branch in found.along.branches:
            notes.append(f"along {found.along.key}: {_branch(branch)}")
    return notes


def _branch(branch: Branch) -> str:
    first, last = branch.points[0], branch.points[-1]
    text = f"{first.name} from {branch.values[0]:.4g} (risk {first.risk:.4g}, r {first.escape_rate:+.4g})"
    text += f" to {branch.values[-1]:.4g} (risk {last.risk:.4g}, r {last.escape_rate:+.4g})"
    for at in branch.changes:
        text += f"; stability changes at {at:.6g}"
    for side, lost, end in zip(("below", "above"), branch.lost, (first, last), strict=True):
        if lost is not None:
            text += f"; not found {side} {lost:.5g} (max|y| {abs(end.y).max():.3g} at the last value)"
    return text
