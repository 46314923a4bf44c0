"""How fast this program is on this machine, as a table on standard output and in experiments/bench.txt (make bench).

A row is a name, what it took, what it is compared with took in the same run, and the ratio of the two, which holds on a
busy machine too: how many times faster than the reference. References: plain loops of NumPy and SciPy, the machine's
own matrix product, the interpreter with NumPy. Times are minima over repetitions. Rows whose ratio is more than a fifth
below that of the committed table are named at the end. A new row is a line in one of the functions of ``TABLES``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg.blas import dgemm, sgemm
from threadpoolctl import threadpool_limits

from sgdode import integrate, load_spec, simulate
from sgdode.gaussian.risk import kernels
from sgdode.gaussian.variance.table import variance_term
from sgdode.machine import processors
from sgdode.model.activations import ACTIVATIONS
from sgdode.model.start_laws import start
from sgdode.runs.engines import sampling
from sgdode.simulation.leap_run import LeapMover, begin_leaping, break_even, planned_leaps
from sgdode.simulation.run import begin, mover, planned
from sgdode.simulation.step import draw_normals
from sgdode.spec.build import build

CORES = processors()
REPETITIONS = 7
POINTS = 16
FALLEN = 0.8
SGDODE = [sys.executable, "-m", "sgdode"]
TABLE = Path(__file__).with_name("bench.txt")


class Row(NamedTuple):
    """Seconds of something, and of its reference, which has a name."""

    name: str
    seconds: float
    reference: float
    against: str

    @property
    def ratio(self) -> float:
        """How many times faster than the reference."""
        return self.reference / self.seconds

    def __str__(self) -> str:
        return f"{self.name:46s} {self.seconds:10.3e} {self.reference:10.3e} {self.ratio:10.4g}  {self.against}"


def spec(p: int, k: int, d: int, activation: str = "erf", rule: dict[str, Any] | None = None, **simulate: Any) -> Any:
    """An experiment of the given sizes with a small learning rate, by a learning rule."""
    return load_spec(
        {
            "algorithm": rule or {},
            "dimension": d,
            "teacher": {"width": k, "activation": activation},
            "student": {"width": p, "activation": activation},
            "learning_rate": 0.01,
            "time": {"stop": 1e-3},
            "simulate": {"seeds": 1, **simulate},
        }
    )


def least(call: Callable[[], object], repetitions: int = REPETITIONS, alone: bool = True) -> float:
    """Seconds of the fastest of several calls: of this thread's own work, or on the wall where others do it too."""
    times, clock = [], time.thread_time if alone else time.perf_counter
    for _ in range(repetitions):
        began = clock()
        call()
        times.append(clock() - began)
    return min(times)


