"""The orders of a sweep on a Dask cluster, whose scheduler and workers somebody else started (extra ``dask``)."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.parse
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sgdode.errors import Stopped, UsageError, explained
from sgdode.reporting import Reporter
from sgdode.signals import stop_if_asked
from sgdode.sweeps.local_pool import Message
from sgdode.sweeps.worker import Order, Reply, work

_SECONDS_TO_ANSWER = 15.0
_SECONDS_TO_STOP = 30.0
_SECONDS_BETWEEN, _POLL_SECONDS = 1.0, 0.05
#: BLAS threads are a setting of a whole process: two runs in one would change each other's last digits.
_ALONE = threading.Lock()


def on_cluster(orders: Sequence[Order], where: dict[str, str], reporter: Reporter) -> Iterator[Message]:
    """Carry out ``orders`` on the cluster ``where``: {"address": ...} or {"scheduler_file": ...}.

    Gives messages as ``sgdode.sweeps.local_pool.on_this_machine`` does, without shares. A worker that is lost costs its
    order another try elsewhere. Closed early it takes back what waits, and has what runs stop with checkpoints.
    Raises UsageError where the extra is missing or no scheduler answers.
    """
    client = _connect(where)
    try:
        _look_at_workers(client, reporter)
        yield from _carry_out(client, [_absolute(order) for order in orders])
    finally:
        client.close()


def _connect(where: dict[str, str]) -> Any:
    (place,) = where.values()
    try:
        from distributed import Client
    except ImportError:
        raise UsageError("a Dask cluster needs the extra `dask`: pip install 'sgdode[dask]'") from None
    if "scheduler_file" in where and not Path(place).is_file():
        raise UsageError(f"--scheduler-file {place}: no such file; `dask scheduler --scheduler-file {place}` writes it")
    try:
        address = place if "address" in where else str(json.loads(Path(place).read_text())["address"])
        _refuse_silent(address)
        return Client(address, timeout=_SECONDS_TO_ANSWER, set_as_default=False)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(
            f"{place}: no Dask scheduler answers there ({reason}); start one with `dask scheduler`"
        ) from None


def _refuse_silent(address: str) -> None:
    """Raise OSError or ValueError where nothing listens: Dask would try for half a minute."""
    parts = urllib.parse.urlsplit(address if "://" in address else f"tcp://{address}")
    if not parts.hostname or not parts.port:
        raise ValueError("must be tcp://HOST:PORT")
    socket.create_connection((parts.hostname, parts.port), _SECONDS_TO_ANSWER).close()


def _look_at_workers(client: Any, reporter: Reporter) -> None:
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    if not workers:
        reporter.warn("the scheduler has no worker yet; `dask worker ... --nthreads 1` starts one: waiting")
    elif any(worker["nthreads"] > 1 for worker in workers):
        reporter.warn("workers with several threads compute one file at a time; --nthreads 1 and more workers use them")


def _carry_out(client: Any, orders: list[Order]) -> Iterator[Message]:
    from distributed import Event, as_completed

    stop = Event(f"sgdode-{uuid.uuid4().hex}", client)
    left: dict[Any, int] = {}
    waiting = as_completed(loop=client.loop)

    def submit(number: int, order: Order) -> None:
        future = client.submit(_work_alone, order, stop.name, pure=False, key=f"sgdode-{uuid.uuid4().hex}")
        left[future] = number
        waiting.add(future)

    try:
        for number, order in enumerate(orders):
            submit(number, order)
        while left:
            while not waiting.has_ready():
                stop_if_asked()
                time.sleep(_POLL_SECONDS)
            future = next(waiting)
            number, reply = left.pop(future), _reply(future)
            yield number, reply
            if "busy" in reply:
                submit(number, {**orders[number], "wait": True})
    finally:
        if left:
            stop.set()
            at_work = {key for keys in client.processing().values() for key in keys}
            end = time.monotonic() + _SECONDS_TO_STOP
            while time.monotonic() < end and any(f.key in at_work and f.status == "pending" for f in left):
                time.sleep(0.1)


def _reply(future: Any) -> Reply:
    error = future.exception()
    return {"error": explained(error), "warnings": []} if error is not None else future.result()


def _absolute(order: Order) -> Order:
    """The order for a process in another folder."""
    text, place, folder, *rest = order["source"]
    path = Path(order["path"]).absolute()
    return {**order, "source": [text, place, str(Path(folder).absolute()), *rest], "path": str(path)}


def _work_alone(order: Order, stop: str) -> Reply:
    """What runs on a Dask worker: one order, in a process that has no other."""
    from distributed import Event

    flag, last = Event(stop), time.monotonic()

    def hear(share: float) -> None:
        nonlocal last
        if time.monotonic() - last > _SECONDS_BETWEEN:
            last = time.monotonic()
            if flag.is_set():
                raise Stopped("the sweep", 75)

    with _ALONE:
        if flag.is_set():
            return {"error": "stopped", "warnings": []}
        try:
            return work(order, hear)
        except Stopped as stopped:
            return {"error": str(stopped), "warnings": []}
