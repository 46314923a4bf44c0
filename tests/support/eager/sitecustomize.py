"""Read by every Python that starts with this folder on PYTHONPATH, workers of a sweep included.

``sgdode`` then keeps a checkpoint at every opportunity (after a dozen, every second), and has the faults that the
environment asks for. So a test waits for what a run does, or says where it ends; it does not count on how fast it is.

- SGDODE_TEST_KILL=n kills the process just before it opens, renames or removes one of its files for the n-th time;
  with SGDODE_TEST_ONCE=path only the first process that comes so far, which leaves that file.
- SGDODE_TEST_STOP=number sends the process that signal when it has kept two checkpoints.
- SGDODE_TEST_STARTS=path adds a line to that file for this start of Python.
"""

import os
import signal
import sys

import sgdode.results.checkpoint as checkpoint

QUICK = 12  # checkpoints as soon as can be
_due, _asked = checkpoint.Keeper.due, 0


def due(keeper: checkpoint.Keeper) -> bool:
    global _asked
    _asked += 1
    checkpoint.SECONDS_BETWEEN = 0.0 if _asked <= QUICK else 1.0
    if simulate := sys.modules.get("sgdode.simulation.simulate"):
        simulate._POLL_SECONDS = 1e-3 if _asked < QUICK else 0.1
    if _asked == 3 and (number := os.environ.get("SGDODE_TEST_STOP")):
        os.kill(os.getpid(), int(number))
    return _due(keeper)


def kill_at(last: int) -> None:
    touched = 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal touched
        if event in ("open", "os.rename", "os.remove") and ".h5" in str(arguments[0]):
            touched += 1
            if touched == last and first():
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def first() -> bool:
    try:
        if path := os.environ.get("SGDODE_TEST_ONCE"):
            open(path, "x").close()
    except FileExistsError:
        return False
    return True


checkpoint.Keeper.due = due
if "SGDODE_TEST_KILL" in os.environ:
    kill_at(int(os.environ["SGDODE_TEST_KILL"]))
if "SGDODE_TEST_STARTS" in os.environ:
    with open(os.environ["SGDODE_TEST_STARTS"], "a") as starts:
        starts.write(f"{os.getpid()}\n")
