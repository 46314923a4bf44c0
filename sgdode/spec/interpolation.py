"""``${student.width}`` as a value: that of another key, after all overrides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sgdode.errors import Defect, SpecError
from sgdode.spec.words import key_of
from sgdode.spec.yaml_document import Document, Path

_REFERENCE = re.compile(r"\$\{\s*([\w.]+)\s*\}")
_SHORT = {"learning_rate.gamma": "learning_rate"}


def interpolate(document: Document) -> None:
    """Put values in place of the references in a document. Raises SpecError for one that leads nowhere, or in a
    circle."""
    _fill(document, document.values, ())


def _fill(document: Document, values: dict[str, Any], path: Path) -> None:
    for key, value in values.items():
        if isinstance(value, dict):
            _fill(document, value, (*path, key))
        else:
            values[key] = _value(document, value, (*path, key), ())


def _value(document: Document, value: Any, path: Path, seen: tuple[str, ...]) -> Any:
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    key = key_of(match[1])
    if key in seen:
        raise _wrong(document, path, value, f"leads back to {key}")
    found = _found(document.values, key)
    if found is None:
        raise _wrong(document, path, value, f"{key} has no value in this spec; give it one, or write it here")
    return _value(document, found, path, (*seen, key))


def _found(values: Mapping[str, Any], key: str) -> Any:
    """The value at a dotted key, which a short form may hold."""
    node: Any = values
    for word in key.split("."):
        node = node.get(word) if isinstance(node, Mapping) else None
    if node is None and key in _SHORT:
        node = values.get(_SHORT[key])
    return None if isinstance(node, Mapping) else node


def _wrong(document: Document, path: Path, value: Any, reason: str) -> SpecError:
    return SpecError([Defect(document.place(path), ".".join(path), f"got {value!r}; {reason}")])
