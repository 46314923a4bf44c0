"""What a run holds in memory at once, against what this machine has."""

from __future__ import annotations

import math
from typing import Literal

from sgdode.spec.schema import Spec

Command = Literal["simulate", "integrate"]
#: Numbers; what a simulation saves beyond that is on disk.
_SAVED_IN_MEMORY = 64e6


def memory(spec: Spec, command: Command) -> float:
    """Bytes that a run holds at once, to within a small factor."""
    return sum(memory_by_key(spec, command).values())


def memory_by_key(spec: Spec, command: Command) -> dict[str, float]:
    """The bytes of a run by the key that they grow with."""
    from sgdode.model.clock import saved_names
    from sgdode.spec.spectrum import input_law

    wide = "student.width" if math.isfinite(spec.p) else "integrate.particles"
    p, k = (spec.p if math.isfinite(spec.p) else float(spec.integrate.particles or 2000)), float(spec.k)
    seeds = spec.simulate.seeds if command == "simulate" else 1
    names = saved_names(spec.save, spec.p, spec.time.points + 1, seeds)
    B = float(input_law(spec).inputs.blocks)
    numbers = {
        "risk": 1.0,
        "M": p * k,
        "Q": p * p,
        "q": p,
        "Q_block": B * p * p,
        "M_block": B * p * k,
        "average": p * (p + k),
    }
    saved = seeds * (spec.time.points + 1) * sum(numbers[name] for name in names)
    teacher = k * k + 8 * k * max(p, k)
    if command == "simulate":
        columns = spec.d if spec.simulate.method == "explicit" else min(spec.d, B * (3 * p + k))
        samples = min(columns, 3 * p + k) + 10 * (p + k) + 10
        saved = min(saved, _SAVED_IN_MEMORY)
        longest = "dimension" if spec.simulate.method == "explicit" else wide
        parts = {longest: 3 * p * columns + 4 * p * p, "batch_size": spec.batch_size * samples}
    else:
        size = p * (k + 1) if "mean-field" in spec.integrate.equations or math.isinf(spec.p) else B * p * (p + k)
        parts = {wide: 30 * size + 8 * p * p}
    return {key: 8 * number for key, number in {**parts, "teacher.width": teacher, "time.points": saved}.items()}
