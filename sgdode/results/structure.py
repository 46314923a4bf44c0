"""What a file may be made of, looked at before any data of it are read.

Files from others are data: all that is read lies in the file itself, under its own name, as plain numbers and texts,
and unpacks to no more than a file of its size can tell. Everything else raises ValueError, which says what is wrong.
"""

from __future__ import annotations

import math
import stat
from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np

from sgdode.errors import FileError
from sgdode.machine import free_memory

_MOST_OBJECTS, _MOST_ATTRIBUTES = 200, 200
_LARGEST_ATTRIBUTE = 1 << 16
#: Bytes that any file may unpack to, and beyond them: how many times its size, and the share of the free memory.
_SMALL, _UNPACKED, _SHARE = 64 * 2**20, 16, 0.9
#: Bytes that an array may take, whatever it holds.
_SMALLEST = 1 << 16
#: Bytes that say how long a text of variable length is, and where.
_PLACE_OF_TEXT = 16
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


def refuse_irregular(path: Path) -> None:
    """Raises FileError where ``path``, or what it links to, is missing or is no regular file: a pipe would be waited
    for, and a device never ends."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise FileError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FileError(f"{path}: cannot be read: {reason}") from None
    if not stat.S_ISREG(mode):
        raise FileError(f"{path}: is {_KINDS.get(stat.S_IFMT(mode), 'a device')}, not a file of results")


def members(group: h5py.Group) -> list[str]:
    """The names in a group: of objects of the file itself."""
    if group.id.get_num_objs() > _MOST_OBJECTS:
        raise ValueError(f"{group.name} holds {group.id.get_num_objs()} objects")
    names = list(group)
    for name in names:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{name} is a link ({type(link).__name__}), its data are not there")
    return names


def subgroup(file: h5py.File, name: str) -> h5py.Group:
    """A group of the file, with members of its own."""
    found = file[name]
    if not isinstance(found, h5py.Group):
        raise ValueError(f"{name} is no group")
    members(found)
    return found


def dataset(group: h5py.Group, name: str) -> h5py.Dataset:
    """A dataset of plain numbers that are stored in the file."""
    found = group[name]
    if not isinstance(found, h5py.Dataset):
        raise ValueError(f"{name} is no array")
    how = found.id.get_create_plist()
    if how.get_layout() == h5py.h5d.VIRTUAL:
        raise ValueError(f"{name} is a virtual dataset, its data are in other files")
    if how.get_external_count():
        raise ValueError(f"{name} has external storage, its data are in other files")
    if unknown := {how.get_filter(at)[0] for at in range(how.get_nfilters())} - _FILTERS:
        raise ValueError(f"{name} is packed by the unknown filter {min(unknown)}")
    _refuse_strange_type(found.id.get_type(), name, texts=False)
    if found.shape is None:
        raise ValueError(f"{name} is empty")
    return found


def refuse_large(arrays: Iterable[h5py.Dataset], size: int) -> None:
    """Refuse arrays that unpack to more than a file of ``size`` bytes can tell, or than there is room for."""
    total = 0
    for one in arrays:
        unpacked = one.dtype.itemsize * max(math.prod(one.shape), math.prod(one.chunks or ()))
        if one.id.get_storage_size() > 2 * unpacked + _SMALLEST:
            raise ValueError(f"{one.name} takes {one.id.get_storage_size()} bytes, its numbers {unpacked}")
        total += unpacked
    room = min(max(_SMALL, _UNPACKED * size), _SHARE * free_memory())
    if total > room:
        raise ValueError(f"its {size} bytes unpack to {total:.3g}, more than the {room:.3g} that they may")


def attributes_of(holder: h5py.Group, longest: int = _LARGEST_ATTRIBUTE) -> dict[str, object]:
    """The attributes of a group: numbers, short arrays of them, and texts of up to ``longest`` characters."""
    count = h5py.h5a.get_num_attrs(holder.id)
    if count > _MOST_ATTRIBUTES:
        raise ValueError(f"{holder.name} has {count} attributes")
    return {name: _attribute(holder, name, longest) for name in holder.attrs}


def _attribute(holder: h5py.Group, name: str, longest: int) -> object:
    found = holder.attrs.get_id(name)
    kind = found.get_type()
    _refuse_strange_type(kind, f"the attribute {name}", texts=True)
    if found.shape is None or found.get_storage_size() > longest:
        raise ValueError(f"the attribute {name} is empty, or holds {found.get_storage_size()} bytes")
    text = kind.get_class() == h5py.h5t.STRING
    if text and found.shape != ():
        raise ValueError(f"the attribute {name} is a list of texts")
    if text and kind.is_variable_str() and found.get_storage_size() != _PLACE_OF_TEXT:
        raise ValueError(f"the attribute {name} does not say where its text is")
    value = holder.attrs[name]
    if not text:
        return value.item() if isinstance(value, np.generic) else value
    told = value.decode() if isinstance(value, bytes) else str(value)
    if len(told) > longest:
        raise ValueError(f"the attribute {name} has {len(told)} characters")
    told.encode()  # a ValueError where it is no text
    return told


def _refuse_strange_type(kind: h5py.h5t.TypeID, name: str, *, texts: bool) -> None:
    """Numbers of up to 8 bytes, truth values, and where ``texts`` are, texts."""
    if kind.committed():
        raise ValueError(f"{name} has a named type, which lies elsewhere")
    if texts and kind.get_class() == h5py.h5t.STRING:
        return
    numbers = kind.get_class() in (h5py.h5t.INTEGER, h5py.h5t.FLOAT) and kind.get_size() <= 8
    if not numbers and not (kind.get_class() == h5py.h5t.ENUM and kind.dtype == bool):
        raise ValueError(f"{name} holds no plain numbers")
