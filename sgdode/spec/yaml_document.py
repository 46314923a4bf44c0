"""YAML text → plain values, with the line of every key.

PyYAML reads YAML 1.1: ``1e-3`` is a text there, ``no`` is false, ``010`` is 8, and a key given twice is
taken silently. Here plain scalars follow the YAML 1.2 core schema, and every surprise is an error.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from sgdode.errors import Defect, SpecError
from sgdode.spec.values import plain

Path = tuple[str, ...]

_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLS = {word: value for value in (True, False) for word in (str(value), str(value).lower(), str(value).upper())}
_INT = re.compile(r"[-+]?[0-9]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_INDENTATION = re.compile(r"[ \t]*(- *\t)?")
_MAX_DEPTH = 30
_MAX_ALIASED = 10_000
_LONGEST_NUMBER = 400


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Used for its events alone."""


@dataclass
class Document:
    """The values of a YAML document and where each dotted key stands."""

    source: str
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, str] = field(default_factory=dict)

    def place(self, path: Path) -> str:
        """``file:line`` of the key, or of the nearest enclosing one."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, self.source)


def scalar(text: str) -> Any:
    """The value of a plain scalar in the YAML 1.2 core schema."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if len(text) <= _LONGEST_NUMBER:
        if _INT.fullmatch(text):
            return int(text)
        if _HEX.fullmatch(text):
            return int(text, 0)
        if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
    if match := _INFINITY.fullmatch(text):
        return -math.inf if match[1] == "-" else math.inf
    return math.nan if text in {".nan", ".NaN", ".NAN"} else text


class _Builder:
    """Builds the values from parser events: no recursion in the library, no code run, no unbounded alias."""

    def __init__(self, source: str, events: Iterator[Any]):
        self.document = Document(source)
        self.events = events
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.count = 0
        self.aliased = 0

    def place(self, event: Any) -> str:
        return f"{self.document.source}:{event.start_mark.line + 1}"

    def fail(self, event: Any, path: Path, reason: str) -> SpecError:
        return SpecError([Defect(self.place(event), ".".join(path), reason)])

    def node(self, event: Any, path: Path) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, path)
        if len(path) > _MAX_DEPTH:
            raise self.fail(event, path[:3], f"nested more than {_MAX_DEPTH} levels deep")
        if event.tag not in (None, "!"):
            raise self.fail(event, path, f"the YAML tag {event.tag!r} is not allowed; write the plain value")
        before, self.count = self.count, self.count + 1
        if isinstance(event, yaml.ScalarEvent):
            value: Any = scalar(event.value) if event.implicit[0] else event.value
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self.sequence(path)
        else:
            value = self.mapping(path)
        if event.anchor:
            self.anchors[event.anchor] = (value, self.count - before)
        return value

    def alias(self, event: Any, path: Path) -> Any:
        if event.anchor not in self.anchors:
            raise self.fail(event, path, f"the alias *{event.anchor} has no anchor before it")
        value, size = self.anchors[event.anchor]
        self.aliased += size
        self.count += size
        if self.aliased > _MAX_ALIASED:
            raise self.fail(event, path, f"aliases repeat more than {_MAX_ALIASED} values; write them out")
        return value

    def sequence(self, path: Path) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            values.append(self.node(event, (*path, str(len(values)))))
        return values

    def mapping(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self.fail(event, path, "a key must be a plain word")
            key = event.value
            inner = (*path, key)
            if key in values:
                first = self.document.places[inner].rpartition(":")[2]
                raise self.fail(event, inner, f"this key is given twice (first at line {first}); keep one of them")
            self.document.places[inner] = self.place(event)
            values[key] = self.node(next(self.events), inner)
        return values

    def build(self) -> Document:
        start = next(event for event in self.events if not isinstance(event, yaml.StreamStartEvent))
        if isinstance(start, yaml.StreamEndEvent):
            return self.document
        top = next(self.events)
        values = self.node(top, ())
        next(self.events)
        if not isinstance(event := next(self.events), yaml.StreamEndEvent):
            raise self.fail(event, (), "a second YAML document starts here; one file holds one spec")
        if values is None:
            return self.document
        if not isinstance(values, dict):
            raise self.fail(top, (), f"not a mapping: the top level is {_kind(values)}; write `key: value` lines")
        self.document.values = values
        return self.document


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else f"the single value {value!r}"


def parse(text: str | bytes, source: str) -> Document:
    """Read one YAML document.

    Parameters: ``text``, UTF-8 if bytes; ``source``, the name that errors give (a path, ``<stdin>``).
    Raises SpecError with file and line for anything that is not a mapping in plain YAML.
    """
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return _Builder(source, iter(yaml.parse(decoded, Loader=_Loader))).build()
    except UnicodeDecodeError as error:
        raise SpecError([Defect(source, "", f"not UTF-8 text (byte {error.start}); save the file as UTF-8")]) from None
    except yaml.MarkedYAMLError as error:
        raise SpecError([_located(error, decoded, source)]) from None
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise SpecError([Defect(source, "", f"not valid YAML: {reason}")]) from None


def _located(error: yaml.MarkedYAMLError, text: str, source: str) -> Defect:
    """An error of the parser with its line; where that is indented by a tab, which YAML forbids, it is this that is
    told."""
    lines = text.splitlines()
    marks = [mark.line for mark in (error.problem_mark, error.context_mark) if mark is not None]
    for at in marks:
        indentation = _INDENTATION.match(lines[at] if at < len(lines) else "")
        if indentation is not None and "\t" in indentation[0]:
            return Defect(f"{source}:{at + 1}", "", "not valid YAML: a tab: indent with spaces")
    if marks and (tight := _without_space(lines, marks[0])):
        at, key, value = tight
        return Defect(f"{source}:{at + 1}", "", f"not valid YAML: a space is missing: write `{key}: {value}`")
    place, problem = f"{source}:{marks[0] + 1}" if marks else source, error.problem or error.context or ""
    advice = next((words for part, words in _ADVICE.items() if part in problem), "")
    return Defect(place, "", f"not valid YAML: {problem}{advice}")


#: What is told beside the words of the parser.
_ADVICE = {
    "mapping values are not allowed": "; write one `key: value` a line, as far to the right as its neighbours",
    "did not find expected ',' or": "; a bracket is not closed, or a comma is missing",
}
_TIGHT = re.compile(r"\s*(?:- )?([A-Za-z_][\w.]*):([^\s:/\\'\"][^:]*)")


def _without_space(lines: list[str], last: int) -> tuple[int, str, str] | None:
    """The line at or just before ``last`` that has no space after the colon of its key; with its key and value."""
    for at in range(min(last, len(lines) - 1), max(last - 2, -1), -1):
        if match := _TIGHT.fullmatch(lines[at].partition(" #")[0].rstrip()):
            return at, match[1], match[2]
    return None


def parse_value(text: str, source: str) -> Any:
    """Read one value as it would stand in a file (``--set KEY=VALUE``)."""
    wrapped = parse("value: " + text.replace("\n", "\n  "), source)
    return wrapped.values.get("value")


def as_yaml(value: object) -> str:
    """A value as text that YAML reads back as the same: in one line, with its numbers to the last digit."""
    value = plain(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {as_yaml(its)}" for key, its in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    return json.dumps(value, ensure_ascii=False)
