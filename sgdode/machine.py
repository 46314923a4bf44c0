"""What this machine has: processors, memory and a compiler."""

from __future__ import annotations

import math
import mmap
import os
import resource
from typing import NoReturn

from sgdode.errors import RunError, UsageError

#: Bytes of address space that the compiler and the libraries of linear algebra take beyond NumPy, and for each thread
#: of theirs above two.
_COMPILING, _A_THREAD = 900 * 2**20, 40 * 2**20
#: Bytes of address space that NumPy and its library take, which writes of its own where there are less.
_LIBRARIES = 350 * 2**20
_LIMITS = ("RLIMIT_AS", "RLIMIT_DATA")


def processors() -> int:
    """The processors that this process may use; all of the machine where the system does not tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_memory() -> float:
    """Bytes of memory that this process may have: all of this machine, or its own limit; inf where the system does not
    tell."""
    try:
        return min(float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE"), _limit())
    except (ValueError, OSError, AttributeError):
        return _limit()


def free_memory() -> float:
    """Bytes of memory that are free now, as far as the system tells; else all of the machine's."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, ValueError, IndexError, StopIteration):
        return machine_memory()


def require_means() -> None:
    """Refuse to compute without what that takes. Raises UsageError where numba is told not to compile, and RunError
    where a limit leaves less room than the libraries take: they would abort, or wait without an end."""
    asked = os.environ.get("NUMBA_DISABLE_JIT", "").strip()
    if asked.lstrip("+-0").isdecimal():
        raise UsageError(f"NUMBA_DISABLE_JIT={asked} is set, and nothing is computed without machine code; unset it")
    needed = _COMPILING + _A_THREAD * max(0, processors() - 2)
    if _limit() < math.inf and not _to_be_had(needed):
        _too_little(needed, "compiling takes")


def require_libraries() -> None:
    """Refuse to go on, with RunError, where a limit leaves less room than the libraries of numbers take."""
    needed = _LIBRARIES + _A_THREAD * max(0, processors() - 2)
    if _limit() < math.inf and not _to_be_had(needed):
        _too_little(needed, "the libraries take")


def _too_little(needed: float, what: str) -> NoReturn:
    raise RunError(
        f"out of memory: {what} {needed / 2**20:.0f} MiB more, and a limit on this process (ulimit -v or -d) leaves "
        "less; raise it"
    )


def _limit() -> float:
    """Bytes that this process may have; inf where it is not limited."""
    limits = (resource.getrlimit(getattr(resource, name))[0] for name in _LIMITS if hasattr(resource, name))
    return min((float(limit) for limit in limits if limit != resource.RLIM_INFINITY), default=math.inf)


def _to_be_had(size: int) -> bool:
    try:
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, ValueError):
        return False
    return True
