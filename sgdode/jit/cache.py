"""The machine code that is kept on disk, and never served where it is old.

numba's own cache knows a function by the date and size of its file alone. But machine code contains the functions of
other files that it calls: a change in one of these would leave old code that silently gives old numbers. Here the
folder's name is a fingerprint of the contents of all sources of this package and of the versions of Python, NumPy,
numba and llvmlite; a file's name one of the function as it was loaded, with those that it calls, of its types, its
options and the processor. (Both, since a process may have loaded a module before it was changed.) One file holds one
compiled function, begins with a checksum, and is put in its place at once: processes may read and write side by side,
and a damaged file counts as absent.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from pickle import loads  # of what this module has written, in a folder that others cannot write to
from types import CodeType, FunctionType
from typing import Any

import llvmlite
import numba
import numpy as np
from numba.core.compiler import CompileResult
from numba.core.dispatcher import Dispatcher
from numba.core.serialize import dumps
from numba.extending import _Intrinsic
from numba.misc.appdirs import user_cache_dir

from sgdode.signals import stop_if_asked

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_NAME = "sgdode-"
#: Folders of other fingerprints that stay: this many, the last used ones, for so many days.
_KEPT, _DAYS = 8, 7.0
_DAY = 86400.0
_DIGEST = 32


def fingerprint(package: str = PACKAGE) -> str | None:
    """Of all ``*.py`` of a folder and those in it, by name and contents, and of the versions of what compiles them.

    Takes 4 ms for this package. None where there are no sources, or they cannot be read.
    """
    options = numba.config.OPT, numba.config.LOOP_VECTORIZE, numba.config.SLP_VECTORIZE, numba.config.BOUNDSCHECK
    versions = platform.python_version(), np.__version__, numba.__version__, llvmlite.__version__, *map(str, options)
    found, count = hashlib.blake2b("\0".join(versions).encode(), digest_size=16), 0
    try:
        for folder, inner, files in os.walk(package):
            inner[:] = sorted(name for name in inner if name != "__pycache__")
            for path in (os.path.join(folder, name) for name in sorted(files) if name.endswith(".py")):
                text = Path(path).read_bytes()
                found.update(f"\0{os.path.relpath(path, package)}\0{len(text)}\0".encode() + text)
                count += 1
    except OSError:
        return None
    return found.hexdigest() if count else None


def _places() -> Iterator[tuple[str, bool]]:
    """Where the folder may be, the best first, and whether old ones are removed there: NUMBA_CACHE_DIR where it is set;
    the package; the user's cache folder."""
    if numba.config.CACHE_DIR:
        yield os.path.abspath(numba.config.CACHE_DIR), False
    yield os.path.join(PACKAGE, "__pycache__"), True
    if os.path.isabs(user := user_cache_dir("sgdode", appauthor=False)):  # relative where there is no home
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


def _contents(value: Any, callers: tuple[Any, ...] = ()) -> str:
    """What a name in a compiled function stands for, as far as its machine code depends on it."""
    if isinstance(value, CodeType):
        return f"{value.co_code.hex()} {value.co_names} {_contents(value.co_consts, callers)}"
    if isinstance(value, FunctionType) and value not in callers:
        names = [value.__globals__.get(name) for name in value.__code__.co_names]
        return _contents(value.__code__) + _contents(tuple(names), (*callers, value))
    if isinstance(value, Dispatcher):
        kept = getattr(value, "_cache", None)
        return kept.contents if isinstance(kept, CodeCache) else _contents(value.py_func, callers)
    if isinstance(value, _Intrinsic):
        return _contents(value._defn, callers)
    if isinstance(value, tuple):
        return f"({', '.join(_contents(one, callers) for one in value)})"
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    return repr(value) if isinstance(value, (int, float, str, np.generic)) else type(value).__name__


def _digest(data: bytes, key: bytes = b"") -> bytes:
    return hashlib.blake2b(data, key=key, digest_size=_DIGEST).digest()


def _text(options: dict[str, Any]) -> str:
    """Options in a fixed order."""
    return repr([(key, sorted(value) if isinstance(value, set) else value) for key, value in sorted(options.items())])


class CodeCache:
    """The compiled forms of one function, as a numba dispatcher asks for them (see ``numba.core.caching``).

    Functions of other packages and those that hold variables of another function are not kept.
    """

    def __init__(self, function: FunctionType, options: dict[str, Any]):
        path = function.__code__.co_filename
        self._kept = path.startswith(PACKAGE + os.sep) and function.__closure__ is None and folder() is not None
        self._name = f"{os.path.relpath(path, PACKAGE)[:-3].replace(os.sep, '.')}.{function.__qualname__}"
        #: What machine code for a signature and a processor follows from.
        self.contents = _digest(f"{self._name} {_contents(function)} {_text(options)}".encode()).hex()

    @property
    def cache_path(self) -> str | None:
        """The folder; None without one."""
        return folder() if self._kept else None

    def enable(self) -> None:
        """Nothing to do: it is."""

    def disable(self) -> None:
        """Keep nothing from now on."""
        self._kept = False

    def flush(self) -> None:
        """Nothing to do: what is read is always of the present sources."""

    def _path_and_key(self, signature: Any, codegen: Any) -> tuple[str, bytes]:
        """The file of a compiled form, and the key that its checksum holds."""
        key = _digest(f"{self.contents} {signature} {codegen.magic_tuple()}".encode())
        return os.path.join(str(folder()), f"{self._name}-{key.hex()[:32]}.nbc"), key

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled form for a signature, a CompileResult; None where it is not there, or damaged. What comes next
        then takes seconds: raises Stopped where a signal has come."""
        stop_if_asked()
        if not self._kept:
            return None
        target.refresh()
        path, key = self._path_and_key(signature, target.codegen())
        try:
            with open(path, "rb") as file:
                checksum, data = file.read(_DIGEST), file.read()
        except OSError:
            return None
        if checksum != _digest(data, key):
            return None
        return CompileResult._rebuild(target, *loads(data))

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a compiled form, where it can be moved to another process and there is room for it."""
        lasting = not result.library.has_dynamic_globals and all(lifted.can_cache for lifted in result.lifted)
        if not (self._kept and lasting):
            return
        path, key = self._path_and_key(signature, result.codegen)
        data = dumps(result._reduce())
        aside = f"{path}.{uuid.uuid4().hex}"
        with suppress(OSError):
            try:
                with open(aside, "xb") as file:
                    file.write(_digest(data, key) + data)
                os.replace(aside, path)
            finally:
                Path(aside).unlink(missing_ok=True)
