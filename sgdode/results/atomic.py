"""The one way a file is written: beside its place, to the disk, then renamed; and the one way a file is locked."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from sgdode.errors import FileError

#: What a file system without locks answers.
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


@contextlib.contextmanager
def aside(path: Path) -> Iterator[Path]:
    """``path.part``, to be written; once it is whole, and on the disk, it takes the name of ``path``.

    Where the block fails it is removed, and what stood at ``path`` stays. It is locked, so that processes that write
    one ``path`` do so one after the other, and its name is the same every time, so that a killed process leaves one
    file at most, which the next one takes over. Missing folders are made; a pipe or device at ``path`` is written to
    itself. Raises FileError.
    """
    try:
        if path.is_fifo() or path.is_char_device():
            yield path
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked_part(path) as part:
            yield part
            _sync(part)
            os.replace(part, path)
            _sync(path.parent)
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split()) or type(error).__name__
        raise FileError(f"{path}: cannot be written: {reason}") from None


def write_text(path: Path, text: str) -> None:
    """Write a file of text, whole or not at all. Raises FileError."""
    with aside(path) as part:
        part.write_text(text, encoding="utf-8")


def locked(path: Path, wait: bool = True) -> int:
    """An open descriptor of ``path``, made where it is missing, that holds the lock on it until it is closed.

    The lock is the operating system's, between processes, and dies with its process. Whoever held it before may have
    renamed or removed the file that we waited at: then again. Raises BlockingIOError where it is taken and ``wait`` is
    false, and OSError with one of NO_LOCKS where the file system has none.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if _stands(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


@contextlib.contextmanager
def _locked_part(path: Path) -> Iterator[Path]:
    """``path.part``, locked where the file system has locks; removed where the block fails."""
    part = path.with_name(path.name + ".part")
    descriptor = None
    try:
        descriptor = locked(part)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    try:
        yield part
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _stands(path: Path, descriptor: int) -> bool:
    """Whether ``path`` is still the file that ``descriptor`` is open on."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
