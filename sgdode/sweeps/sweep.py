"""A sweep: its files computed by workers, those that are finished left alone, and what became of each."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sgdode.errors import Stopped, UsageError
from sgdode.reporting import Progress, Reporter
from sgdode.runs.run import KINDS, finished, resuming
from sgdode.signals import postpone, waiting
from sgdode.sweeps.local_pool import Message
from sgdode.sweeps.points import Task
from sgdode.sweeps.worker import Order, Reply

#: Carries out orders: (number of the order, message) as they come.
Carry = Callable[[list[Order]], Iterator[Message]]


@dataclass(frozen=True)
class Ending:
    """What became of one file. ``status`` is that of the file, or "failed" with the ``error``; ``waited``: for another
    process that computed it; ``skipped``: not computed here."""

    path: Path
    kind: str
    status: str
    skipped: bool
    seconds: float = 0.0
    error: str = ""
    waited: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def exit_status(self) -> int:
        """0 for a complete file, else 1."""
        return 0 if self.status == "complete" else 1

    def summary(self) -> dict[str, object]:
        """What --json prints."""
        names = ("kind", "status", "skipped", "waited")
        found = {"path": str(self.path), **{name: getattr(self, name) for name in names}}
        found["seconds"] = round(self.seconds, 3)
        return found | ({"error": self.error} if self.error else {})


def standing(task: Task, force: bool) -> Ending | None:
    """How ``task`` stands before anything runs: finished, or with a file in its way; None where it is to compute."""
    kind = KINDS[task.command]
    try:
        status = None if force else finished(task.spec, task.command, task.path)
    except UsageError as error:
        return Ending(task.path, kind, "failed", True, error=str(error))
    return None if status is None else Ending(task.path, kind, status, True)


def sweep(
    tasks: Sequence[Task], carry: Carry, reporter: Reporter, how: Mapping[str, object], done: Callable[[Ending], None]
) -> list[Ending]:
    """Compute the files of ``tasks`` that are not there; one that fails does not stop the others.

    ``carry`` runs the orders; ``how`` (force, restart, jobs) goes into each. ``done`` is told every Ending in the order
    of ``tasks``, as soon as it and all before it are known. Raises Stopped, with what to type to go on.
    """
    endings = [standing(task, bool(how["force"])) for task in tasks]
    missing = [number for number, ending in enumerate(endings) if ending is None]
    orders = [tasks[number].order(**how, wait=False) for number in missing]
    told, waited = 0, set[int]()
    try:
        with (
            waiting(),
            reporter.bar("sweep") as progress,
            _closing(carry, orders) as messages,
        ):
            postpone()
            told = _tell_known(endings, told, done)
            for at, message in _counted(messages, len(orders), progress):
                number = missing[at]
                if "busy" in message:
                    waited.add(number)
                    reporter.note(f"{message['busy']}: left to the end")
                else:
                    endings[number] = _ending(tasks[number], message, number in waited)
                    told = _tell_known(endings, told, done)
    except Stopped as stop:
        raise _with_advice(stop, endings) from None
    return [ending for ending in endings if ending is not None]


def report(endings: Sequence[Ending], reporter: Reporter) -> list[str]:
    """Say what became of a sweep; gives the lines about the files that failed, for stderr."""
    warnings: Counter[str] = Counter(text for ending in endings for text in ending.warnings)
    for text, count in warnings.items():
        first = next(ending.path for ending in endings if text in ending.warnings)
        reporter.warn(f"{first}: {text}" + (f" (and {count - 1} files more)" if count > 1 else ""))
    failed = [ending for ending in endings if ending.exit_status]
    waited = sum(ending.waited and ending.skipped for ending in endings)
    counts = {
        "computed": sum(not ending.skipped for ending in endings if not ending.error),
        "there already (skipped; --force computes again)": sum(
            ending.skipped and not ending.error and not ending.waited for ending in endings
        ),
        "computed by another process meanwhile (waited for, or skipped)": waited,
        "failed": len(failed),
    }
    reporter.note(f"{len(endings)} files: " + ", ".join(f"{count} {what}" for what, count in counts.items() if count))
    return [f"{ending.path}: {ending.error or ending.status}" for ending in failed]


def _ending(task: Task, reply: Reply, waited: bool) -> Ending:
    warnings, kind = tuple(reply["warnings"]), KINDS[task.command]
    if "error" in reply:
        return Ending(task.path, kind, "failed", False, 0.0, reply["error"], waited, warnings)
    return Ending(task.path, kind, reply["status"], reply["skipped"], reply["seconds"], "", waited, warnings)


def _tell_known(endings: Sequence[Ending | None], told: int, done: Callable[[Ending], None]) -> int:
    """Tell the endings from ``told`` on that are known; how many are told then."""
    while told < len(endings) and (ending := endings[told]) is not None:
        done(ending)
        told += 1
    return told


def _counted(messages: Iterable[Message], total: int, progress: Progress | None) -> Iterator[Message]:
    """The messages without the shares, which move the bar."""
    finished, shares = 0, dict[int, float]()
    for number, message in messages:
        if "share" in message:
            shares[number] = message["share"]
        else:
            shares.pop(number, None)
            finished += "busy" not in message
        if progress is not None:
            progress(finished + sum(shares.values()), float(total))
        if "share" not in message:
            yield number, message


@contextlib.contextmanager
def _closing(carry: Carry, orders: list[Order]) -> Iterator[Iterator[Message]]:
    """The messages of the workers, which are stopped where the block ends early; no order, no worker."""
    messages = carry(orders) if orders else iter(())
    try:
        yield messages
    finally:
        if isinstance(messages, Generator):
            messages.close()


def _with_advice(stop: Stopped, endings: Sequence[Ending | None]) -> Stopped:
    there = sum(ending is not None and not ending.error for ending in endings)
    kept = f" with {there} of {len(endings)} files there; long runs kept checkpoints"
    return Stopped(stop.cause, stop.exit_status, f"{kept}\ngo on with: {resuming()}")
