"""The small spec that the tests share, and how it is changed."""

from __future__ import annotations

import copy
from typing import Any

SMALL: dict[str, Any] = {
    "dimension": 100,
    "teacher": {"width": 2},
    "student": {"width": 3},
    "learning_rate": 0.5,
    "time": {"stop": 1.0, "points": 5},
    "simulate": {"seeds": 2},
}


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``base`` with nested ``changes``."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result
