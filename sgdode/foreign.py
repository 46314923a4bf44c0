"""Text from specs, files and file names: as it is shown, as it names a file, and as it stands in a table.

Whoever wrote it does not get to speak to the terminal, to choose a folder, or to run a formula.
"""

from __future__ import annotations

import re
import unicodedata

#: Categories of characters that move the cursor or the line, or are none: control, surrogate, line and paragraph.
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
#: Characters that turn the direction of what follows them.
_TURNING = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
#: Bytes; as long as the name of a spec may be.
_LONGEST_NAME = 150


def visible(text: object, kept: str = "\t") -> str:
    """The text with its control characters, and those that turn its direction, as ``\\x1b`` or ``\\u202e``; ``kept``
    are left as they are."""
    return "".join(c if c in kept or not _hidden(c) else _escaped(c) for c in str(text))


def visible_lines(text: object) -> str:
    """The same for a text of several lines, which stay."""
    return visible(text, kept="\t\n")


def file_name(text: object, otherwise: str) -> str:
    """The text as one component of a path, no longer than names may be; ``otherwise`` where nothing is left of it."""
    safe = re.sub(r"[^\w .+@=,-]", "_", str(text)).lstrip(" .-")
    while len(safe.encode(errors="replace")) > _LONGEST_NAME:
        safe = safe[:-1]
    return safe if re.search(r"\w", safe.replace("_", "")) else otherwise


def cell(value: object) -> object:
    """A value of a table: text that a spreadsheet would run as a formula has an apostrophe before it."""
    if not isinstance(value, str):
        return value
    return ("'" if value.startswith(_FORMULA) else "") + visible(value)


def _hidden(character: str) -> bool:
    return not character.isprintable() and (unicodedata.category(character) in _UNSEEN or ord(character) in _TURNING)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x20 else f"\\u{code:04x}"