def step(experiment: Any, threads: int = 1, seconds: float = 0.1) -> float:
    """Seconds of one SGD step."""
    problem = build(experiment)
    beginning = start(problem)
    task = planned(problem, beginning, sampling(experiment))
    move = mover(task)
    state = begin(task, beginning, np.random.Generator(np.random.SFC64(0)))
    with threadpool_limits(threads, "blas"):
        move(state, task.ahead)
        once = least(lambda: move(state, task.ahead), alone=threads == 1)
        steps = task.ahead * max(1, min(int(seconds / once), 20_000))
        if not task.explicit and task.dimension > task.capacity:
            steps = max(steps, -(-2 * task.capacity // task.ahead) * task.ahead)  # two factorisations at least
        return least(lambda: move(state, steps), alone=threads == 1) / steps


def plain_step(p: int, k: int, d: int) -> float:
    """Seconds of a step of SGD as NumPy does it."""
    from scipy.special import erf

    rng = np.random.default_rng(0)
    W, W_star = rng.standard_normal((p, d)), rng.standard_normal((k, d))

    def steps() -> None:
        for _ in range(20):
            x = rng.standard_normal(d) / d**0.5
            lam = W @ x
            error = erf(W_star @ x / 2**0.5).mean() - erf(lam / 2**0.5).mean()
            W[...] += np.outer(0.01 / p * error * (2 / np.pi) ** 0.5 * np.exp(-lam * lam / 2), x)

    with threadpool_limits(1, "blas"):
        return least(steps, 5) / 20


def product_seconds(threads: int) -> float:
    """Seconds of one multiplication and addition of this machine's own matrix product."""
    A = np.random.default_rng(0).standard_normal((1000, 1000))
    with threadpool_limits(threads, "blas"):
        return least(lambda: A @ A, alone=threads == 1) / 1000**3


def steps() -> Iterator[Row]:
    """SGD, next to a plain loop, and wide networks next to the matrix product."""
    for d in (100, 1000, 10**4, 10**6):
        plain = plain_step(8, 4, min(d, 10**4))
        against = f"NumPy, d = {min(d, 10**4)}"
        yield Row(f"step, p = 8, k = 4, d = {d}", step(spec(8, 4, d)), plain, against)
        if d <= 10**4:
            yield Row(f"explicit step, p = 8, k = 4, d = {d}", step(spec(8, 4, d, method="explicit")), plain, against)
    for p in (16, 32, 64):
        yield Row(f"step, p = {p}, k = 4, d = 1000", step(spec(p, 4, 1000)), plain_step(p, 4, 1000), "NumPy")
    for threads in sorted({1, CORES}):
        product = product_seconds(threads)
        for p, k, d in ((100, 4, 10**6), (300, 5, 300), (1000, 5, 1000)):
            rows = min(d, k + 3 * p)
            took = step(spec(p, k, d), threads)
            against = f"{2 * p * rows:g} terms of a product"
            yield Row(f"step, p = {p}, d = {d}, {threads} cores", took, 2 * p * rows * product, against)


def leap(p: int, k: int, activation: str = "erf", seconds: float = 0.1) -> Iterator[Row]:
    """A leap, next to the exact steps that it stands for at its shortest."""
    experiment = spec(p, k, 10**9, activation, method="leap")
    problem = build(experiment)
    beginning = start(problem)
    scheme = planned_leaps(problem, beginning, sampling(experiment))
    move, state = LeapMover(scheme), begin_leaping(scheme, beginning, np.random.Generator(np.random.SFC64(0)))
    far, count = 2**53, 1000
    with threadpool_limits(1, "blas"):
        move.whole(state, far, 10)
        took = least(lambda: move.whole(state, far, count)) / (count if scheme.variance.closed else 1)
    exact = break_even(scheme)
    steps = exact * step(spec(p, k, 10**9, activation), seconds=seconds)
    yield Row(f"leap, {activation}, p = {p}, k = {k}", took, steps, f"{exact} exact steps")


def leaps() -> Iterator[Row]:
    """Leaps of SGD, where V has a closed form and where it has none."""
    for sizes in ((2, 2), (8, 4), (8, 4, "relu")):
        yield from leap(*sizes)


def products(p: int, r: int, n: int, real: str) -> float:
    """Seconds of the products of one step in a block of n samples alone: the fields, (p, p+r) by (p+r, n), and what
    moves the weights, (p, n) by (n, p+r)."""
    gemm = dgemm if real == "float64" else sgemm
    rng = np.random.default_rng(0)
    X, W, C = (np.asfortranarray(rng.standard_normal(shape), real) for shape in ((p + r, n), (p, p + r), (p, n)))
    calls, out, moved = 1 + 10**8 // (4 * p * (p + r) * n), np.zeros_like(C), np.zeros_like(W)

    def all_calls() -> None:
        for _ in range(calls):
            gemm(1.0, W, X, c=out, overwrite_c=True)
            gemm(1.0, C, X, trans_b=True, c=moved, overwrite_c=True)

    return least(all_calls) / (calls * n)


def draws(p: int, r: int, n: int, real: str) -> float:
    """Seconds of the normals of one step in a block of n: p + r, and (n − 1)/2 in its row of T."""
    rng, out = np.random.Generator(np.random.SFC64(0)), np.empty((1000, 1000), real)
    return (p + r + (n - 1) / 2) * least(lambda: draw_normals(rng, out, 1000, 0, 1000)) / 1e6


#: Learning rules whose steps are compared with those of SGD.
RULES: dict[str, dict[str, Any]] = {
    "average from 0": {"average": {"from": 0.0}},
    "average, rate 0.1": {"average": {"rate": 0.1}},
    "clip": {"loss": {"clip": 0.3}},
    "logistic": {"loss": "logistic"},
    "feedback": {"feedback": [1.0] * 8},
    "dropout": {"dropout": 0.5},
    "momentum": {"momentum": {"rate": 0.1}},
    "repeat 2": {"repeat": 2},
}


def rules() -> Iterator[Row]:
    """Steps of other learning rules next to that of SGD."""
    for name, rule in RULES.items():
        plain, took = step(spec(8, 4, 1000)), step(spec(8, 4, 1000, rule=rule))
        yield Row(f"step, p = 8, k = 4, {name}", took, plain, "SGD")


def middle() -> Iterator[Row]:
    """Middle and large widths in many dimensions, next to what their steps need at least: the products of the fields
    and of the new weights within p directions alone, or the draws alone, whichever takes longer."""
    for real in ("float64", "float32"):
        for p in (16, 32, 64, 128, 256, 512, 1000):
            experiment = spec(p, 4, 10**4, precision=real)
            n = planned(build(experiment), start(build(experiment)), sampling(experiment)).block
            with threadpool_limits(1, "blas"):
                floors = {"products": products(p, 4, max(n, 32), real), "draws": draws(p, 4, n, real)}
                took = step(experiment)
            longer = max(floors, key=lambda name: floors[name])
            yield Row(f"step, p = {p}, d = 10000, {real}", took, floors[longer], f"its {longer} alone")
    plain, many = (step(spec(1000, 5, d)) for d in (1000, 10**6))
    yield Row("step, p = 1000, d = 1000000", many, plain, "d = 1000")


#: Student, teacher, p and k.
VARIANCES = (
    ("erf", "erf", 8, 4), ("relu", "relu", 8, 4), ("relu", "relu", 16, 4), ("tanh", "tanh", 8, 4),
    ("tanh", "relu", 8, 4), ("relu", "tanh", 4, 2), ("square", "tanh", 4, 2),
)  # fmt: skip


def variances() -> Iterator[Row]:
    """Ψ(Var) of several pairs, next to a NumPy product."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((100, 100))
    with threadpool_limits(1, "blas"):
        reference = least(lambda: A @ A, 200)
        for student, teacher, p, k in VARIANCES:
            W = rng.standard_normal((p + k, 50)) / 7.0
            Omega, v, V = W @ W.T, np.concatenate([-np.ones(p) / p, np.ones(k) / k]), np.empty((p, p))
            units = ACTIVATIONS[student], ACTIVATIONS[teacher]
            term = variance_term(*units, p, k, *kernels(*units).kernels)
            took = least(lambda term=term, Omega=Omega, v=v, V=V: term.fill(Omega, v, 0.1, V), 30)
            yield Row(f"Psi(Var), {student} of {teacher}, p = {p}, k = {k}", took, reference, "product of 100 x 100")


def theory(p: int, activation: str, **asked: Any) -> Any:
    """An integration to t = 1000 at 100 times."""
    return load_spec(
        {
            "dimension": 1000,
            "teacher": {"width": 4, "activation": activation, "noise": 0.01},
            "student": {"width": p, "activation": activation},
            "learning_rate": 1.0,
            "time": {"stop": 1000.0},
            "integrate": {"equations": "full", **asked},
        }
    )


def equations() -> Iterator[Row]:
    """The equations, and their error bars, next to a SciPy solver of as many linear equations."""
    for activation, p, bars in (("erf", 8, False), ("erf", 16, False), ("relu", 8, False), ("tanh", 4, False),
                                ("erf", 8, True), ("erf", 8, "risk"), ("erf", 16, "risk")):  # fmt: skip
        size = p * (p + 1) // 2 + 4 * p
        decay = -np.geomspace(1e-3, 1e3, size)
        with threadpool_limits(1, "blas"):
            plain = least(lambda d=decay: solve_ivp(lambda t, y: d * y, (0, 1e3), d, "BDF", rtol=1e-6), 1)
            took = least(lambda a=activation, p=p, b=bars: integrate(theory(p, a, fluctuations=b)), 2)
        what = "equations" if not bars else f"with fluctuations: {str(bars).lower()}"
        yield Row(f"{what}, {activation}, p = {p}", took, plain, "SciPy's BDF, linear")


def runs() -> Iterator[Row]:
    """The command line, next to the interpreter with NumPy; the first runs of all, with nothing compiled, too."""
    with tempfile.TemporaryDirectory() as folder:
        called([*SGDODE, "integrate", "-", "--force"], folder), called([*SGDODE, "simulate", "-", "--force"], folder)
        interpreter = least(lambda: called([sys.executable, "-c", "import numpy"], folder), alone=False)
        against = "python -c 'import numpy'"
        yield Row("--help", least(lambda: called([*SGDODE, "--help"], folder), alone=False), interpreter, against)
        for command in ("check", "integrate", "simulate"):
            words = [*SGDODE, command, "-", *(["--force"] if command != "check" else [])]
            yield Row(
                f"{command}, warm", least(lambda words=words: called(words, folder), alone=False), interpreter, against
            )
        for command in ("integrate", "simulate"):
            with tempfile.TemporaryDirectory() as code:
                words = [*SGDODE, command, "-", "--force"]
                took = least(lambda words=words, code=code: called(words, folder, NUMBA_CACHE_DIR=code), 1, False)
            yield Row(f"{command}, first of all", took, interpreter, against)


def called(command: list[str], folder: str, **variables: str) -> None:
    """Run a command on a small spec, in a folder."""
    text = "{dimension: 100, teacher: {width: 2}, student: {width: 4}, learning_rate: 0.5, time: {stop: 2}}"
    env = os.environ | variables
    subprocess.run(command, input=text, text=True, cwd=folder, check=True, capture_output=True, env=env)


def many() -> Iterator[Row]:
    """Many seeds on all cores next to one, and a sweep next to a call of the command line a point."""
    values = {"dimension": 1000, "teacher": {"width": 4}, "student": {"width": 8}, "learning_rate": 0.5}
    seeds = load_spec(values | {"time": {"stop": 20.0}, "simulate": {"seeds": 8}})
    one, every = (least(lambda n=n: simulate(seeds, jobs=n), 3, False) for n in (1, CORES))
    yield Row(f"8 seeds, jobs = {CORES}", every, one, "jobs = 1")
    grid = [*SGDODE, "sweep", "-", "--command", "integrate", "--grid", f"initial.seed=0:{POINTS}", "-j", str(CORES)]
    with tempfile.TemporaryDirectory() as swept, tempfile.TemporaryDirectory() as looped:
        took = least(lambda: called(grid, swept), 1, False)
        single = [[*SGDODE, "integrate", "-", "--set", f"initial.seed={seed}"] for seed in range(POINTS)]
        plain = least(lambda: [called(command, looped) for command in single], 1, False)
    yield Row(f"sweep of {POINTS} points, -j {CORES}", took, plain, "a call a point")


TABLES: tuple[Callable[[], Iterator[Row]], ...] = (steps, rules, leaps, middle, variances, equations, many, runs)


def machine() -> list[str]:
    """What the machine's own libraries do."""
    memory = np.ones(20_000_000)
    copied = 2 * memory.nbytes / least(memory.copy, alone=False) / 1e9
    speeds = ", ".join(f"{2e-9 / product_seconds(n):.1f} GF/s on {n} cores" for n in sorted({1, CORES}))
    return [f"matrix product {speeds}; memory {copied:.1f} GB/s; load {os.getloadavg()[0]:.1f}"]


def committed() -> dict[str, float]:
    """The ratios of the table that is there, by row."""
    lines = TABLE.read_text().splitlines()[2:] if TABLE.exists() else []
    return {line[:46].strip(): float(line[46:].split()[2]) for line in lines}


def fallen(rows: list[Row], before: dict[str, float]) -> list[str]:
    """The rows whose ratio is more than a fifth below that of the committed table."""
    known = [(row, before[row.name]) for row in rows if row.name in before]
    return [f"fallen: {row.name}: {old:.4g} to {row.ratio:.4g}" for row, old in known if row.ratio < FALLEN * old]


def main() -> None:
    """Print the table, write it to bench.txt beside this file, and name what has fallen."""
    before, head = committed(), [*machine(), f"{'':46s} {'s':>10s} {'reference':>10s} {'times':>10s}  reference"]
    print("\n".join(head), flush=True)
    rows = []
    for table in TABLES:
        for row in table():
            print(row, flush=True)
            rows.append(row)
    TABLE.write_text("\n".join([*head, *map(str, rows)]) + "\n")
    print("\n".join(fallen(rows, before) or ["no row has fallen by more than a fifth"]))


if __name__ == "__main__":
    main()
