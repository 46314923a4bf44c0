"""A process that computes the files of a sweep, one after the other: it starts up and compiles once.

It reads one order a line from standard input and answers, as JSON lines, with the share that is done from time to time
and in the end with a reply. Where its parent dies it stops, with a checkpoint.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from sgdode.errors import Busy, RunError, Stopped, explained
from sgdode.reporting import Reporter
from sgdode.signals import listen
from sgdode.stand_in import own_process

Order = dict[str, Any]
Reply = dict[str, Any]
_SECONDS_BETWEEN = 0.2


def work(order: Order, hear: Callable[[float], None]) -> Reply:
    """Compute one file, as ``sgdode.sweeps.points.Task.order`` tells; ``hear`` is told the share that is done.

    Returns ``path, kind, status, skipped, seconds, warnings``; ``busy`` where another process computes it and the order
    says not to wait; ``error`` where it failed. Raises Stopped.
    """
    from sgdode.runs.run import perform
    from sgdode.spec.load import Source
    from sgdode.spec.provenance import spec_hash

    warnings: list[str] = []
    reporter = Reporter(True, False, lambda done, total: hear(done / max(total, 1.0)), warnings.append)
    text, place, folder, stem, allow_code = order["source"]
    try:
        spec = Source(text.encode(), place, Path(folder), stem, allow_code).spec(order["settings"])
        if spec_hash(spec, order["command"]) != order["hash"]:
            raise RunError("this worker reads the spec in another way: it needs the same sgdode and the same files")
        how = {key: order[key] for key in ("force", "restart", "jobs", "wait", "words")}
        outcome = perform(spec, order["command"], Path(order["path"]), reporter, **how)
    except Busy as busy:
        return {"busy": str(busy)}
    except Stopped:
        raise
    except Exception as error:
        if {"-v", "--verbose"} & set(order["words"]):
            traceback.print_exc()
        return {"error": explained(error), "warnings": warnings}
    return outcome.summary() | {"warnings": warnings}


def serve_orders() -> None:
    """Take orders until standard input ends."""
    listen()
    own_process()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    orders: queue.SimpleQueue[str] = queue.SimpleQueue()
    busy = threading.Event()
    threading.Thread(target=_listen, args=(orders, busy), daemon=True).start()
    try:
        while line := orders.get():
            busy.set()
            reply = work(json.loads(line), _Share(answers))
            busy.clear()  # before the parent hears, and may hang up, which is no end in the middle then
            _answer(answers, reply)
    except (Stopped, BrokenPipeError):
        pass
    os._exit(0)  # the listening thread may hold standard input


class _Share:
    """Tells the share that is done, a few times a second."""

    def __init__(self, answers: TextIO):
        self.answers, self.last = answers, time.monotonic()

    def __call__(self, share: float) -> None:
        if time.monotonic() - self.last > _SECONDS_BETWEEN:
            self.last = time.monotonic()
            _answer(self.answers, {"share": share})


def _listen(orders: queue.SimpleQueue[str], busy: threading.Event) -> None:
    """Hand on every line; an end in the middle of an order means that the parent is gone."""
    for line in sys.stdin:
        orders.put(line)
    if busy.is_set():
        os.kill(os.getpid(), signal.SIGTERM)
    orders.put("")


def _answer(answers: TextIO, message: Reply) -> None:
    print(json.dumps(message), file=answers, flush=True)


if __name__ == "__main__":
    serve_orders()
