"""What `compare` finds and what it lets pass, over settings drawn at random: the study behind its constants.

    PYTHONPATH=tests python tests/analysis/calibrate_compare.py FOLDER [--settings 56] [--seeds 256] [--of 64 16 8 4 2]

simulates the settings (a quarter of an hour on one core; a setting that is in FOLDER is not computed again), integrates
the right equations and wrong ones, and prints how many verdicts there are of each kind. The constants of
sgdode/analysis/allowance.py were chosen on the first half of the settings; the second half is printed for itself.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from support.compare_settings import setting, simulated, theories_of

from sgdode import Trajectory, compare
from sgdode.errors import RunError, SpecError


def prepare(folder: Path, number: int, seeds: int) -> bool:
    """Compute a setting into ``folder`` unless it is there. False where it diverges."""
    path = folder / f"{number:03d}"
    if (path / "runs.h5").exists():
        return True
    try:
        runs, found = simulated(setting(number), seeds), list(theories_of(setting(number), fluctuations=True))
    except (RunError, SpecError) as error:
        print(f"setting {number} left out: {error}", file=sys.stderr)
        return False
    path.mkdir(parents=True, exist_ok=True)
    for label, theory in found:
        theory.save(path / f"{label}.h5")
    runs.save(path / "runs.h5")
    return runs.status == "complete"


def judged(folder: Path, numbers: range, size: int) -> dict[str, Counter[str]]:
    """Theory → how many verdicts of each kind, by groups of ``size`` seeds; of wrong theories, apart, those whose
    effect is above six standard errors and three times what is allowed, at some time."""
    counts: dict[str, Counter[str]] = {}
    for number in numbers:
        path = folder / f"{number:03d}"
        if not (path / "runs.h5").exists():
            continue
        runs, right = (Trajectory.load(path / f"{name}.h5") for name in ("runs", "right"))
        for label, theory in loaded(path):
            for first in range(0, len(runs.risk) - size + 1, size):
                group = {name: curve[first : first + size] for name, curve in runs.curves.items()}
                found = compare(replace(runs, curves=group), theory)
                effect = abs(theory.risk - right.risk[: len(theory.risk)])[1:][: len(found.time)]
                large = ((effect > 6 * found.standard_error) & (effect > 3 * found.allowed)).any()
                kind = "" if label in ("right", "with fluctuations") else " large" if large else " small"
                counts.setdefault(label, Counter())[found.word() + kind] += 1
    return counts


def loaded(path: Path) -> list[tuple[str, Trajectory]]:
    """The theories of a setting, and the right one with its last four risks set to 0, and to ten times too much."""
    theories = [(file.stem, Trajectory.load(file)) for file in sorted(path.glob("*.h5")) if file.stem != "runs"]
    right = dict(theories)["right"]
    if right.risk[-4:].min() < 1e-8 * right.risk[0]:  # perfect learning: ten times nothing is nothing
        return theories
    for label, factor in (("late zero", 0.0), ("late tenfold", 10.0)):
        risk = right.risk.copy()
        risk[-4:] *= factor
        theories.append((label, replace(right, curves={**right.curves, "risk": risk})))
    return theories


def main() -> None:
    """Compute, and print one line a half, size of a group and theory."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("folder", type=Path)
    reader.add_argument("--settings", type=int, default=56)
    reader.add_argument("--seeds", type=int, default=256)
    reader.add_argument("--of", type=int, nargs="*", default=[64, 16, 8, 4, 2])
    given = reader.parse_args()
    for number in reversed(range(given.settings)):
        print(f"setting {number}: {'there' if prepare(given.folder, number, given.seeds) else 'diverges'}", flush=True)
    middle = given.settings // 2
    for half, numbers in (("first", range(middle)), ("second", range(middle, given.settings))):
        for size in given.of:
            for label, words in judged(given.folder, numbers, size).items():
                print(f"{half} half, {size} seeds, {label}: {dict(sorted(words.items()))}", flush=True)


if __name__ == "__main__":
    main()
