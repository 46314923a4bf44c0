"""The right to compute a file: held by one process at a time, on this machine or on a shared file system.

It is a file ``FILE.lock`` of its own, locked by the operating system: a killed run leaves no stale lock, at most an
empty-handed file that the next run removes. Where the file system has no locks, the file tells its process.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from sgdode.errors import Busy
from sgdode.reporting import Reporter
from sgdode.results.atomic import forget_parts, part_of
from sgdode.results.claims import holder, release, signed
from sgdode.signals import at_the_end


@contextlib.contextmanager
def hold(path: Path, reporter: Reporter, wait: bool = True) -> Iterator[None]:
    """Hold the lock of ``path`` while the block runs, waiting for it where another process has it; what dead processes
    have left of writing ``path``, or its checkpoint, is removed.

    Raises Busy where it is taken and ``wait`` is false. Where there is no lock to be had, that is worth a warning.
    """
    lock = _lock_of(path)
    try:
        descriptor = _taken(path, lock, reporter, wait)
    except OSError as error:
        reason = error.strerror or str(error)
        reporter.warn(f"{path}: no lock to be had ({reason}), so two runs at once may compute the same file twice")
        yield
        return
    with at_the_end(lambda: release(lock, descriptor)):
        _forget(path)
        yield


def tidy(path: Path) -> None:
    """Remove what dead processes have left of a file that is whole; nothing while a process is at work on it."""
    lock = _lock_of(path)
    if any(map(os.path.lexists, (lock, part_of(path), part_of(_checkpoint_of(path))))):
        with contextlib.suppress(OSError):
            descriptor = signed(lock)
            _forget(path)
            release(lock, descriptor)


def _forget(path: Path) -> None:
    for written in (path, _checkpoint_of(path)):
        forget_parts(written)


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _checkpoint_of(path: Path) -> Path:
    return path.with_name(path.name + ".ckpt")


def _taken(path: Path, lock: Path, reporter: Reporter, wait: bool) -> int:
    """The lock, as a descriptor to be released."""
    with contextlib.suppress(BlockingIOError):
        return signed(lock)
    told = f"{path} is being computed by {holder(lock)}"
    if not wait:
        raise Busy(told)
    reporter.note(f"{told}: waiting for it")
    return signed(lock, wait=True)
