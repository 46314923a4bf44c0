"""The root attributes of a file: what each may be, checked like a spec."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from sgdode.results.quantities import FORMAT_VERSION


class Allowed(NamedTuple):
    """What an attribute may be: ``fits`` tells it, ``wanted`` says it."""

    fits: Callable[[object], bool]
    wanted: str


def _number(wanted: str, fits: Callable[[float], bool]) -> Allowed:
    return Allowed(lambda value: is_number(value) and fits(value), wanted)  # type: ignore[arg-type]


def _one_of(*words: str) -> Allowed:
    return Allowed(lambda value: isinstance(value, str) and value in words, " or ".join(words))


def _text(wanted: str, pattern: str) -> Allowed:
    return Allowed(lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) is not None, wanted)


def is_number(value: object) -> bool:
    """Whether it is a number as Python has it, no truth value, and not NaN."""
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


_WHOLE = _number("a whole number from 1 on", lambda x: math.isfinite(x) and x == int(x) >= 1)
_SIZE = _number("a whole number from 1 on, or inf", lambda x: x == math.inf or (math.isfinite(x) and x == int(x) >= 1))
_COUNT = _number("a whole number from 0 on", lambda x: math.isfinite(x) and x == int(x) >= 0)
_FINITE = _number("a finite number from 0 on", lambda x: 0 <= x < math.inf)
_ERROR = _number("a number from 0 on", lambda x: x >= 0)
_HASH = _text("hexadecimal digits", "[0-9a-f]{8,64}")
_NAME = _text("a text of up to 1000 characters", ".{0,1000}")

#: Those that the program asks for. What is not listed is shown to nobody.
ALLOWED = {
    "kind": _one_of("simulation", "integration"),
    "status": _one_of("complete", "diverged", "partial"),
    "name": _NAME,
    "equations": _NAME,
    "method": _NAME,
    "solver": _NAME,
    "student_activation": _NAME,
    "teacher_activation": _NAME,
    "precision": _one_of("float64", "float32"),
    "spec_hash": _HASH,
    "problem_hash": _HASH,
    "path_hash": _HASH,
    "end": _FINITE,
    "extended_at": _NAME,
    "warnings": Allowed(lambda value: isinstance(value, str), "a text"),
    "dimension": _SIZE,
    "student_width": _SIZE,
    "teacher_width": _WHOLE,
    "batch_size": _WHOLE,
    "seeds": _WHOLE,
    "solver_steps": _COUNT,
    "right_hand_sides": _COUNT,
    "gamma": _ERROR,
    "step_size": _ERROR,
    "noise": _FINITE,
    "diverged_at": _FINITE,
    "rtol": _FINITE,
    "atol": _FINITE,
    "risk_error": _ERROR,
    "right_hand_side_error": _ERROR,
}
_NEEDED = ("kind", "status")


def refuse_wrong_attributes(attributes: Mapping[str, object]) -> None:
    """Raises ValueError where one is missing, or is not what it may be."""
    for name in _NEEDED:
        if name not in attributes:
            raise ValueError(f"it has no attribute {name}")
    for name, rule in ALLOWED.items():
        if name in attributes and not rule.fits(attributes[name]):
            raise ValueError(f"the attribute {name} must be {rule.wanted}; got {_short(attributes[name])}")


def format_fault(attributes: Mapping[str, object]) -> str | None:
    """Why the file is not of this program, or of another version; None where it is of this one."""
    if not _is(attributes.get("format"), "sgdode"):
        return "an HDF5 file, but not one of sgdode"
    version = attributes.get("format_version")
    if _is(version, FORMAT_VERSION):
        return None
    newer = isinstance(version, int) and version > FORMAT_VERSION
    advice = "a newer sgdode wrote it; update this one" if newer else "it must be computed again"
    return f"format version {_short(version)}; this sgdode reads version {FORMAT_VERSION}: {advice}"


def _is(value: object, wanted: str | int) -> bool:
    return isinstance(value, type(wanted)) and value == wanted


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
