"""Small runs of SGD on inputs with blocks, one of them a single dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from sgdode import load_spec, simulate
from sgdode.model.overlaps import Array
from support.specs import merged

BASE: dict[str, Any] = {
    "dimension": 12,
    "teacher": {"width": 2, "noise": 0.1, "placement": {"variance": [0.3, 0.5, 0.2]}},
    "student": {"width": 3, "output_weights": [1.0, -0.6, 1.5]},
    "learning_rate": 8.0,
    "inputs": {"spectrum": {"blocks": [[1 / 12, 5.0], [3 / 12, 1.0], [8 / 12, 0.5]]}},
    "time": {"stop": 8.0, "points": 1},
    "initial": {"kind": "in-teacher-span", "seed": 3},
    "simulate": {"seeds": 600},
    "save": ["risk", "Q_block", "M_block"],
}


def ends(changes: dict[str, Any], method: str) -> Array:
    """Overlaps by block and the risk at the end, (S, numbers)."""
    seed = {"seed": 0 if method == "exact" else 1}
    run = simulate(load_spec(merged(merged(BASE, changes), {**seed, "simulate": {"method": method}})))
    assert run.status == "complete"
    last = [run.curves[name][:, -1].reshape(len(run.risk), -1) for name in ("Q_block", "M_block", "risk")]
    return np.concatenate(last, axis=1)
