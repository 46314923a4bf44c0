"""Files that one process has for itself: made by it and nobody else, and told from those of dead processes.

In a shared folder anything may stand at a name that is to be used: a file that a killed process left, or that another
user may not open for writing, a link to somebody's thesis, a pipe. So what stands there is never opened to be written:
it is removed, once no living process holds it, and a new file is made, which no link can lead elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import socket
import stat
import time
from pathlib import Path

#: What a file system without locks answers; the last one is NFS, of a file that may only be read.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF)
_SIGNATURE = re.compile(r"(process (\d+) on ([\w.-]+))(?:, begun ([\d-]+))?")
#: Seconds after which a file without a signature is nobody's, and between two looks at another's.
_UNSIGNED, _PAUSE = 10.0, 0.2
#: Files that come and go so often under one name are no sign of progress.
_TRIES = 10_000


class NoLocks(Exception):
    """The file system has no locks."""


def create(path: Path) -> int:
    """A descriptor of a new, empty file, with the rights that the umask leaves. Raises FileExistsError."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)


def claimed(path: Path, wait: bool = False) -> int:
    """A descriptor of a new file at ``path``, which is ours until it is closed: its lock is the operating system's,
    between processes, and dies with its process.

    What stands there is removed, after its process has let it go. Raises BlockingIOError where a process holds it and
    ``wait`` is false, another OSError where it cannot be removed, and NoLocks where nobody can tell.
    """
    for _ in range(_TRIES):
        try:
            descriptor = create(path)
        except FileExistsError:
            make_way(path, wait)
            continue
        try:
            _lock(descriptor, wait=True)
            if stands(path, descriptor):
                return descriptor
        except BaseException:
            release(path, descriptor)
            raise
        os.close(descriptor)  # whoever looked at it before it was locked has taken it for a dead one's
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def signed(path: Path, wait: bool = False) -> int:
    """Likewise :func:`claimed`, and the file tells whose it is; where there are no locks, that is all there is to tell
    it from one that a dead process of this machine has left."""
    try:
        descriptor = claimed(path, wait)
    except NoLocks:
        descriptor = _signed_alone(path, wait)
    begun = _begun(os.getpid())
    try:
        os.write(descriptor, (f"process {os.getpid()} on {_host()}" + (f", begun {begun}" if begun else "")).encode())
    except OSError:
        release(path, descriptor)
        raise
    return descriptor


def make_way(path: Path, wait: bool = False) -> None:
    """Remove what stands at ``path`` (an empty folder too). Raises what :func:`claimed` does."""
    with contextlib.suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            path.rmdir()
        elif not stat.S_ISREG(mode):
            path.unlink()
        else:
            descriptor = _opened(path)
            try:
                _lock(descriptor, wait)
                if stands(path, descriptor):
                    path.unlink()
            finally:
                os.close(descriptor)


def stands(path: Path, descriptor: int) -> bool:
    """Whether ``path`` is still the file that ``descriptor`` is open on."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def release(path: Path, descriptor: int) -> None:
    """Remove a file of ours, where it still stands, and close it."""
    with contextlib.suppress(OSError):
        if stands(path, descriptor):
            path.unlink()
    os.close(descriptor)


def holder(path: Path) -> str:
    """The process that has signed a file, for a reader."""
    found = _SIGNATURE.fullmatch(_text(path))
    return found[1] if found else "another process"


def own_name(path: Path, ending: str) -> Path:
    """A name beside ``path`` that nobody uses, and that tells whose it is."""
    return path.with_name(f"{path.name}.{os.getpid()}@{_host()}.{os.urandom(4).hex()}{ending}")


def forget_dead(path: Path, ending: str) -> None:
    """Remove the files under names of :func:`own_name` whose processes are dead, as far as this machine can tell."""
    pattern = re.compile(re.escape(path.name) + r"\.(\d+)@([\w.-]+)\.[0-9a-f]{8}" + re.escape(ending))
    with contextlib.suppress(OSError):
        for name in os.listdir(path.parent):
            found = pattern.fullmatch(name)
            if found and found[2] == _host() and not _alive(int(found[1])):
                with contextlib.suppress(OSError):
                    path.with_name(name).unlink()


def _lock(descriptor: int, wait: bool) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise NoLocks from None
        raise


def _opened(path: Path) -> int:
    """A descriptor to lock a regular file by; for reading alone where its rights allow no more."""
    flags = os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        return os.open(path, os.O_RDWR | flags)
    except PermissionError:
        return os.open(path, os.O_RDONLY | flags)


def _signed_alone(path: Path, wait: bool) -> int:
    """A new file at ``path``, in place of one whose signature is of a dead process of this machine."""
    while True:
        with contextlib.suppress(FileExistsError):
            return create(path)
        found = _SIGNATURE.fullmatch(_text(path))
        if found and found[3] != _host():
            reason = f"{path.name} is of {found[1]}, and nothing tells here whether that still runs"
            raise OSError(errno.ENOLCK, reason)
        if (found and _alive(int(found[2]), found[4])) or (not found and _age(path) < _UNSIGNED):
            if not wait:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            time.sleep(_PAUSE)
        else:
            path.unlink(missing_ok=True)


def _host() -> str:
    """The name of this machine, as far as it fits into names of files."""
    return re.sub(r"[^\w.-]", "-", socket.gethostname())[:24] or "-"


def _alive(process: int, begun: str | None = None) -> bool:
    """Whether a process of this machine runs, and is the one that had begun then."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return begun is None or _begun(process) in (begun, "")


def _begun(process: int) -> str:
    """When a process began, in whatever unit; empty where the system does not tell."""
    try:
        return Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _text(path: Path) -> str:
    """The beginning of a regular file, empty where it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.read(descriptor, 200).decode(errors="replace") if regular else ""
    finally:
        os.close(descriptor)


def _age(path: Path) -> float:
    try:
        return time.time() - path.lstat().st_mtime
    except OSError:
        return 0.0
