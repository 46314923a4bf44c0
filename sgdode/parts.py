"""Where the time of a run goes, part by part: what was expected of each is told beside it (``-v``)."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator

#: The parts of a run, in their order: the interpreter, imports and the spec; machine code that was not kept; steps of
#: SGD; the equations; stated errors; error bars; the file.
PARTS = ("start", "compile", "steps", "solve", "errors", "fluctuations", "write")
_spent: dict[str, float] = {}
_inside: list[float] = []
clock = time.perf_counter
_loaded = time.perf_counter()
_starts = False


@contextlib.contextmanager
def part(name: str) -> Iterator[None]:
    """What happens in the block belongs to a part, less what is in blocks inside it, be they of other threads."""
    ours, began = threading.current_thread() is threading.main_thread(), clock()
    if ours:
        _inside.append(0.0)
    try:
        yield
    finally:
        took = clock() - began
        _spent[name] = _spent.get(name, 0.0) + took - (_inside.pop() if ours else 0.0)
        if _inside:
            _inside[-1] += took


def spent() -> dict[str, float]:
    """Seconds of each part since :func:`forget`."""
    return {name: _spent[name] for name in PARTS if name in _spent}


def forget(known: dict[str, float]) -> None:
    """Begin anew, with what is known of parts already."""
    _spent.clear()
    _spent.update(known)


def command() -> None:
    """This process is one command of the program's own: what came before its first run is the start of that."""
    global _starts
    _starts = True


def started() -> dict[str, float]:
    """The seconds from the start of the process to its first run, asked for once; nothing for another."""
    global _starts
    found = {"start": _since_process_start()} if _starts else {}
    _starts = False
    return found


def _since_process_start() -> float:
    """Seconds since this process began; where the system does not tell, since this module was imported."""
    try:
        with open("/proc/self/stat", encoding="ascii") as file:
            ticks = float(file.read().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return time.perf_counter() - _loaded
