"""Small damages to the code, one at a time, and whether the tests of its room see them. A script, for `make mutants`:

    PYTHONPATH=tests python tests/support/mutants.py [--minutes 30] [--seed 0] [ROOM ...]

Cosmic Ray makes the damages, in a copy of the tree; drawn at random, a room in turn, until the time is over. What
survives the tests of its room is printed, with its difference.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec

ROOT = Path(__file__).parents[2]
ROOMS = ("results", "model", "spec", "equations", "simulation", "gaussian", "analysis", "runs", "sweeps")
#: What changes no behaviour: annotations, names that are looked up late.
IDLE = ("core/ReplaceBinaryOperator_BitOr", "core/RemoveDecorator", "core/ExceptionReplacer")
#: Seconds that the tests of one damage may take (what hangs is seen), and those that compile for the first time.
PATIENCE, FIRST = 240.0, 1500.0


def drawn(copy: Path, room: str, chance: random.Random) -> list[MutationSpec]:
    """The damages of a room, in random order."""
    modules = sorted((copy / "sgdode" / room).rglob("*.py"))
    with use_db(str(copy / f"{room}.sqlite"), WorkDB.Mode.create) as work:
        init(modules, work, {})
        found = [item.mutations[0] for item in work.work_items]
    found = [one for one in found if not one.operator_name.startswith(IDLE)]
    chance.shuffle(found)
    return found


def seen(copy: Path, room: str, patience: float = PATIENCE) -> bool:
    """Whether a test of the room fails, or hangs."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", f"tests/{room}"]
    places = [copy / "tests" / "support" / "mutating", copy]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
    try:
        done = subprocess.run(
            words, cwd=copy, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=patience
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def main() -> None:
    """Damage and test until the time is over; print the survivors and the scores."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("rooms", nargs="*", default=ROOMS)
    asked = parser.parse_args()
    copy = Path(tempfile.mkdtemp(prefix="mutants-")) / "tree"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".venv", ".git", "__pycache__"))
    end, chance = time.monotonic() + 60.0 * asked.minutes, random.Random(asked.seed)
    todo = {room: drawn(copy, room, chance) for room in asked.rooms}
    counts: Counter[str] = Counter()
    for room in asked.rooms:
        assert not seen(copy, room, FIRST), f"tests/{room} fails without any damage"
    while any(todo.values()) and time.monotonic() < end:
        for room in [room for room in asked.rooms if todo[room] and time.monotonic() < end]:
            one = todo[room].pop()
            with use_mutation(one.module_path, get_operator(one.operator_name)(**one.operator_args), one.occurrence):
                caught = seen(copy, room)
                counts[f"{room} {'seen' if caught else 'survived'}"] += 1
                if not caught:
                    show(copy, one.module_path)
    for room in asked.rooms:
        caught, survived = counts[f"{room} seen"], counts[f"{room} survived"]
        print(f"{room:12} {caught:4d} seen, {survived:4d} survived")
    shutil.rmtree(copy.parent)


def show(copy: Path, path: Path) -> None:
    """The difference of a damaged file to the original."""
    original = ROOT / path.relative_to(copy)
    lines = subprocess.run(["diff", "-u0", str(original), str(path)], capture_output=True, text=True).stdout
    print(f"{original.relative_to(ROOT)}", *lines.splitlines()[2:], sep="\n", flush=True)


if __name__ == "__main__":
    main()
