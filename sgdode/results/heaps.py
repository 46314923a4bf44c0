"""The heaps of a file, in which HDF5 keeps texts.

It follows what they say of themselves without a check: a heap that is damaged, by chance or by somebody, makes it crash
or never come to an end.

A heap begins with GCOL, a version, three zeros and its size; then come its objects: a number, their size (of number 0,
which is free space: with this head) and as many bytes, filled up to a multiple of 8. The eight bytes that it begins
with are those of no number that a run saves (as one it would be 3e-314), so no data are taken for a heap.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

_HEAD = struct.Struct("<8sQ")
_OBJECT = struct.Struct("<HH4xQ")
_SIGNATURE = b"GCOL\x01\0\0\0"
_BEGINNING = b"\x89HDF\r\n\x1a\n"
#: Where a file says how long its addresses and sizes are, by the version of its first block.
_LENGTHS = {0: 13, 1: 13, 2: 9, 3: 9}


def refuse_damaged_heaps(path: Path) -> None:
    """Raises ValueError where HDF5 would lose its way in a heap of the file."""
    with path.open("rb") as file:
        if file.read(8) != _BEGINNING:
            raise ValueError("it is no HDF5 file")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = _LENGTHS.get(data[8] if len(data) > 16 else 0, 9)
        if data[at : at + 2] != b"\x08\x08":
            raise ValueError("its addresses are not 8 bytes long")
        place = data.find(_SIGNATURE)
        while place >= 0:
            _refuse_damaged_heap(data, place)
            place = data.find(_SIGNATURE, place + len(_SIGNATURE))


def _refuse_damaged_heap(data: mmap.mmap, place: int) -> None:
    size = _HEAD.unpack_from(data, place)[1] if place + _HEAD.size <= len(data) else 0
    end, at, seen = place + size, place + _HEAD.size, set[int]()
    if not at <= end <= len(data):
        raise ValueError("a heap of texts is damaged")
    while at + _OBJECT.size <= end:
        number, _, length = _OBJECT.unpack_from(data, at)
        at += length if number == 0 else _OBJECT.size + -(-length // 8) * 8
        if number in seen or at > end or (number == 0 and length < _OBJECT.size):
            raise ValueError("a heap of texts is damaged")
        seen.add(number)
