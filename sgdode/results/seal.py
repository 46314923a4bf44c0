"""What follows the HDF5 data of a file, unseen by HDF5: its root attributes once more, and checksums.

HDF5 may hang or crash on a file with a flipped bit, so nothing is given to it before the checksum of the whole is
right. Two lines of text at the end of the file:

    sgdode header CRC32 {root attributes as JSON}
    sgdode crc32 CRC32

The first has a checksum of its own, so that the attributes of a large file are read without its data; the second is
that of everything before it. Files of older versions have the second alone. HDF5 cuts both off where it opens a file
for writing: such a file is read without these checks.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

_HEADER = b"\nsgdode header %08x %s"
_WHOLE = b"\nsgdode crc32 %08x\n"
_WHOLE_SIZE = len(_WHOLE % 0)
#: Bytes at the end of a file among which its header is looked for.
_LONGEST = 1 << 18
_BLOCK = 1 << 20


def append(path: Path, values: Mapping[str, object]) -> None:
    """Append both lines to a file that HDF5 has closed; ``values`` are its root attributes."""
    text = json.dumps(values, default=_for_json).encode()
    header = _HEADER % (zlib.crc32(text), text)
    with path.open("r+b") as file:
        found = zlib.crc32(header, _checksum(file, path.stat().st_size))
        file.seek(0, 2)
        file.write(header + _WHOLE % found)


def sealed_attributes(path: Path) -> dict[str, Any] | None:
    """The root attributes of a file, from its end alone; None where they are not there, or damaged."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LONGEST))
        found = re.search(rb"\nsgdode header ([0-9a-f]{8}) (\{[^\n]*\})\nsgdode crc32 [0-9a-f]{8}\n\Z", file.read())
    if found is None or zlib.crc32(found[2]) != int(found[1], 16):
        return None
    values: dict[str, Any] = json.loads(found[2])
    return values


def is_whole(path: Path) -> bool | None:
    """Whether the checksum of the whole file is right; None where it has none."""
    size = path.stat().st_size - _WHOLE_SIZE
    if size < 0:
        return None
    with path.open("rb") as file:
        file.seek(size)
        match = re.fullmatch(rb"\nsgdode crc32 ([0-9a-f]{8})\n", file.read())
        file.seek(0)
        return None if match is None else int(match[1], 16) == _checksum(file, size)


def _for_json(value: object) -> object:
    """What JSON does not know: numbers of NumPy as Python's, arrays as lists, all else as text."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def _checksum(file: BinaryIO, size: int) -> int:
    """CRC-32 of the next ``size`` bytes of a file."""
    found = 0
    while size > 0 and (block := file.read(min(size, _BLOCK))):
        found, size = zlib.crc32(block, found), size - len(block)
    return found
