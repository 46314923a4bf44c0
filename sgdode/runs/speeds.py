"""What is known of the speed of this machine, kept beside the machine code: so it is forgotten when that is.

A part that no pilot can time is learnt from the runs themselves: how long this program takes to start, to write a file,
and to compile. Matrix products are timed once.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path

#: Seconds before anything is known: of a start, of a file, of a first compilation (by command), of a multiplication in
#: a matrix product of one core.
_START, _WRITE, _COMPILE, _PRODUCT = 0.4, 0.02, {"simulate": 5.0, "integrate": 3.0}, 2e-11
_REMEMBERED = 5
#: A run that compiled for less than this share of what is known had most of its code already.
_WHOLE = 0.5
_SIDE = 256


@dataclass
class Speeds:
    """The last few seconds that were seen of a start and of a file (the least of them count: the machine may have been
    busy), those that a command took to compile, and those of one multiplication in a matrix product."""

    start: list[float] = field(default_factory=list)
    write: list[float] = field(default_factory=list)
    compile: dict[str, float] = field(default_factory=dict)
    product: float = _PRODUCT

    def starting(self) -> float:
        """Seconds from the call of the program to a run."""
        return min(self.start) if self.start else _START

    def writing(self) -> float:
        """Seconds of a small file."""
        return min(self.write) if self.write else _WRITE

    def compiling(self, command: str) -> float:
        """Seconds that ``command`` compiles, where nothing that it needs is kept."""
        return self.compile.get(command, _COMPILE[command])


def _path() -> Path | None:
    from sgdode.jit.cache import folder

    found = folder()
    return None if found is None else Path(found, "speeds.json")


def speeds() -> Speeds:
    """What is known; the defaults where nothing is, or it cannot be read."""
    path = _path()
    with contextlib.suppress(OSError, ValueError, TypeError):
        if path is not None:
            found = Speeds(**json.loads(path.read_text(encoding="utf-8")))
            numbers = [*found.start, *found.write, *found.compile.values(), found.product]
            if all(isinstance(number, float) and 0.0 <= number < math.inf for number in numbers):
                return found
    return Speeds()


def learn(command: str, spent: dict[str, float]) -> None:
    """Remember the parts of a run. What was compiled tells nothing of a start that is none."""
    path, known = _path(), speeds()
    if path is None:
        return
    if not path.exists():
        known.product = _product_seconds()
    if "compile" in spent:
        if spent["compile"] > _WHOLE * known.compiling(command):
            known.compile[command] = spent["compile"]
    elif "start" in spent:
        known.start = [*known.start, spent["start"]][-_REMEMBERED:]
    if "write" in spent:
        known.write = [*known.write, spent["write"]][-_REMEMBERED:]
    aside = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    with contextlib.suppress(OSError):
        try:
            aside.write_text(json.dumps(asdict(known)), encoding="utf-8")
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)


def _product_seconds() -> float:
    """Seconds of one multiplication of this machine's matrix product, on one core."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    A, times = np.ones((_SIDE, _SIDE)), []
    with threadpool_limits(1, "blas"):
        for _ in range(5):
            began = time.perf_counter()
            A @ A
            times.append(time.perf_counter() - began)
    return min(times) / _SIDE**3
