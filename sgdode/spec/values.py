"""The kinds of value that a spec holds, each with the message a wrong one gets.

Every validator takes what YAML gave and returns the value that the rest of the program sees.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from sgdode.errors import nearest

LARGEST_WHOLE = 2**53
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
#: What people write between the digits of a large number, and how a number looks that is written so.
_SEPARATORS = {"_": "_", ",": "commas", " ": "spaces", "'": "'"}
_GROUPS = {"_": re.compile(".*")} | {
    sign: re.compile(rf"[-+]?[0-9]{{1,3}}({sign}[0-9]{{3}})+(\.[0-9]*)?") for sign in ", '"
}


def wrong(reason: str) -> PydanticCustomError:
    """The error of a validator; ``reason`` is shown as it stands."""
    return PydanticCustomError("sgdode", "{reason}", {"reason": reason})


def shown(value: Any) -> str:
    """A value as it is repeated in an error, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def plain(value: Any) -> Any:
    """NumPy's numbers and arrays, also inside mappings and lists, as Python's; anything else as it is."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    to_list = getattr(value, "tolist", None)
    return to_list() if callable(to_list) else value


def number(value: Any) -> float:
    """A finite real number; a bool or a quoted number is not one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(f"got {shown(value)}; must be a number{_unquoted(value)}")
    if not math.isfinite(value) or abs(value) > 1e300:
        raise wrong(f"got {shown(value)}; must be a finite number")
    return float(value)


def whole(value: Any) -> int:
    """A whole number; ``1e6`` is one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(f"got {shown(value)}; must be a whole number{_unquoted(value)}")
    if not math.isfinite(value) or value != int(value):
        raise wrong(f"got {shown(value)}; must be a whole number")
    if abs(value) > LARGEST_WHOLE:
        raise wrong(f"got {shown(value)}; whole numbers go up to 2^53 = {LARGEST_WHOLE}")
    return int(value)


def extent(value: Any) -> int | float:
    """A size: a whole number from 1, or infinity."""
    if value == "inf" or value == math.inf:
        return math.inf
    if isinstance(value, str):
        raise wrong(f"got {shown(value)}; must be a whole number from 1, or inf{_unquoted(value)}")
    size = whole(value)
    if size < 1:
        raise wrong(f"got {shown(value)}; must be a whole number from 1, or inf")
    return size


def output_weights(value: Any) -> Any:
    """A number, a list of numbers, or the name of a scale."""
    if isinstance(value, str):
        if value in ("width", "sqrt-width"):
            return value
        hint = nearest(value, ["width", "sqrt-width"])
        raise wrong(f"got {shown(value)}; allowed: a number, a list of numbers, width, sqrt-width{hint}")
    return tuple(number(item) for item in value) if isinstance(value, (list, tuple)) else number(value)


def matrix(value: Any) -> tuple[tuple[float, ...], ...]:
    """A list of rows of equal length."""
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(row, (list, tuple)) for row in value):
        raise wrong(f"got {shown(value)}; must be a matrix, a list of rows such as [[1, 0], [0, 1]]")
    if len({len(row) for row in value}) != 1 or not value[0]:
        raise wrong(f"got rows of lengths {shown([len(row) for row in value])}; all rows must be as long")
    return tuple(tuple(number(item) for item in row) for row in value)


def matrices(value: Any) -> tuple[Any, ...]:
    """A matrix, or a list of matrices of equal shape, one for each block of the inputs."""
    deep = isinstance(value, (list, tuple)) and value and isinstance(value[0], (list, tuple))
    if not (deep and value[0] and isinstance(value[0][0], (list, tuple))):
        return matrix(value)
    found = tuple(matrix(item) for item in value)
    if len({(len(one), len(one[0])) for one in found}) != 1:
        raise wrong("got matrices of different shapes; one of the same shape is needed for each block of the inputs")
    return found


#: What looks like quotes, or like nothing; numbers as they are written elsewhere.
_QUOTES = " \t\xa0“”„‘’«»`'\""
_POWER = re.compile(r"10(?:\^|\*\*)([-+]?\d{1,3})")
_FRACTION = re.compile(r"([-+]?\d+(?:\.\d+)?) ?/ ?(\d+(?:\.\d+)?)")


def _unquoted(value: Any) -> str:
    """Advice on a text that is meant as a number."""
    if not isinstance(value, str):
        return ""
    if _NUMBER.fullmatch(value.strip(_QUOTES)):
        return " (remove the no-break space)" if "\xa0" in value else " (remove the quotes)"
    if power := _POWER.fullmatch(value.strip()):
        return f" (write 1e{power[1]})"
    if (fraction := _FRACTION.fullmatch(value.strip())) and float(fraction[2]):
        return f" (write {float(fraction[1]) / float(fraction[2]):.12g})"
    for sign, name in _SEPARATORS.items():
        joined = value.strip().replace(sign, "")
        if _GROUPS[sign].fullmatch(value.strip()) and _NUMBER.fullmatch(joined):
            return f" (write {joined}, without {name})"
    pointed = value.strip().replace(",", ".", 1)
    return f" (write {pointed}, with a point)" if "," in value and _NUMBER.fullmatch(pointed) else ""


Number = Annotated[float, BeforeValidator(number)]
Whole = Annotated[int, BeforeValidator(whole)]
Extent = Annotated[
    int | float,
    BeforeValidator(extent),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"enum": ["inf"]}]}),
]
OutputWeights = Annotated[
    Any,
    BeforeValidator(output_weights),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number"},
                {"type": "array", "items": {"type": "number"}},
                {"enum": ["width", "sqrt-width"]},
            ]
        }
    ),
]
#: A matrix in JSON Schema.
MATRIX = {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}
Matrix = Annotated[tuple[tuple[float, ...], ...], BeforeValidator(matrix), WithJsonSchema(MATRIX)]
#: A matrix, or one for each block of the inputs.
Matrices = Annotated[
    tuple[Any, ...],
    BeforeValidator(matrices),
    WithJsonSchema({"anyOf": [MATRIX, {"type": "array", "items": MATRIX}]}),
]
