"""Files beside a spec that its keys name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sgdode.spec.paths import Unusable, found_at
from sgdode.spec.values import shown, wrong

LARGEST_FILE = 1 << 20


def file_content(key: str, name: Any, context: Mapping[str, Any]) -> bytes:
    """The bytes of a file beside the spec."""
    if not isinstance(name, str):
        raise wrong(f"{key}: got {shown(name)}; must be a file")
    try:
        with found_at(Path(context.get("folder", "")), name).open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except Unusable as error:
        raise wrong(f"{key}: got {shown(name)}; {error}") from None
    if len(content) > LARGEST_FILE:
        raise wrong(f"{key}: got {shown(name)}; it is larger than 1 MB")
    return content


def rows_of(text: str, name: str, key: str, what: str) -> list[list[float]]:
    """The rows of a table of ``what``, two numbers each, with commas, semicolons, tabs or spaces between; a first line
    of words is one of names."""
    rows: list[list[float]] = []
    for line, content in enumerate(text.splitlines(), 1):
        words = content.partition("#")[0].replace(",", " ").replace(";", " ").split()
        try:
            found = [float(word) for word in words]
        except ValueError:
            if rows or line > 1:
                raise wrong(f"{key}: {name}:{line}: {shown(content)} must be two numbers, {what}") from None
            continue
        if found and len(found) != 2:
            raise wrong(f"{key}: {name}:{line}: got {len(found)} numbers; must be two, {what}")
        rows += [found] if found else []
    return rows
