"""What a picture says about its runs: the settings in which they differ, and those they share."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from sgdode.foreign import visible
from sgdode.results.trajectory import Trajectory

#: Attributes of a file → the symbols of the paper, in the order in which they are written.
SYMBOLS = {
    "student_activation": r"\sigma",
    "teacher_activation": r"\sigma^*",
    "dimension": "d",
    "student_width": "p",
    "teacher_width": "k",
    "gamma": r"\gamma",
    "noise": r"\Delta",
    "batch_size": "B",
    "inputs.spectrum.power": r"\alpha",
    "teacher.placement.power": r"\delta",
}

#: Settings that the attributes above hold already, in their resolved form.
_MIRRORED = {
    "dimension",
    "teacher.width",
    "teacher.noise",
    "teacher.activation.name",
    "student.width",
    "student.activation.name",
    "learning_rate.gamma",
    "learning_rate.d_exponent",
    "learning_rate.p_exponent",
    "batch_size",
}
_NOT_THE_PROBLEM = ("name", "seed", "save", "time.", "simulate.", "integrate.")


def parameters(trajectory: Trajectory) -> dict[str, object]:
    """The problem of a run by attribute or dotted key: networks, learning and start, without times and engines."""
    found = {key: trajectory.attributes[key] for key in SYMBOLS if key in trajectory.attributes}
    for key, value in trajectory.settings.items():
        if key not in _MIRRORED and not key.startswith(_NOT_THE_PROBLEM):
            found[key] = value
    return found


def same_problem(one: Trajectory, other: Trajectory, *, any_start: bool = False) -> bool:
    """Whether two runs are of one problem; ``any_start`` lets the seed of the start differ."""
    hashes = [trajectory.attributes.get("problem_hash") for trajectory in (one, other)]
    if hashes[0] is not None and hashes[0] == hashes[1]:
        return True
    comparable = bool(one.resolved) == bool(other.resolved) and (bool(one.resolved) or None in hashes)
    if not (comparable or any_start):
        return False
    ignored = "initial.seed" if any_start else ""
    both = [{key: value for key, value in parameters(run).items() if key != ignored} for run in (one, other)]
    return both[0] == both[1]


def engine(trajectory: Trajectory) -> str:
    """What made the curves: SGD, or the equations by name."""
    if trajectory.kind == "simulation":
        return "SGD" if trajectory.attributes.get("method") != "explicit" else "explicit SGD"
    return f"ODE ({trajectory.attributes.get('equations', 'equations')})"


def engine_settings(trajectory: Trajectory) -> dict[str, object]:
    """The settings of the engine alone, by dotted key."""
    simulated = trajectory.kind == "simulation"
    kept = ("simulate.", "seed") if simulated else ("integrate.",)
    told = ("simulate.method", "simulate.seeds", "integrate.equations")
    return {key: value for key, value in trajectory.settings.items() if key.startswith(kept) and key not in told}


def differing(records: Sequence[dict[str, object]]) -> list[str]:
    """The keys whose values are not the same in all ``records``, in order of appearance."""
    keys = list(dict.fromkeys(key for record in records for key in record))
    return [key for key in keys if any(record.get(key) != records[0].get(key) for record in records)]


def distinctions(trajectories: Sequence[Trajectory]) -> list[str]:
    """One label a run: the parameters in which it differs from the others; where there are none, its name."""
    records = [parameters(trajectory) for trajectory in trajectories]
    keys = differing(records)
    labels = [", ".join(phrase(key, record[key]) for key in keys if key in record) for record in records]
    if len(set(labels)) == len(labels):
        return labels
    names = [literal(str(trajectory.attributes.get("name", ""))) for trajectory in trajectories]
    labels = [", ".join(filter(None, both)) for both in zip(names, labels, strict=True)]
    if len(set(labels)) == len(labels):
        return labels
    return [", ".join(filter(None, (label, f"no. {place}"))) for place, label in enumerate(labels)]


def common(trajectories: Sequence[Trajectory]) -> list[str]:
    """The parameters with a symbol that all runs share, as phrases; the ordinary B = 1 is not worth one."""
    first = trajectories[0].attributes
    shared = [
        key for key in SYMBOLS if key in first and all(run.attributes.get(key) == first[key] for run in trajectories)
    ]
    if "teacher_activation" in shared and first.get("student_activation") == first["teacher_activation"]:
        shared.remove("teacher_activation")
    return [phrase(key, first[key]) for key in shared if not (key == "batch_size" and first[key] == 1)]


def phrase(key: str, value: Any) -> str:
    """``key = value`` as mathematics where the key has a symbol, else as text."""
    if key not in SYMBOLS:
        return f"{literal(key)} = {_written(value)}"
    if isinstance(value, str):
        return f"${SYMBOLS[key]}$ = {literal(value)}"
    return f"${SYMBOLS[key]} = {as_mathematics(value)}$"


def as_mathematics(value: float) -> str:
    """A number as mathematics: 1e-3 is 10^{-3}, 5e-7 is 5·10^{-7}, infinity is ∞."""
    if math.isinf(value):
        return r"\infty"
    if value == 0 or 1e-2 <= abs(value) < 1e5:
        return f"{value:.6g}"
    mantissa, exponent = f"{value:.5e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa}\cdot {power}"


def literal(text: str) -> str:
    """Text of a user, in which $ is no mathematics."""
    return visible(text).replace("$", r"\$")


def _written(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"${as_mathematics(value)}$"
    text = json.dumps(value) if not isinstance(value, str) else value
    return literal(text if len(text) <= 24 else text[:21] + "...")
