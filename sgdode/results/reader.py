"""What the process does that reads files without a checksum, for sgdode.results.apart.

A line of its standard input is an order, as JSON: ``path``, in ``folder``, and where to write a copy of it (``copy``);
a line of its standard output is the answer: an ``error``, or nothing. A file that takes too long ends the process.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path

from sgdode.errors import FileError
from sgdode.results.hdf5 import broken, write
from sgdode.results.quantities import QUANTITIES
from sgdode.results.reading import contents_of

#: Seconds of processor time that a file may take, and bytes that take one more; of a clock, that many times as long.
_SECONDS, _BYTES_A_SECOND, _PATIENCE = 3.0, 20e6, 10.0
#: Bytes of memory beyond those at the start: for any file, and for each of its bytes.
_MEMORY, _MEMORY_A_BYTE = 1 << 29, 40


def serve_files() -> None:
    """Answer until standard input ends."""
    begun = _memory_in_use()
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line), begun)), flush=True)


def _answer(order: dict[str, str], begun: int) -> dict[str, str]:
    os.chdir(order["folder"])
    path = Path(order["path"])
    try:
        size = path.stat().st_size
        _limit_time(_SECONDS + size / _BYTES_A_SECOND)
        _limit_memory(begun + _MEMORY + _MEMORY_A_BYTE * size)
        write(contents_of(path, QUANTITIES, sealed=False), Path(order["copy"]))
    except FileError as error:
        return {"error": str(error)}
    except Exception as error:  # h5py raises many kinds for a broken file
        return {"error": str(broken(path, error))}
    finally:
        _limit_time(0.0)
    return {}


def _limit_time(seconds: float) -> None:
    """Have the system end this process after that long; 0: take that back."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE * seconds)


def _memory_in_use() -> int:
    """Bytes of addresses; a guess where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return 1 << 32


def _limit_memory(most: int) -> None:
    """Have allocations beyond ``most`` bytes fail."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
