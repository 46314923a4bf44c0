"""Exit times as text for stdout."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sgdode.analysis.kaplan_meier import Bracketed
from sgdode.cli.tables import folded, new_table, printed

if TYPE_CHECKING:
    from sgdode.runs.exit import ExitTimes

_ROWS = (("median", 0.5), ("10 %", 0.1), ("90 %", 0.9))


def exit_text(found: ExitTimes) -> str:
    """The predicted and the simulated distribution side by side, and what they are of."""
    runs, law, scale = found.simulated, found.law, found.samples_per_time
    table = new_table(["point", "predicted t", "in samples/d", *(["simulated t", "95 % interval"] if runs else [])])
    table.columns[0].header = ""
    rows: list[tuple[str, float | None, Bracketed | None, str]] = []
    for name, share in _ROWS:
        own = None if runs is None else runs.quantile(share)
        rows.append((name, law.quantile(share), own, "" if runs is None else f"> {runs.stop:.5g}"))
    rows.append(("mean", law.mean, None if runs is None else runs.mean, "–"))
    rows.append(("deviation", law.std, None if runs is None else runs.std, "–"))
    for name, predicted, own, beyond in rows:
        known = predicted is not None and math.isfinite(predicted)
        cells = [f"{predicted:.5g}", f"{predicted * scale:.5g}"] if known and predicted is not None else ["–", "–"]
        table.add_row(name, *cells, *(_simulated(own, beyond) if runs else ()))
    return printed(table).rstrip("\n") + "\n" + "\n".join(folded(_notes(found)))


def _simulated(own: Bracketed | None, beyond: str) -> tuple[str, str]:
    if own is None or math.isinf(own.value):
        return beyond, ""
    if math.isnan(own.low):
        return f"{own.value:.5g}", "(few pass)"
    return f"{own.value:.5g}", f"{own.low:.5g} to {'∞' if math.isinf(own.high) else f'{own.high:.5g}'}"


def _notes(found: ExitTimes) -> list[str]:
    from sgdode.runs.exit import cut_off

    left, point, asked = found.plateau.left, found.plateau.point, found.observable
    what = "the risk falls below" if asked.name == "risk" else "the specialisation rises above"
    count = left.right.shape[1]
    notes = [
        f"t at which {what} {asked.level:.6g}, from the {point.name} point of risk {point.risk:.6g}: "
        f"{count} unstable direction{'s' if count > 1 else ''}, r = {left.rate:.5g} per unit of t",
        "the start is on that point"
        if found.plateau.on
        else f"the start is off that point: the equations are nearest at t = {found.plateau.time:.4g}, at a distance "
        f"of {found.plateau.distance:.3g}",
        f"predicted by {_law(found)}; t grows by {found.growth_per_decade:.4g} a decade of d, log 10/(2r)",
    ]
    if found.law.never:
        notes.append(f"{100 * found.law.never:.3g} % of runs are predicted never to pass: no mean")
    runs = found.simulated
    if runs is not None and runs.censored:
        notes.append(
            f"{runs.censored} of {runs.runs} runs have not passed by t = {runs.stop:.5g}: quantiles by Kaplan–Meier, "
            f"no mean of those that did; the mean of min(t, {runs.stop:.5g}), restricted, is {runs.restricted_mean:.5g}"
        )
    elif runs is not None:
        notes.append(f"{runs.runs} runs, all passed")
    if found.agreement is not None:
        notes.append(f"the runs against the law: Kolmogorov–Smirnov p = {found.agreement:.2g}")
    if (cut := cut_off(found)) is not None:
        notes.append(cut)
    return notes


def _law(found: ExitTimes) -> str:
    if found.law.kind == "closed form":
        return "linear noise along the unstable directions, in closed form"
    return f"linear noise and {len(found.law.times)} orbits of the equations from sampled states"
