"""Settings drawn at random, their simulation, and right and wrong equations for it: what `compare` is tried on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from sgdode import Trajectory, integrate, load_spec, simulate

#: Student and teacher: pairs whose right-hand side is known to 1e-5 or better.
PAIRS = (
    ("erf", "erf"), ("relu", "relu"), ("square", "square"), ("erf", "relu"), ("tanh", "tanh"), ("linear", "linear"),
    ("erf", "erf"), ("leaky-relu", "leaky-relu"), ("erf", "linear"), ("relu", "relu"), ("tanh", "tanh"),
)  # fmt: skip
DIMENSIONS = (30, 40, 60, 100, 200, 400, 1000, 2000, 4000, 10_000)
MOST_STEPS, ALL_STEPS = 60_000, 12_000_000


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


def theories_of(spec: dict[str, Any], fluctuations: bool = False) -> Iterator[tuple[str, Trajectory]]:
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
