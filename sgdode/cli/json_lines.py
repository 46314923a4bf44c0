"""What the commands print as JSON: one value a line, in ASCII, readable by any parser."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping


def print_json(value: object, indent: int | None = None) -> None:
    """Print a value as JSON, at once; null for numbers that JSON has not (infinity, NaN)."""
    print(json_text(value, indent), flush=True)


def json_text(value: object, indent: int | None = None) -> str:
    """The text that :func:`print_json` prints."""
    from sgdode.spec.values import plain

    return json.dumps(_finite(plain(value)), indent=indent, allow_nan=False)


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
