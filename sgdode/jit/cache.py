"""The machine code that is kept on disk, and never served where it is old.

Machine code contains the functions of other files that it calls: a change in one of these would leave old code that
silently gives old numbers. Here the folder's name is a fingerprint of the contents of all sources of this package, of
the versions of Python, NumPy, numba and llvmlite, and of what the environment asks of the compiler; a file's name one
of the function as it was loaded, with those that it calls, of its types, its options and the processor. (Both, since a
process may have loaded a module before it was changed.) One file holds one compiled function, begins with a checksum,
and is put in its place at once: processes may read and write side by side, and a damaged file counts as absent.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from pickle import dumps, loads  # of what this module has written, in a folder that others cannot write to
from typing import Any

import numpy as np

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_NAME = "sgdode-"
#: Folders of other fingerprints that stay: this many, the last used ones, for so many days.
_KEPT, _DAYS = 8, 7.0
_DAY = 86400.0
_DIGEST = 32
#: What numba reads of the environment that is nothing to machine code.
_NO_MATTER = ("NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS", "NUMBA_THREADING_LAYER")


def fingerprint(package: str = PACKAGE) -> str | None:
    """Of all ``*.py`` of a folder and those in it, by name and contents, and of what compiles them.

    Takes 4 ms for this package. None where there are no sources, or they cannot be read.
    """
    found, count = hashlib.blake2b(digest_size=16), 0
    try:
        found.update("\0".join((*_versions(), *_asked())).encode())
        for folder, inner, files in os.walk(package):
            inner[:] = sorted(name for name in inner if name != "__pycache__")
            for path in (os.path.join(folder, name) for name in sorted(files) if name.endswith(".py")):
                text = _contents(path)
                found.update(f"\0{os.path.relpath(path, package)}\0{len(text)}\0".encode() + text)
                count += 1
    except OSError:
        return None
    return found.hexdigest() if count else None


def _contents(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()


def _versions() -> Iterator[str]:
    """The versions of what compiles, with nothing of it imported. Raises OSError where they cannot be read."""
    yield from (platform.python_version(), sys.implementation.cache_tag or "", np.__version__)
    for name in ("numba", "llvmlite"):
        found = importlib.util.find_spec(name)
        for place in (found and found.submodule_search_locations) or ():
            yield _contents(os.path.join(place, "_version.py")).decode()


def _asked() -> Iterator[str]:
    """What the environment, and numba's file in the current folder, ask of the compiler."""
    yield from (f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith("NUMBA_") and k not in _NO_MATTER)
    with suppress(FileNotFoundError):
        yield _contents(".numba_config.yaml").decode(errors="replace")


def user_folder() -> str:
    """The user's cache folder for this program; relative where there is no home."""
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Caches/sgdode")
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "sgdode")


def _places() -> Iterator[tuple[str, bool]]:
    """Where the folder may be, the best first, and whether old ones are removed there: NUMBA_CACHE_DIR where it is set;
    the package; the user's cache folder."""
    if asked := os.environ.get("NUMBA_CACHE_DIR"):
        yield os.path.abspath(asked), False
    yield os.path.join(PACKAGE, "__pycache__"), True
    if os.path.isabs(user := user_folder()):
        yield user, True


def _is_private(folder: str) -> bool:
    """Whether this user (or root) alone can write to a folder: what is read from it becomes part of this program."""
    if not hasattr(os, "getuid"):
        return True
    status = os.stat(folder)
    return status.st_uid in (0, os.getuid()) and not status.st_mode & 0o022


def _forget_others(folder: Path) -> None:
    """Remove the folders of other fingerprints beside ``folder``, all but those last used. Other processes may do so in
    the same moment; one that still uses such a folder compiles anew."""
    others = [(other.stat().st_mtime, other) for other in folder.parent.glob(f"{_NAME}*") if other != folder]
    for place, (used, other) in enumerate(sorted(others, reverse=True)):
        if place >= _KEPT or time.time() - used > _DAYS * _DAY:
            shutil.rmtree(other, ignore_errors=True)


def _opened(parent: str, sources: str, forget: bool) -> str | None:
    """The folder for a fingerprint of sources, made where it is absent; None where it cannot be used."""
    folder = os.path.join(parent, _NAME + sources)
    try:
        fresh = not os.path.isdir(folder)
        if fresh:
            os.makedirs(parent, exist_ok=True)
            os.makedirs(folder, 0o755, exist_ok=True)
        if not (_is_private(folder) and os.access(folder, os.W_OK | os.X_OK)):
            return None
        if time.time() - os.stat(folder).st_mtime > _DAY:
            os.utime(folder)  # it is in use
    except OSError:
        return None
    if fresh and forget:
        with suppress(OSError):  # gone in the meantime
            _forget_others(Path(folder))
    return folder


@cache
def folder() -> str | None:
    """Where this process keeps machine code; None where no place is to be had."""
    sources = fingerprint()
    found = (_opened(parent, sources, forget) for parent, forget in _places()) if sources else ()
    return next((path for path in found if path is not None), None)


def digest(data: bytes, key: bytes = b"") -> bytes:
    """A fingerprint of ``data``."""
    return hashlib.blake2b(data, key=key, digest_size=_DIGEST).digest()


def _path(name: str, key: bytes) -> str:
    return os.path.join(str(folder()), f"{name}-{key.hex()[:32]}.nbc")


def kept(name: str, key: bytes) -> Any:
    """What was kept of the function ``name`` under a key (32 bytes); None where it is not there, or damaged."""
    try:
        data = _contents(_path(name, key))
    except OSError:
        return None
    return loads(data[_DIGEST:]) if data[:_DIGEST] == digest(data[_DIGEST:], key) else None


def keep(name: str, key: bytes, unit: Any) -> None:
    """Keep a compiled function, where there is room for it."""
    path, data = _path(name, key), dumps(unit)
    aside = f"{path}.{uuid.uuid4().hex}"
    with suppress(OSError):
        try:
            with open(aside, "xb") as file:
                file.write(digest(data, key) + data)
            os.replace(aside, path)
        finally:
            Path(aside).unlink(missing_ok=True)
