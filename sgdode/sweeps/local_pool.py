"""Worker processes on this machine, and the orders that are theirs to carry out.

A worker is a process group of its own: Ctrl-C reaches the sweep alone, which stops the workers with checkpoints. A
worker that is killed costs its order one more try, in a new process.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from signal import Signals

from sgdode.signals import stop_if_asked
from sgdode.sweeps.worker import Order, Reply

Message = tuple[int, Reply]
_TRIES = 2
_POLL_SECONDS = 0.1


def on_this_machine(orders: Sequence[Order], jobs: int) -> Iterator[Message]:
    """Carry out ``orders`` in ``jobs`` processes; gives (number of the order, message) as they come.

    A message is ``{"share": s}``, ``{"busy": who}`` (the order is tried again after all others, and waits then), or the
    reply that ends the order. Closed early, or interrupted, it stops the workers and waits for their checkpoints.
    """
    crew = _Crew(orders)
    members = [threading.Thread(target=crew.member, daemon=True) for _ in range(min(jobs, len(orders)))]
    for member in members:
        member.start()
    left = len(orders)
    try:
        while left:
            stop_if_asked()
            try:
                number, message = crew.messages.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            left -= not message.keys() & {"share", "busy"}
            yield number, message
    finally:
        if left:  # else they end by themselves, and have nothing to say of it
            crew.stop()
        for member in members:
            member.join()


class _Crew:
    """The orders to do, the messages that come, and the processes at work."""

    def __init__(self, orders: Sequence[Order]):
        self.todo: deque[tuple[int, Order, int]] = deque((number, order, 1) for number, order in enumerate(orders))
        self.messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.processes: list[subprocess.Popen[str]] = []
        self.stopping = False

    def member(self) -> None:
        """One thread: a process, and the next process where that is killed."""
        while not self.stopping and self.todo:
            process = self._hire()
            while self._next(process):
                pass
            process.stdin.close()  # type: ignore[union-attr]
            process.wait()
            process.stdout.close()  # type: ignore[union-attr]

    def stop(self) -> None:
        """Let every process keep a checkpoint and end."""
        self.stopping = True
        for process in list(self.processes):
            if process.poll() is None:
                process.terminate()

    def _hire(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "ignore", "-m", "sgdode.sweeps.worker"]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", process_group=0
        )
        self.processes.append(process)
        if self.stopping:
            process.terminate()
        return process

    def _next(self, process: subprocess.Popen[str]) -> bool:
        """Have ``process`` carry out one order. False where there is none left, or the process died of it."""
        try:
            number, order, tries = self.todo.popleft()
        except IndexError:
            return False
        reply = self._ask(process, number, order)
        if self.stopping:
            return False
        if reply is not None:
            self.messages.put((number, reply))
            if "busy" in reply:
                self.todo.append((number, {**order, "wait": True}, tries))
            return True
        cause = _cause(process.wait())
        if tries < _TRIES:
            self.todo.append((number, {**order, "restart": False}, tries + 1))
        else:
            advice = "where memory is short, a smaller -j helps"
            self.messages.put((number, {"error": f"its process {cause}, {_TRIES} times; {advice}", "warnings": []}))
        return False

    def _ask(self, process: subprocess.Popen[str], number: int, order: Order) -> Reply | None:
        """The reply of ``process``; None where it died before."""
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                message: Reply = json.loads(line)
                if "share" not in message:
                    return message
                self.messages.put((number, message))
        except (OSError, ValueError):
            pass
        return None


def _cause(status: int) -> str:
    try:
        return f"was killed by {Signals(-status).name}"
    except ValueError:
        return f"ended with status {status}"
