"""The one way a file is written: beside its place, to the disk, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from sgdode.errors import FileError
from sgdode.results.claims import NoLocks, claimed, create, forget_dead, make_way, own_name, release, stands
from sgdode.signals import at_the_end, give_way

_PART = ".part"
#: What a file system answers that cannot be told to write to its disk.
_NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


@contextlib.contextmanager
def aside(path: Path, pipes: bool = False, former: Path | None = None) -> Iterator[Path]:
    """A path to write to; once that is whole, and on the disk, it takes the name of ``path``.

    It leads to a new file of our own, ``path.part``, whatever anybody puts at that name. Where the block fails it is
    removed, and what stood at ``path`` stays. What a killed process left there is removed first; where that is not to
    be done, as where another process writes at the moment, the file has a longer name. Missing folders are made; with
    ``pipes`` a pipe or device at ``path`` is written to itself. What stood at ``path`` takes the name ``former``, where
    that is given. Raises FileError.
    """
    try:
        if pipes and (path.is_fifo() or path.is_char_device()):
            yield path
            return
        if path.is_dir():
            raise OSError(errno.EISDIR, "it is a folder; give a file")
        path.parent.mkdir(parents=True, exist_ok=True)
        part, descriptor = _new_part(path)
        with at_the_end(lambda: release(part, descriptor)):
            yield _by_descriptor(part, descriptor)
            _sync(descriptor)
            if not stands(part, descriptor):
                raise OSError(errno.EBUSY, f"another process has removed {part.name}")
            if former is not None:
                os.replace(path, former)
            os.replace(part, path)
        _sync_folder(path.parent)
    except OSError as error:
        give_way()
        reason = error.strerror or " ".join(str(error).split()) or type(error).__name__
        raise FileError(f"{path}: cannot be written: {reason}") from None


def write_text(path: Path, text: str) -> None:
    """Write a file of text, whole or not at all. Raises FileError."""
    with aside(path, pipes=True) as part:
        part.write_text(text, encoding="utf-8")


def part_of(path: Path) -> Path:
    """The name that ``path`` has while it is written."""
    return path.with_name(path.name + _PART)


def forget_parts(path: Path) -> None:
    """Remove what dead processes have left of writing ``path``."""
    with contextlib.suppress(OSError, NoLocks):
        make_way(part_of(path))
    forget_dead(path, _PART)


def _new_part(path: Path) -> tuple[Path, int]:
    """A new file beside ``path``, and its descriptor."""
    part = part_of(path)
    try:
        return part, claimed(part)
    except (OSError, NoLocks):
        forget_dead(path, _PART)
        part = own_name(path, _PART)
        return part, create(part)


def _by_descriptor(part: Path, descriptor: int) -> Path:
    """A path to the file that ``descriptor`` is open on, whatever its name leads to; that where the system has none."""
    path = Path(f"/proc/self/fd/{descriptor}")
    try:
        other = os.open(path, os.O_RDWR)
    except OSError:
        return part
    os.close(other)
    return path


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _sync_folder(path: Path) -> None:
    """The file is in its place: a folder that cannot be told to be written takes nothing from that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
