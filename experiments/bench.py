"""How fast the simulation is on this machine, as a table on standard output and in experiments/bench.txt (make bench).

Times are minima over repetitions; matrix products and plain loops are measured in the same run, so that the ratios hold
on a busy machine too. A share counts 4 p d operations a step.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.linalg.blas import dgemm, sgemm
from threadpoolctl import threadpool_limits

from sgdode import integrate, load_spec, simulate
from sgdode.gaussian.risk import kernels
from sgdode.gaussian.variance.table import variance_term
from sgdode.machine import processors
from sgdode.model.activations import ACTIVATIONS
from sgdode.model.start_laws import start
from sgdode.runs.engines import sampling
from sgdode.simulation.run import Way, begin, mover, planned
from sgdode.simulation.step import draw_normals
from sgdode.spec.build import build

CORES = processors()
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
    experiment: Any, threads: int = 1, seconds: float = 0.1, block: int | None = None, way: Way | None = None
) -> float:
    """Microseconds of one SGD step, in blocks of ``block``, computed in that way (None: the best)."""
    problem = build(experiment)
    beginning = start(problem)
    task = planned(problem, beginning, sampling(experiment), block, way)
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


def products(p: int, r: int, n: int, real: str) -> float:
    """Floating-point operations per second of the products of a block of n samples alone: the fields, (p, p+r) by
    (p+r, n), and what moves the weights, (p, n) by (n, p+r)."""
    gemm = dgemm if real == "float64" else sgemm
    rng = np.random.default_rng(0)
    X, W, C = (np.asfortranarray(rng.standard_normal(shape), real) for shape in ((p + r, n), (p, p + r), (p, n)))
    calls, out, moved = 1 + 10**8 // (4 * p * (p + r) * n), np.zeros_like(C), np.zeros_like(W)

    def all_calls() -> None:
        for _ in range(calls):
            gemm(1.0, W, X, c=out, overwrite_c=True)
            gemm(1.0, C, X, trans_b=True, c=moved, overwrite_c=True)

    return 4 * p * (p + r) * n * calls / least(all_calls)


def draws(p: int, r: int, n: int, real: str) -> float:
    """Microseconds of the normals of one step in a block of n: p + r, and (n − 1)/2 in its row of T."""
    rng, out = np.random.Generator(np.random.SFC64(0)), np.empty((1000, 1000), real)
    return (p + r + (n - 1) / 2) * least(lambda: draw_normals(rng, out, 1000, 0, 1000))


def middle() -> Iterator[str]:
    """Middle and large widths in many dimensions, next to what their steps need at least: 4 p (p + k) operations, for
    the fields and the new weights within p directions, at the speed of those products alone, and the draws alone."""
    yield "k = 4, one core: µs a step, of its products at least, of its draws, and times the larger of both"
    for real in ("float64", "float32"):
        for p in (8, 16, 32, 64, 128, 256, 512, 1000):
            experiments = [spec(p, 4, d, precision=real) for d in (10**4, 10**6)]
            n = planned(build(experiments[0]), start(build(experiments[0])), sampling(experiments[0])).block
            with threadpool_limits(1, "blas"):
                took = [step(experiment) for experiment in experiments]
                floors = 4 * p * (p + 4) / products(p, 4, max(n, 32), real) * 1e6, draws(p, 4, n, real)
            times = "  ".join(f"{value:8.3f}" for value in (*took, *floors))
            yield f"  {real} p = {p:<5d} d = 10,000 | 1,000,000 {times}   {took[0] / max(floors):5.2f}"
    plain, many = (step(spec(1000, 5, d)) for d in (1000, 10**6))
    yield f"  p = 1000: d = 1,000,000 takes {many / plain:.2f} times d = 1,000"


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
    loops, products = (step(spec(1000, 5, 1000), block=1, way=way) for way in ("loops", "rows"))
    plain = step(spec(1000, 5, 1000, method="explicit"))
    yield f"  p = 1000   d = 1,000 one by one: loops {loops:.0f}, matrix products {products:.0f}, explicit {plain:.0f}"
    for activation in ("erf", "square"):
        yield f"  p = 5000   d = 3, {activation}: {step(spec(5000, 3, 3, activation)):10.1f}"


#: Student, teacher, p and k; ms that one V may take on a machine like the first one.
VARIANCES = (
    ("erf", "erf", 8, 4, 0.05),
    ("relu", "relu", 8, 4, 0.4), ("relu", "relu", 16, 4, 4.0), ("relu", "relu", 32, 4, 45.0),
    ("tanh", "tanh", 8, 4, 8.0), ("tanh", "relu", 8, 4, 12.0), ("softplus", "softplus", 4, 2, 100.0),
    ("gelu", "gelu", 4, 2, 100.0), ("relu", "tanh", 4, 2, 8.0), ("square", "tanh", 4, 2, 0.1),
)  # fmt: skip


def variances() -> Iterator[str]:
    """Ψ(Var) of several pairs, next to that of erf with 8 students and 4 teachers."""
    yield "Psi(Var), one core: ms, times that of erf p = 8, and what it may take"
    rng, reference = np.random.default_rng(0), 0.0
    for student, teacher, p, k, most in VARIANCES:
        W = rng.standard_normal((p + k, 50)) / 7.0
        Omega, v, V = W @ W.T, np.concatenate([-np.ones(p) / p, np.ones(k) / k]), np.empty((p, p))
        units = ACTIVATIONS[student], ACTIVATIONS[teacher]
        term = variance_term(*units, p, k, *kernels(*units).kernels)
        took = 1e3 * least(lambda term=term, Omega=Omega, v=v, V=V: term.fill(Omega, v, 0.1, V), 30)
        reference = reference or took
        yield f"  {student:>8s} | {teacher:<8s} p = {p:<3d} k = {k}  {took:9.4f}  {took / reference:9.1f}  {most:g}"


#: Activation, p and ``fluctuations``; seconds that the equations with error bars may take on one core.
ERROR_BARS = (
    ("erf", 8, "true", 4.0), ("erf", 8, "risk", 1.0), ("erf", 16, "risk", 1.0), ("relu", 8, "risk", 4.0),
    ("erf", 32, "risk", 8.0), ("erf", 64, "risk", 80.0),
)  # fmt: skip


def error_bars() -> Iterator[str]:
    """The equations with error bars from theory, to t = 1000 at 100 times, k = 4."""
    yield "integrate.fluctuations to t = 1000, k = 4, one core: s, without them, and what it may take"
    for activation, p, kind, most in ERROR_BARS:
        timed = []
        for asked in (kind == "true" or kind, False):
            values = {
                "dimension": 1000,
                "teacher": {"width": 4, "activation": activation, "noise": 0.01},
                "student": {"width": p, "activation": activation},
                "learning_rate": 1.0,
                "time": {"stop": 1000.0},
                "integrate": {"equations": "full", "fluctuations": asked},
            }
            with threadpool_limits(1, "blas"):
                timed.append(least(lambda values=values: integrate(load_spec(values)), 2 if p < 32 else 1))
        yield f"  {activation:>5s} p = {p:<3d} {kind:<5s} {timed[0]:9.2f} {timed[1]:9.2f}  {most:g}"


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
    for table in (small, middle, wide, variances, error_bars, jobs, sweeps):
        for line in table():
            print(line, flush=True)
            lines.append(line)
    Path(__file__).with_name("bench.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
