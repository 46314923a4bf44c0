"""The right to compute a file: held by one process at a time, on this machine or on a shared file system.

It is an advisory lock of the operating system on ``FILE.lock``, which dies with its process: a killed run leaves no
stale lock, at most an empty-handed ``.lock`` file that the next run takes over and removes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from sgdode.errors import Busy
from sgdode.reporting import Reporter


@contextlib.contextmanager
def held(path: Path, reporter: Reporter, wait: bool = True) -> Iterator[None]:
    """Hold the lock of ``path`` while the block runs, waiting for it where another process has it.

    Raises Busy where it is taken and ``wait`` is false. A file system without locks is worth a warning, no more.
    """
    lock = path.with_name(path.name + ".lock")
    try:
        descriptor = _take(lock, wait=False)
    except BlockingIOError:
        holder = _holder(lock)
        if not wait:
            raise Busy(f"{path} is being computed by {holder}") from None
        reporter.note(f"{path} is being computed by {holder}: waiting for it")
        descriptor = _take(lock, wait=True)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP):
            raise
        reporter.warn(f"{path.parent}: no file locks there, so two runs at once may compute the same file twice")
        yield
        return
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _take(lock: Path, wait: bool) -> int:
    """A locked descriptor of ``lock``. The one before us may have removed the file that we waited at: then again."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if _stands(lock, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _stands(lock: Path, descriptor: int) -> bool:
    """Whether ``lock`` is still the file that ``descriptor`` is open on."""
    try:
        return os.path.samestat(lock.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _holder(lock: Path) -> str:
    try:
        return lock.read_text() or "another process"
    except OSError:
        return "another process"
