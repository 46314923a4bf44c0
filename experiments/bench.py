"""How fast the simulation is on this machine, as a table on standard output and in experiments/bench.txt (make bench).

Times are minima over repetitions; matrix products and plain loops are measured in the same run, so that the ratios hold
on a busy machine too. A share counts 4 p d operations a step.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from sgdode import load_spec, simulate
from sgdode.model.starts import start
from sgdode.simulation.run import begin, mover, problem

CORES = len(os.sched_getaffinity(0))
REPETITIONS = 7
POINTS = 64
SGDODE = [sys.executable, "-m", "sgdode"]


def spec(p: int, k: int, d: int, activation: str = "erf", **simulate: Any) -> Any:
    """An experiment of the given sizes with a small learning rate."""
    return load_spec(
        {
            "dimension": d,
            "teacher": {"width": k, "activation": activation},
            "student": {"width": p, "activation": activation},
            "learning_rate": 0.01,
            "time": {"stop": 1e-3},
            "simulate": {"seeds": 1, **simulate},
        }
    )


def least(call: Callable[[], object], repetitions: int = REPETITIONS) -> float:
    """Seconds of the fastest of several calls."""
    times = []
    for _ in range(repetitions):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)


def step(
    experiment: Any, threads: int = 1, seconds: float = 0.1, block: int | None = None, wide: bool | None = None
) -> float:
    """Microseconds of one SGD step, in blocks of ``block``, in matrix products or not (None: the best)."""
    beginning = start(experiment)
    task = problem(experiment, beginning, block, wide)
    move = mover(task)
    state = begin(task, beginning, np.random.Generator(np.random.SFC64(0)))
    with threadpool_limits(threads, "blas"):
        move(state, task.ahead)
        once = least(lambda: move(state, task.ahead))
        steps = task.ahead * max(1, min(int(seconds / once), 20_000))
        if not task.explicit and task.dimension > task.capacity:
            steps = max(steps, -(-2 * task.capacity // task.ahead) * task.ahead)  # two factorisations at least
        return least(lambda: move(state, steps)) / steps * 1e6


def product_speed(threads: int, real: str = "float64") -> float:
    """Floating-point operations per second of this machine's own matrix product."""
    A = np.random.default_rng(0).standard_normal((2000, 2000)).astype(real)
    with threadpool_limits(threads, "blas"):
        return 2 * 2000**3 / least(lambda: A @ A)


def small() -> Iterator[str]:
    """p = 8, k = 4 at every d, next to the plain loop."""
    yield "p = 8, k = 4, erf, one core: µs a step"
    for d in (10, 100, 1000, 10**4, 10**6, 10**9, 10**12):
        line = f"  d = {d:<15,d} exact {step(spec(8, 4, d)):8.3f}"
        if d <= 10**4:
            line += f"   explicit {step(spec(8, 4, d, method='explicit')):10.3f}"
        yield line


def wide() -> Iterator[str]:
    """Wide networks on one and all cores, next to the machine's own matrix product."""
    for threads in sorted({1, CORES}):
        speed = product_speed(threads)
        yield f"wide networks, {threads} cores, matrix product {speed / 1e9:.1f} GF/s: µs a step"
        for p, k, d in ((100, 4, 10**6), (300, 5, 300), (1000, 5, 1000), (1000, 5, 10**6), (2000, 5, 2000)):
            took = step(spec(p, k, d), threads)
            share = f"   {4 * p * d / took * 1e6 / speed:6.1%} of it" if d <= 2 * p else ""
            yield f"  p = {p:<6d} d = {d:<10,d} {took:10.1f}{share}"
        single = step(spec(1000, 5, 1000, precision="float32"), threads)
        yield f"  p = 1000   d = 1,000 in float32 {single:8.1f}"
    loops, products = (step(spec(1000, 5, 1000), block=1, wide=wide) for wide in (False, True))
    plain = step(spec(1000, 5, 1000, method="explicit"))
    yield f"  p = 1000   d = 1,000 one by one: loops {loops:.0f}, matrix products {products:.0f}, explicit {plain:.0f}"
    for activation in ("erf", "square"):
        yield f"  p = 5000   d = 3, {activation}: {step(spec(5000, 3, 3, activation)):10.1f}"


def jobs() -> Iterator[str]:
    """Many seeds on one and all cores."""
    many = load_spec(
        {
            "dimension": 1000,
            "teacher": {"width": 4},
            "student": {"width": 8},
            "learning_rate": 0.5,
            "time": {"stop": 100.0},
            "simulate": {"seeds": 8},
        }
    )
    simulate(many)
    yield "8 seeds of p = 8, d = 1000, 1,600,000 steps each: s, in turn"
    rounds = []
    for _ in range(5):
        rounds.append([least(lambda number=number: simulate(many, jobs=number), 1) for number in (1, CORES)])
        one, all_cores = rounds[-1]
        yield f"  jobs = 1: {one:.2f}   jobs = {CORES}: {all_cores:.2f}   {one / all_cores:.2f} times"
    one, all_cores = (min(times) for times in zip(*rounds, strict=True))
    yield f"  the fastest of each: {one / all_cores:.2f} times"


def sweeps() -> Iterator[str]:
    """A sweep on all cores next to one call of the command line a point."""
    grid = [*SGDODE, "sweep", "-", "--command", "integrate", "--grid", f"initial.seed=0:{POINTS}", "-j", str(CORES)]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        swept = least(lambda: called(grid, one), 1)
        single = [[*SGDODE, "integrate", "-", "--set", f"initial.seed={seed}"] for seed in range(POINTS)]
        called(single[0], one)
        looped = least(lambda: [called(command, other) for command in single], 1)
    share = f"{swept / looped:.0%}"
    yield f"{POINTS} points of integrate, s: sweep -j {CORES} {swept:.1f}   a call a point {looped:.1f}   {share}"


def called(command: list[str], folder: str) -> None:
    """Run a command on a small spec, in a folder."""
    text = "{dimension: 1000, teacher: {width: 2}, student: {width: 4}, learning_rate: 0.5, time: {stop: 1000}}"
    subprocess.run(command, input=text, text=True, cwd=folder, check=True, capture_output=True)


def main() -> None:
    """Print the tables and write them to bench.txt beside this file."""
    lines = []
    for table in (small, wide, jobs, sweeps):
        for line in table():
            print(line, flush=True)
            lines.append(line)
    Path(__file__).with_name("bench.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
