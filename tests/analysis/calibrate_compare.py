"""What `compare` finds and what it lets pass, over settings drawn at random: the study behind its constants.

    python tests/analysis/calibrate_compare.py FOLDER [--settings 56] [--seeds 256]

simulates the settings (about a quarter of an hour on one core; a setting that is in FOLDER is not computed again),
integrates the right equations and wrong ones, and prints how many verdicts are wrong, on the half of the settings on
which the constants were chosen (even numbers) and on the other (odd).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sgdode import Trajectory, integrate, load_spec, simulate
from sgdode.errors import RunError, SpecError

#: Student and teacher: pairs whose right-hand side is known to 1e-5 or better.
PAIRS = (
    ("erf", "erf"), ("relu", "relu"), ("square", "square"), ("erf", "relu"), ("tanh", "tanh"), ("linear", "linear"),
    ("erf", "erf"), ("leaky-relu", "leaky-relu"), ("erf", "linear"), ("relu", "relu"), ("tanh", "tanh"),
)  # fmt: skip
DIMENSIONS = (30, 40, 60, 100, 200, 400, 1000, 2000, 4000, 10_000)
MOST_STEPS, ALL_STEPS = 300_000, 12_000_000


def setting(number: int) -> dict[str, Any]:
    """A spec, drawn by its number."""
    rng = np.random.default_rng((18, number))
    student, teacher = PAIRS[number // 2 % len(PAIRS)]
    widths = [1, 2, 3, 4] if student == "tanh" else [1, 2, 3, 4, 6, 8]
    p, k, d = int(rng.choice(widths)), int(rng.integers(1, 5)), int(rng.choice(DIMENSIONS))
    p = min(p, 4) if "relu" in student else p  # a right-hand side of 8 takes 10 ms
    rates = {"square": (0.02, 0.2), "linear": (0.1, 0.8)}.get(student, (0.2, 1.5))
    rate = float(np.round(np.exp(rng.uniform(*np.log(rates))), 3))
    stop = min(float(np.exp(rng.uniform(np.log(3), np.log(150)))), MOST_STEPS * rate / (p * d))
    return {
        "dimension": d,
        "teacher": {"width": k, "activation": teacher, "noise": float(rng.choice([0.0, 0.01, 0.05, 0.1, 0.5]))},
        "student": {"width": p, "activation": student},
        "learning_rate": rate,
        "initial": {"seed": number},
        "time": {"start": round(stop / 300, 6), "stop": round(stop, 4), "points": 40},
        "save": ["risk", "M", "Q"],
    }


def simulated(spec: dict[str, Any], seeds: int) -> Trajectory:
    """As many seeds as time allows, a multiple of 64."""
    steps = spec["time"]["stop"] * spec["student"]["width"] * spec["dimension"] / spec["learning_rate"]
    count = int(np.clip(64 * (ALL_STEPS / steps // 64), 64, seeds))
    return simulate(load_spec({**spec, "simulate": {"seeds": count}}))


def theories(spec: dict[str, Any], fluctuations: bool = False) -> Iterator[tuple[str, Trajectory]]:
    """The right equations and wrong ones, on the same saved times."""
    right = integrate(load_spec(spec))
    yield "right", right
    start = {"kind": "overlaps", "Q": right.Q[0].tolist(), "M": right.M[0].tolist()}
    base = {**spec, "initial": start, "teacher": {**spec["teacher"], "overlap": right.P.tolist()}}
    name, rate, noise = spec["student"]["activation"], spec["learning_rate"], spec["teacher"]["noise"]
    wrong: dict[str, dict[str, Any]] = {
        "gradient flow": {"integrate": {"equations": "gradient-flow"}},
        "gain +5%": {"student": {**spec["student"], "activation": {"name": name, "gain": 1.05}}},
    }
    if noise > 0:
        wrong["noise +20%"] = {"teacher": {**base["teacher"], "noise": 1.2 * noise}}
    if spec["dimension"] % 20 == 0:  # δt = γ/(pd) and with it the saved times stay
        wrong["gamma +5%"] = {"learning_rate": 1.05 * rate, "dimension": spec["dimension"] * 21 // 20}
    for label, change in wrong.items():
        found = integrate(load_spec({**base, **change}))
        times = len(found.time)
        assert np.allclose(found.time, right.time[:times], rtol=1e-9)
        attributes = {
            **found.attributes,
            "dimension": spec["dimension"],
            "problem_hash": right.attributes["problem_hash"],
        }
        yield label, replace(found, time=right.time[:times], step=right.step[:times], P=right.P, attributes=attributes)
    if fluctuations and spec["student"]["width"] <= 2:
        yield "with fluctuations", integrate(load_spec({**spec, "integrate": {"fluctuations": True}}))


def prepare(folder: Path, number: int, seeds: int) -> bool:
    """Compute a setting into ``folder`` unless it is there. False where it diverges."""
    path = folder / f"{number:03d}"
    if not path.exists():
        try:
            runs = simulated(setting(number), seeds)
            if runs.status != "complete":
                return False
            found = list(theories(setting(number), fluctuations=True))
        except (RunError, SpecError) as error:
            print(number, setting(number), "left out:", error, file=sys.stderr)
            return False
        path.mkdir(parents=True)
        runs.save(path / "runs.h5")
        for label, theory in found:
            theory.save(path / f"{label}.h5")
    return True


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("folder", type=Path)
    reader.add_argument("--settings", type=int, default=56)
    reader.add_argument("--seeds", type=int, default=256)
    given = reader.parse_args()
    import time

    for number in range(given.settings):
        t = time.time()
        print(number, prepare(given.folder, number, given.seeds), round(time.time() - t, 1), flush=True)


if __name__ == "__main__":
    main()
