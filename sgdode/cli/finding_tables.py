"""Files of stationary points and of exit times, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from sgdode.cli.tables import folded, new_table, printed
from sgdode.results.findings import FINDINGS, Finding

_SHARES = (0.1, 0.5, 0.9)


def finding_text(found: Finding) -> str:
    """What a file holds: a row a point, or the quantiles of both distributions."""
    told = found.attributes
    head = f"{told.get('name', '')}: {FINDINGS[found.kind]} ({told.get('equations', '')}), {told.get('status', '')}"
    lines = _points(found) if found.kind == "fixed-points" else _exit(found)
    return head + "\n" + "\n".join(lines)


def finding_json(found: Finding) -> dict[str, Any]:
    """The same for programs: attributes and arrays."""
    arrays = {name: array.tolist() for name, array in found.arrays.items()}
    names = {"points": found.names} if found.names else {}
    told = {key: value.item() if hasattr(value, "item") else value for key, value in found.attributes.items()}
    return {"path": str(found.path), **told, **names, **arrays}


def _points(found: Finding) -> list[str]:
    table = new_table(["row", "point", "risk", "unstable", "neutral", "r"])
    arrays = found.arrays
    for row, name in enumerate(found.names):
        numbers = (str(int(arrays[key][row])) for key in ("unstable", "neutral"))
        table.add_row(str(row), name, f"{arrays['risk'][row]:.6g}", *numbers, f"{arrays['escape_rate'][row]:+.6g}")
    start = f"a spec starts at one by initial: {{kind: overlaps, file: {found.path.name}, point: ROW}}"
    return [*printed(table).splitlines(), *folded([start])]


def _exit(found: Finding) -> list[str]:
    told, arrays = found.attributes, found.arrays
    below = "below" if told["observable"] == "risk" else "above"
    lines = [
        f"t at which the {told['observable']} passes {below} {told['level']:.6g}, from the {told['plateau']} point of "
        f"risk {told['plateau_risk']:.6g}, r = {told['escape_rate']:.5g} per unit of t"
    ]
    lines.append(f"predicted ({told['law']}): {_quantiles(arrays['predicted_time'], float(told['never']))}")
    if "passage_time" in arrays:
        censored = float(np.mean(arrays["passed"] == 0))
        times = arrays["passage_time"][arrays["passed"] == 1]
        lines.append(f"simulated ({told['runs']} runs, {told['censored']} censored): {_quantiles(times, censored)}")
    return folded(lines)


def _quantiles(times: np.ndarray, never: float) -> str:
    """10, 50 and 90 % of all, of which a share ``never`` has no time."""
    every = np.concatenate([times, np.full(round(never / max(1.0 - never, 1e-12) * len(times)), np.inf)])
    values = np.quantile(every, _SHARES, method="inverted_cdf") if len(every) else np.full(3, np.inf)
    return ", ".join(f"{share:.0%} by t = {value:.5g}" for share, value in zip(_SHARES, values, strict=True))
