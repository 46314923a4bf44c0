"""The signals that stop a run: turned into an exception, or kept waiting while something is written."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from sgdode.errors import Stopped

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGUSR1 raise Stopped in the main thread while the block runs."""

    def stop(number: int, _: FrameType | None) -> None:
        raise Stopped(signal.Signals(number).name, 130 if number == signal.SIGINT else 75)

    before = {}
    with contextlib.suppress(ValueError):  # not in the main thread: signals are somebody else's
        for number in _SIGNALS:
            before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """These signals wait while the block runs, which is to be short, and come at its end, all of them as one."""
    heard: list[int] = []
    before = {}
    with contextlib.suppress(ValueError):  # as above
        for number in _SIGNALS:
            before[number] = signal.signal(number, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if heard:
            signal.raise_signal(heard[0])
