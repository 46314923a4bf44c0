"""The right to compute a file: held by one process at a time, on this machine or on a shared file system.

It is an advisory lock of the operating system on ``FILE.lock``, which dies with its process: a killed run leaves no
stale lock, at most an empty-handed ``.lock`` file that the next run takes over and removes.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from sgdode.errors import Busy
from sgdode.reporting import Reporter
from sgdode.results.atomic import NO_LOCKS, locked


@contextlib.contextmanager
def hold(path: Path, reporter: Reporter, wait: bool = True) -> Iterator[None]:
    """Hold the lock of ``path`` while the block runs, waiting for it where another process has it.

    Raises Busy where it is taken and ``wait`` is false. A file system without locks is worth a warning, no more.
    """
    lock = path.with_name(path.name + ".lock")
    try:
        descriptor = locked(lock, wait=False)
    except BlockingIOError:
        holder = _holder(lock)
        if not wait:
            raise Busy(f"{path} is being computed by {holder}") from None
        reporter.note(f"{path} is being computed by {holder}: waiting for it")
        descriptor = locked(lock, wait=True)
    except OSError as error:
        if error.errno not in NO_LOCKS:
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


def _holder(lock: Path) -> str:
    try:
        return lock.read_text() or "another process"
    except OSError:
        return "another process"
