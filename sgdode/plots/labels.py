"""What a picture says about its runs: the settings in which they differ, and those they share."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from sgdode.errors import OptionError, nearest
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
    "student.output_weights": "a",
    "teacher.output_weights": "a^*",
    "inputs.spectrum.power": r"\alpha",
    "teacher.placement.power": r"\delta",
}
#: What the words of output weights stand for, by the width of the network.
_WORDS = {"width": "{}", "sqrt-width": r"\sqrt{{{}}}"}
_ORDINARY = ("batch_size", "student.output_weights", "teacher.output_weights")
_PLAIN_SYMBOLS = {"dimension": "d", "student_width": "p", "teacher_width": "k", "noise": "Delta"}
_WIDTHS = {"student.output_weights": "p", "teacher.output_weights": "k"}
#: Keys that a label names one by one, and characters of it, at most.
_MOST_KEYS, _LONGEST_LABEL = 2, 44
_FILE_NAME = re.compile(r"-(simulate|integrate)-[0-9a-f]{12}$")
_FIELD = re.compile(r"\{([\w.*]+)(?::([^{}]*))?\}")

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
    for side in ("student", "teacher"):  # a series is its name
        series = found.pop(f"{side}.activation.hermite", None)
        if series is not None:
            found[f"{side}_activation"] = f"Hermite {_written(series)}"
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
        return {"explicit": "explicit SGD", "leap": "SGD in leaps"}.get(str(trajectory.attributes.get("method")), "SGD")
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
    """One label a run: the parameters in which it differs from the others; where they are many, or long, or there are
    none, its name or that of its file."""
    records = [_merged(parameters(trajectory)) for trajectory in trajectories]
    keys = differing(records)
    for digits in (4, 6):
        labels = [", ".join(phrase(key, record[key], digits) for key in keys if key in record) for record in records]
        long = len(keys) > _MOST_KEYS and max(map(len, labels)) > _LONGEST_LABEL
        if _unique(labels) and not long:
            return labels
    names = [literal(str(trajectory.attributes.get("name", ""))) for trajectory in trajectories]
    if long:
        stems = [literal(_stem(trajectory)) for trajectory in trajectories]
        short = next((words for words in (names, stems) if _unique(words) and all(words)), None)
        return short or [f"no. {place + 1}" for place in range(len(labels))]
    labels = [", ".join(filter(None, both)) for both in zip(names, labels, strict=True)]
    if _unique(labels):
        return labels
    return [", ".join(filter(None, (label, f"no. {place}"))) for place, label in enumerate(labels)]


def _unique(labels: Sequence[str]) -> bool:
    return len(set(labels)) == len(labels)


def _stem(run: Trajectory) -> str:
    """The name of the file, without what says the engine."""
    return "" if run.path is None else _FILE_NAME.sub("", run.path.stem)


def _merged(record: dict[str, object]) -> dict[str, object]:
    """The record with σ and σ* as one where they are the same."""
    both = record.get("student_activation"), record.get("teacher_activation")
    if both[0] is None or both[0] != both[1]:
        return record
    rest = {key: value for key, value in record.items() if key not in ("student_activation", "teacher_activation")}
    return {"activation": both[0]} | rest


def own_labels(runs: Sequence[Trajectory], labels: Sequence[str] | None) -> dict[int, str]:
    """The user's label of each run, by its id: one template for all of them, or one label a run, in their order.

    ``{student.width}`` in it is that setting, ``{gamma:.2g}`` an attribute of the file, in a format of Python; {name},
    {kind} and {file} too. Raises UsageError for other numbers of labels, and for keys that a file has not.
    """
    if labels is None:
        return {}
    if len(labels) not in (1, len(runs)):
        raise OptionError("label", f"got {len(labels)} labels for {len(runs)} files; one for all, or one for each")
    every = list(labels) * len(runs) if len(labels) == 1 else labels
    return {id(run): _filled(template, run) for run, template in zip(runs, every, strict=True)}


def _filled(template: str, run: Trajectory) -> str:
    known: dict[str, object] = {"kind": run.kind, "file": _stem(run), "name": run.attributes.get("name", "")}
    known |= {key: value for key, value in run.attributes.items() if key in SYMBOLS}
    known |= run.settings | {symbol: run.attributes.get(key) for key, symbol in _PLAIN_SYMBOLS.items()}

    def value(field: re.Match[str]) -> str:
        key, form = field[1], field[2] or ""
        if key not in known:
            raise OptionError("label", f"got {field[0]!r}; no such setting{nearest(key, list(known))}")
        found = known[key]
        try:
            return literal(format(found, form or (".6g" if isinstance(found, float) else "")))
        except (ValueError, TypeError):
            raise OptionError("label", f"got {field[0]!r}; {found!r} has no such format") from None

    text = _FIELD.sub(value, visible(template))
    refuse_bad_mathematics("label", text)
    return text


def refuse_bad_mathematics(option: str, text: str) -> None:
    """Raises UsageError for $mathematics$ that cannot be drawn."""
    from matplotlib.cbook import is_math_text
    from matplotlib.mathtext import MathTextParser

    if not is_math_text(text):
        return
    try:
        MathTextParser("path").parse(text)
    except ValueError as error:
        reason = str(error).strip().splitlines()[-1]
        raise OptionError(option, f"got {text!r}; not readable as mathematics ({reason})") from None


def common(trajectories: Sequence[Trajectory]) -> list[str]:
    """The parameters with a symbol that all runs share, as phrases; what is ordinary, B = 1 and a = a* = 1, is not
    worth one."""
    records = [_merged(parameters(run)) for run in trajectories]
    first = records[0]
    shared = [
        key for key in ("activation", *SYMBOLS) if key in first and all(run.get(key) == first[key] for run in records)
    ]
    return [phrase(key, first[key]) for key in shared if not (key in _ORDINARY and first[key] == 1)]


def phrase(key: str, value: Any, digits: int = 6) -> str:
    """``key = value`` as mathematics where the key has a symbol, else as text; ``digits`` of what is no whole
    number."""
    symbol = r"\sigma = \sigma^*" if key == "activation" else SYMBOLS.get(key)
    if symbol is None:
        return f"{literal(key)} = {_written(value, digits)}"
    if isinstance(value, str) and value in _WORDS and key in _WIDTHS:
        return f"${symbol} = {_WORDS[value].format(_WIDTHS[key])}$"
    if isinstance(value, (int, float)):
        return f"${symbol} = {as_mathematics(_rounded(value, digits))}$"
    return f"${symbol}$ = {_written(value)}"


def _rounded(value: float, digits: int) -> float:
    return value if value == int(value if math.isfinite(value) else 0) else float(f"{value:.{digits}g}")


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


def _written(value: object, digits: int = 6) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"${as_mathematics(_rounded(value, digits))}$"
    text = json.dumps(value) if not isinstance(value, str) else value
    return literal(text if len(text) <= 24 else text[:21] + "...")
