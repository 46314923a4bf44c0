"""Stops and kills at random moments: what is lost, torn, or told wrongly. A script:

    PYTHONPATH=tests python tests/support/stops.py --soft 400 --kills 1000 [--seed 0]

Every command of FIRST is started and gets, between 0 and 5 s after, one to three signals (soft), or SIGKILL; then it is
started again until it ends by itself. Its files are then those of an undisturbed run, bit by bit.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import h5py
import numpy as np

from sgdode import Trajectory
from sgdode.errors import FileError

SPEC = """
dimension: 2000
teacher: {width: 4}
student: {width: 12}
learning_rate: 0.5
time: {stop: 2e4, points: 400}
simulate: {seeds: 2}
integrate: {rtol: 1e-12, atol: 1e-14}
"""
FIRST = {
    "simulate": ["simulate", "s.yaml", "--set", "time.stop=25", "-o", "x.h5"],
    "integrate": ["integrate", "s.yaml", "-o", "x.h5"],
    "sweep": ["sweep", "s.yaml", "--grid", "seed=0:2", "--command", "simulate", "--set", "time.stop=12", "-j", "2"],
    "collect": ["collect", "a.h5", "b.h5", "-o", "x.csv"],
    "export": ["export", "a.h5", "-o", "x.csv"],
    "plot": ["plot", "a.h5", "b.h5", "-o", "x.png"],
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
#: Before so many seconds Python itself may be starting, and a signal does what the system does with it.
STARTING = 0.25


def begin(words: list[str], folder: Path) -> subprocess.Popen[str]:
    """The command line in a process of its own."""
    command = [sys.executable, "-m", "sgdode", *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def waits(process: int, number: signal.Signals) -> bool:
    """Whether a signal that was sent has not reached the process yet."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
    pending = next(line.split()[1] for line in status.splitlines() if line.startswith("ShdPnd"))
    return bool(int(pending, 16) >> (number - 1) & 1)


def content(path: Path) -> dict[str, bytes]:
    """The data of a file, without how it was made."""
    if path.suffix != ".h5":
        return {"": path.read_bytes()}
    with h5py.File(path, "r", locking=False) as file:
        return {name: np.asarray(values[()]).tobytes() for name, values in file.items() if hasattr(values, "shape")}


def results(folder: Path) -> dict[str, dict[str, bytes]]:
    """What the files under their final names hold."""
    found = [path for path in folder.iterdir() if path.suffix in (".h5", ".csv", ".png") and path.stem not in "ab"]
    return {path.name: content(path) for path in found}


class Trials:
    """A folder with two files to read, what undisturbed commands make of it, and what has been counted."""

    def __init__(self, chance: random.Random):
        self.chance, self.counts, self.home = chance, Counter[str](), Path(tempfile.mkdtemp(prefix="stops-"))
        (self.home / "s.yaml").write_text(SPEC)
        for command, name in (("simulate", "a.h5"), ("integrate", "b.h5")):
            self.whole([command, "s.yaml", "--set", "time.stop=1", "-o", name], self.home)
        self.wanted = {}
        for command, words in FIRST.items():
            folder = self.folder(f"whole-{command}")
            self.whole(words, folder)
            self.wanted[command] = results(folder)

    def folder(self, name: str) -> Path:
        """A copy to work in."""
        found = self.home / name
        found.mkdir()
        for path in self.home.glob("*.*"):
            shutil.copy(path, found)
        return found

    def whole(self, words: list[str], folder: Path) -> None:
        """Start a command until it ends by itself, with status 0."""
        process = begin(words, folder)
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, (words, process.returncode, err)

    def trial(self, number: int, soft: bool) -> None:
        """One stop or kill, and what follows."""
        command = self.chance.choice([*FIRST])
        folder = self.folder(f"{number}")
        process, began, wait = begin(FIRST[command], folder), time.monotonic(), self.chance.uniform(0.0, 5.0)
        time.sleep(wait)
        alive = process.poll() is None
        sent = [self.chance.choice(SIGNALS) for _ in range(self.chance.randint(1, 3))] if soft else [signal.SIGKILL]
        first = self.strike(process, sent)
        _, err = process.communicate(timeout=120)
        self.judge(command, process.returncode if alive else 0, first, wait, err)
        self.counts[f"{'soft' if soft else 'kills'}, in time" if alive else "too late"] += 1
        for path in folder.glob("*.h5"):
            try:
                assert Trajectory.load(path).status == "complete"
            except (FileError, AssertionError) as error:
                self.bad(command, f"torn: {error}")
        self.whole(FIRST[command], folder)
        if results(folder) != self.wanted[command]:
            self.bad(command, f"other numbers after {sent}, {wait:.2f} s")
        if left := [path.name for path in folder.iterdir() if path.suffix in (".part", ".ckpt", ".old")]:
            self.bad(command, f"left over: {left}")
        shutil.rmtree(folder)
        assert time.monotonic() - began < 600

    def strike(self, process: subprocess.Popen[str], sent: list[signal.Signals]) -> list[signal.Signals]:
        """Send signals, 1 to 50 ms apart; the ones that may have been the first for the process: where it had no core
        meanwhile, several wait for it at once, and their order is the system's."""
        first = sent[:1]
        for number, one in enumerate(sent):
            if number and all(waits(process.pid, before) for before in sent[:number]):
                first = sent[: number + 1]
            process.send_signal(one)
            time.sleep(self.chance.uniform(1e-3, 50e-3))
        return first

    def judge(self, command: str, status: int, sent: list[signal.Signals], wait: float, err: str) -> None:
        """Whether the status is the documented one of a signal that may have come first."""
        meant = [{signal.SIGINT: 130, signal.SIGKILL: -signal.SIGKILL}.get(one, 75) for one in sent]
        wanted = status if status in meant else meant[0]
        if -status in sent and status != wanted and wait < STARTING:
            self.counts["before Python had started"] += 1
        elif status == 0:
            self.counts["had ended"] += 1
        elif status != wanted or "Traceback" in err or "internal error" in err:
            self.bad(command, f"status {status}, not {wanted}, after {sent[0].name} at {wait:.2f} s: {err[-300:]}")

    def bad(self, command: str, what: str) -> None:
        """Count and tell a fault."""
        self.counts["FAULTS"] += 1
        print(f"{command}: {what}", flush=True)


def main() -> None:
    """Run the trials and print what was counted."""
    parser = argparse.ArgumentParser()
    for name, default in (("soft", 40), ("kills", 100), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    trials = Trials(random.Random(asked.seed))
    for number in range(asked.soft + asked.kills):
        trials.trial(number, soft=number < asked.soft)
        if number % 50 == 49:
            print(dict(trials.counts), flush=True)
    print(dict(trials.counts))
    shutil.rmtree(trials.home)


if __name__ == "__main__":
    main()
