"""The signals that stop the program: at once while it has nothing to keep, at the next poll while it has.

No exception comes out of a handler: it would be lost in a callback of a library, or tear what is being written. A
thread hears the signals, and where there is nothing to keep ends the process, whatever the main thread is doing. Where
a signal was ignored from outside, as by nohup, it stays ignored. A library has no handlers: :func:`listen` is for the
start of a process that is the program's own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)
#: A third Ctrl-C within so many seconds ends the process at once; a burst within the shorter time is one.
_IMPATIENT, _BURST = 2.0, 0.1


class _Ears:
    """What was heard (the first signal counts), whether it waits, and what is done before the process ends at once."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.waits = False
        self.presses: list[float] = []
        self.last = -1.0
        self.ending = False
        self.farewells: list[Callable[[], object]] = []

    def hear(self, number: int) -> None:
        """A signal has come."""
        self.heard.append(number)
        if number == signal.SIGINT:
            now = time.monotonic()
            if now - self.last > _BURST:
                self.presses = [*(press for press in self.presses if now - press <= _IMPATIENT), now]
            self.last = now
        if not self.waits or len(self.presses) > 2:
            self.end()

    def end(self) -> None:
        """End the process."""
        self.ending = True
        for farewell in reversed(self.farewells):
            with contextlib.suppress(Exception):
                farewell()
        cause, status = self.cause()
        with contextlib.suppress(OSError):  # not through sys.stderr, whose lock may be held
            os.write(2, f"stopped by {cause}\n".encode())
        os._exit(status)

    def cause(self) -> tuple[str, int]:
        """The name of the first signal, and the exit status that it is worth."""
        number = self.heard[0]
        return signal.Signals(number).name, 130 if number == signal.SIGINT else 75


_ears = _Ears()


def listen() -> None:
    """From now on SIGINT, SIGTERM, SIGUSR1 and SIGHUP end this process: with status 130 or 75 and a line on stderr.

    They are blocked, for all threads but one that waits for them: it has them in their order, whatever the others do. A
    thread that some library has begun before does not block them: what comes to it is read from a pipe.
    """
    wanted = {number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN}
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in wanted:
        signal.signal(number, lambda number, frame: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    for watch in (lambda: [signal.sigwait(wanted)], lambda: os.read(reading, 1)):
        threading.Thread(target=_watch, args=(watch,), daemon=True).start()


def _watch(watch: Callable[[], Iterable[int]]) -> None:
    """Hear every signal at once, also while the main thread is in the compiler, or in linear algebra, for seconds."""
    while True:
        for number in watch():
            _ears.hear(number)


@contextlib.contextmanager
def waiting() -> Iterator[None]:
    """Where :func:`postpone` is called in the block, signals wait from then on to its end. Raises Stopped there."""
    try:
        yield
        stop_if_asked()
    finally:
        _ears.waits = False


def postpone() -> None:
    """There is something to keep: signals wait, for :func:`stop_if_asked`. Only within :func:`waiting`."""
    _ears.waits = True


def asked_to_stop() -> bool:
    """Whether a signal has come."""
    return bool(_ears.heard)


def stop_if_asked() -> None:
    """Raise Stopped where a signal has come."""
    if asked_to_stop():
        from sgdode.errors import Stopped

        raise Stopped(*_ears.cause())


def give_way() -> None:
    """Where a signal is ending the process, wait for that: what fails now fails of the farewells."""
    while _ears.ending:
        time.sleep(1.0)


@contextlib.contextmanager
def at_the_end(farewell: Callable[[], object]) -> Iterator[None]:
    """``farewell()`` is called at the end of the block, also where a signal ends the process in it."""
    _ears.farewells.append(farewell)
    try:
        yield
    finally:
        _ears.farewells.remove(farewell)
        farewell()
