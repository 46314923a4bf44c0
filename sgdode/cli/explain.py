"""What the keys of a spec mean, in words, and for the shell to complete."""

from __future__ import annotations

import textwrap
from typing import Any

from sgdode.cli.json_lines import json_text
from sgdode.errors import UsageError, nearest
from sgdode.spec.words import EQUATIONS, SYMBOLS, key_of

_WIDTH = 80


def keys() -> dict[str, dict[str, Any]]:
    """Every dotted key with its part of the JSON Schema."""
    from sgdode.spec.json_schema import json_schema

    schema = json_schema()
    return dict(_keys(schema, schema["$defs"], ""))


def _keys(node: dict[str, Any], parts: dict[str, Any], prefix: str) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for key, about in node.get("properties", {}).items():
        found.append((prefix + key, about))
        for option in (about, *about.get("anyOf", []), *about.get("allOf", [])):
            if "$ref" in option:
                part = parts[option["$ref"].rpartition("/")[2]]
                for inner in (part, *part.get("anyOf", [])):
                    found += _keys(inner, parts, f"{prefix}{key}.")
    return found


def meanings(asked: str | None) -> list[str]:
    """Lines about a key and those below it, or about all. Raises UsageError for an unknown one."""
    every, asked = keys(), None if asked is None else key_of(asked)
    chosen = [key for key in every if asked is None or key == asked or key.startswith(f"{asked}.")]
    if not chosen:
        known = [*every, *SYMBOLS]
        last = next((key for key in every if asked and key.rpartition(".")[2] == asked.rpartition(".")[2]), None)
        hint = f"; did you mean {last}?" if last else nearest(str(asked), known)
        raise UsageError(f"{asked}: no such key{hint} (`sgdode explain` lists them)")
    return [line for key in chosen for line in _lines(key, every[key])]


def _lines(key: str, about: dict[str, Any]) -> list[str]:
    symbols = [symbol for symbol, its in SYMBOLS.items() if its == key]
    parts = [about.get("description", "")]
    if allowed := _allowed(about):
        others = any("type" in option for option in about.get("anyOf", []))
        parts.append(f"{'also' if others else 'allowed'}: {', '.join(allowed)}")
    if key == "integrate.equations":
        parts.append(f"also {', '.join(EQUATIONS)}")
    if isinstance(about.get("default"), (str, int, float, bool)):
        parts.append(f"default: {json_text(about['default'])}")
    name = key + (f" ({', '.join(symbols)})" if symbols else "")
    text = f"{name}: {'; '.join(part for part in parts if part)}"
    return textwrap.wrap(text, _WIDTH, subsequent_indent="    ")


def _allowed(about: dict[str, Any]) -> list[str]:
    options = [about, *about.get("anyOf", []), *about.get("oneOf", [])]
    return [str(word) for option in options for word in option.get("enum", [option.get("const")]) if word is not None]


def complete_key(incomplete: str) -> list[tuple[str, str]]:
    """The keys that begin so, with what they mean, for the shell to complete."""
    return [(key, about.get("description", "")) for key, about in keys().items() if key.startswith(incomplete)]


def complete_set(incomplete: str) -> list[tuple[str, str]]:
    """KEY= that begin so; after the sign, the words that the key takes."""
    key, equals, word = incomplete.partition("=")
    every = keys() | {name: keys()[f"{name}.name"] for name in ("student.activation", "teacher.activation")}
    if not equals:
        return [(f"{key}=", about.get("description", "")) for key, about in every.items() if key.startswith(incomplete)]
    allowed = _allowed(every.get(key_of(key), {}))
    return [(f"{key}={value}", "") for value in allowed if value.startswith(word)]
