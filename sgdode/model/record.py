"""What the records of a problem have in common: NumPy's numbers in them become Python's, so that nothing is computed in
a lower precision because a number came in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any


class Record:
    """Base of frozen dataclasses of numbers and arrays."""

    def __post_init__(self) -> None:
        as_numbers(self)


def as_numbers(record: Any) -> None:
    """Turn NumPy's numbers in the fields of a dataclass, also in mappings, into Python's, and arrays of lower precision
    into float64."""
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, Mapping):
            plain: Any = {key: _plain(item) for key, item in value.items()}
        else:
            plain = _plain(value)
        object.__setattr__(record, field.name, plain)


def _plain(value: Any) -> Any:
    shape = getattr(value, "shape", None)
    if shape is None or not hasattr(value, "dtype"):
        return value
    if shape == ():
        return value.item()
    return value.astype(float) if value.dtype.kind in "iu" or value.dtype.itemsize < 8 else value
