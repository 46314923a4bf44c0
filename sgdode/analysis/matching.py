"""Whether a simulation and an integration are of one problem, and in what they differ where they are not."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from sgdode.errors import UsageError
from sgdode.results.contents import by_dotted_key as settings
from sgdode.results.trajectory import Trajectory

_OWN = ("name", "seed", "save", "simulate.", "integrate.")


def common_times(simulation: Trajectory, integration: Trajectory) -> int:
    """The number of saved times that both have. Raises UsageError for runs that cannot be compared."""
    for run, kind in ((simulation, "simulation"), (integration, "integration")):
        if run.kind != kind:
            got = f"{simulation.kind}, {integration.kind}"
            raise UsageError(f"compare needs a simulation, then an integration, in this order; got {got}")
    hashes = {run.attributes.get("problem_hash") for run in (simulation, integration)}
    if len(hashes - {None}) > 1:  # arrays of somebody's own have none
        raise UsageError("the files are of different problems: " + "; ".join(_differences(simulation, integration)))
    times = min(len(simulation.time), len(integration.time))
    if times < 2:
        raise UsageError("nothing to compare: a file has no saved time after t = 0")
    if not np.array_equal(simulation.time[:times], integration.time[:times]):
        raise UsageError("the files are of different problems: they are saved at different times")
    if simulation.P.shape != integration.P.shape or not np.array_equal(simulation.P, integration.P):
        raise UsageError("the files are of different problems: their teachers differ")
    return times


def _differences(simulation: Trajectory, integration: Trajectory) -> list[str]:
    one, other = (settings(json.loads(run.provenance.get("resolved") or "{}")) for run in (simulation, integration))
    keys = [key for key in {**one, **other} if one.get(key) != other.get(key) and not key.startswith(_OWN)]
    return [f"{key} is {_short(one.get(key))} and {_short(other.get(key))}" for key in keys] or [
        "a file that they refer to has changed between them"
    ]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 40 else text[:37] + "..."
