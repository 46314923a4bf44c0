"""The grids of a sweep: ``KEY=V1,V2`` on the command line, or a YAML file of them, as axes of values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sgdode.errors import UsageError, nearest
from sgdode.results.contents import by_dotted_key
from sgdode.spec.schema import Spec
from sgdode.spec.values import shown
from sgdode.spec.words import key_of
from sgdode.spec.yaml_document import as_yaml, parse, parse_value

MOST_POINTS = 100_000
_ASSIGNMENT = re.compile(r"\s*([\w.]+)\s*=(.*)", re.DOTALL)
_RANGE = re.compile(r"([-+]?\d+):([-+]?\d+)")
_STEPS = re.compile(r"([-+\d.eE]+):([-+\d.eE]+):([-+\d.eE]+)")
#: name → the value at a share (0 to 1) of the way from ``low`` to ``high``
_SPACINGS: dict[str, Callable[[float, float, float], float]] = {
    "log": lambda low, high, share: low * (high / low) ** share,
    "lin": lambda low, high, share: low + (high - low) * share,
}
_SYNTAX = "V1,V2,... with ranges 0:8 (8 left out), log:LOW:HIGH:COUNT and lin:LOW:HIGH:COUNT"


@dataclass(frozen=True)
class Axis:
    """A dotted key and its values, each as the YAML text that ``--set`` takes; ``place`` names it in errors. Axes of
    one ``group`` move together."""

    key: str
    texts: tuple[str, ...]
    place: str
    group: str = ""

    def values(self) -> list[object]:
        """The values that the texts stand for. Raises SpecError."""
        return [parse_value(text, self.place) for text in self.texts]


def axes(grids: Sequence[str], zips: Sequence[str] = ()) -> list[Axis]:
    """The axes of ``--grid`` options: each ``KEY=VALUES``, or a YAML file that maps keys to values, or lists points.
    ``zips``: keys of axes that move together, as ``KEY,KEY``.

    Raises UsageError for what is neither, for two grids of one key, and for more than 100,000 points.
    """
    found = _zipped([axis for grid in grids for axis in _axes(grid)], zips)
    if not found:
        raise UsageError(f"nothing to sweep over: give --grid KEY={_SYNTAX}")
    for at, one in enumerate(found):
        for other in found[:at]:
            if f"{one.key}.".startswith(f"{other.key}.") or f"{other.key}.".startswith(f"{one.key}."):
                raise UsageError(f"{one.place}: {other.key} has a grid already ({other.place}); keep one of them")
        if one.key == "name":
            raise UsageError(f"{one.place}: name is made of the swept values here; --set name=... gives its beginning")
    if (count := math.prod(len(group[0].texts) for group in groups(found))) > MOST_POINTS:
        raise UsageError(f"--grid: {count} points; a sweep has at most {MOST_POINTS}, so split it")
    return found


def groups(axes: Sequence[Axis]) -> list[list[Axis]]:
    """The axes that move together, in the order of their first."""
    found: dict[str, list[Axis]] = {}
    for axis in axes:
        found.setdefault(axis.group or f"{axis.key} alone", []).append(axis)
    return list(found.values())


def _zipped(axes: list[Axis], zips: Sequence[str]) -> list[Axis]:
    known = [axis.key for axis in axes]
    for option in zips:
        keys = [key_of(word.strip()) for word in option.split(",")]
        for key in keys:
            if key not in known:
                raise UsageError(f"--zip {option}: {key} has no --grid{nearest(key, known)}; --zip takes keys of grids")
        chosen = [axis for axis in axes if axis.key in keys]
        if len({len(axis.texts) for axis in chosen}) > 1 or len(chosen) < 2:
            sizes = ", ".join(f"{axis.key} {len(axis.texts)}" for axis in chosen)
            raise UsageError(f"--zip {option}: takes two grids or more of as many values each; there are: {sizes}")
        if taken := [axis.key for axis in chosen if axis.group]:
            raise UsageError(f"--zip {option}: {taken[0]} moves with others already")
        axes = [replace(axis, group=option) if axis in chosen else axis for axis in axes]
    return [axis if axis.group else replace(axis, texts=tuple(dict.fromkeys(axis.texts))) for axis in axes]


def _points(text: str, path: str) -> Iterator[Axis]:
    """The axes, which move together, of a YAML list of points."""
    inside = "points:\n" + "".join(f"  {line}\n" for line in text.splitlines())
    points = parse(inside, path).values["points"]
    rows = [by_dotted_key(point) if isinstance(point, dict) else {} for point in points]
    if not rows or not all(rows) or any(row.keys() != rows[0].keys() for row in rows):
        raise UsageError(
            f"--grid {path}: must be a list of points with the same keys each, as in - {{p: 2, gamma: 0.1}}"
        )
    for key in rows[0]:
        yield Axis(key_of(key), tuple(as_yaml(row[key]) for row in rows), f"--grid {path}: {key}", path)


def _axes(grid: str) -> Iterator[Axis]:
    if match := _ASSIGNMENT.fullmatch(grid):
        place = f"--grid {shown(grid)[1:-1]}"
        key = key_of(match[1])
        yield Axis(key, _texts(key, match[2], place), place)
        return
    path = Path(grid)
    if not path.is_file():
        raise UsageError(f"--grid {grid}: must be KEY={_SYNTAX}, or a YAML file of such grids (there is no such file)")
    text = path.read_bytes()
    if text.lstrip().startswith((b"-", b"[")):
        yield from _points(text.decode("utf-8-sig"), grid)
        return
    document = parse(text, grid)
    for word, value in by_dotted_key(document.values).items():
        place, key = document.place(tuple(word.split("."))), key_of(word)
        if isinstance(value, str):
            yield Axis(key, _texts(key, value, place), place)
        else:
            values = value if isinstance(value, list) else [value]
            if not values:
                raise UsageError(f"{place}: {key}: names no value; give {_SYNTAX}, or a list")
            yield Axis(key, tuple(map(as_yaml, values)), place)


def _texts(key: str, values: str, place: str) -> tuple[str, ...]:
    found: list[str] = []
    for part in map(str.strip, split(values)):
        if not part:
            raise UsageError(f"{place}: has an empty value; give {_SYNTAX}")
        if match := _RANGE.fullmatch(part):
            if not 0 < int(match[2]) - int(match[1]) <= MOST_POINTS:
                raise UsageError(f"{place}: {part} names no value, or too many; 0:8 stands for 0, 1, ..., 7")
            found += map(str, range(int(match[1]), int(match[2])))
        elif match := _STEPS.fullmatch(part):
            raise UsageError(f"{place}: {part} is no range; {_as_lin(*map(float, match.groups()))}")
        elif part.partition(":")[0] in _SPACINGS:
            found += _spaced(key, part, place)
        else:
            found.append(part)
    return tuple(found)


def _as_lin(low: float, high: float, step: float) -> str:
    """What to write in place of LOW:HIGH:STEP."""
    count = round((high - low) / step) + 1 if step else 0
    return f"write lin:{low:g}:{high:g}:{count if 2 <= count <= MOST_POINTS else 'COUNT'}, with the number of values"


def split(text: str) -> list[str]:
    """``text`` at its commas; those inside brackets or quotes do not split."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        else:
            depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth <= 0 and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _spaced(key: str, text: str, place: str) -> Iterator[str]:
    """The values of ``log:LOW:HIGH:COUNT``, both ends among them; whole numbers where the key takes no others."""
    name, _, rest = text.partition(":")
    try:
        low, high, count = (float(word) for word in rest.split(":"))
        good = math.isfinite(low) and math.isfinite(high) and 2 <= count <= MOST_POINTS and count == int(count)
    except ValueError:
        good = False
    if not good or (name == "log" and not (low > 0 and high > 0)):
        above = " above 0" if name == "log" else ""
        raise UsageError(f"{place}: {text} must be {name}:LOW:HIGH:COUNT, two numbers{above} and a count from 2")
    whole = takes_whole_numbers(key)
    for at in range(int(count)):
        value = _SPACINGS[name](low, high, at / (count - 1)) if 0 < at < count - 1 else (high if at else low)
        value = float(f"{value:.12g}")
        yield str(round(value)) if whole else f"{value:.12g}"


def takes_whole_numbers(key: str) -> bool:
    """Whether a dotted key of the spec takes whole numbers alone."""
    schema = Spec.model_json_schema()
    node: dict[str, Any] = schema
    for word in key.split("."):
        options = [node, *node.get("anyOf", [])]
        reference = next((option["$ref"] for option in options if "$ref" in option), None)
        node = schema["$defs"][reference.rpartition("/")[2]] if reference else node
        node = node.get("properties", {}).get(word, {})
    kinds = {option.get("type") for option in [node, *node.get("anyOf", [])]}
    return "integer" in kinds and "number" not in kinds
