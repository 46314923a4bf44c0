"""The stated error of V against its true one, over random activations, gains, variances, correlations and widths.

    PYTHONPATH=tests python tests/support/variance_grid.py [--cases 2400]

Fields lie in a plane (Ω singular for three of them and more, correlations of ±1 among them), where V has a twin in
polar coordinates: gains to 1000, q from 1e-6 to 1e4, all pairs of named activations. Prints what states less than its
true error, and how much more the others state.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

import numpy as np

from sgdode.gaussian.dual import pair_kernel
from sgdode.gaussian.variance.table import variance_term
from sgdode.model.activations import ACTIVATIONS, Activation, hermite_series
from support import planar_twin
from support.gaussian_twin import functions

SERIES = ((0.3, -0.2, 0.4, 0.1), (0.0, 0.0, 0.0, 0.0, 0.5), (0.1, 0.8))
NAMES = (*ACTIVATIONS, "hermite")
#: What the twin itself may be off by, of E[|σ'_i σ'_j| (Σ |v_c s_c|)²].
TWIN = 1e-11


@dataclass(frozen=True)
class Case:
    """Two kinds of unit, fields ``rows`` (n,2) @ z, weights v (n,), Δ and the number of students."""

    student: Activation
    teacher: Activation
    rows: np.ndarray
    v: np.ndarray
    noise: float
    p: int

    def __str__(self) -> str:
        kinds = [f"{unit.name} × {unit.gain:.3g}" for unit in (self.student, self.teacher)]
        return f"{kinds[0]} | {kinds[1]}, p = {self.p}, q = {np.sum(self.rows**2, axis=1).round(6)}, Δ = {self.noise}"


def case(number: int) -> Case:
    """Case ``number`` of the grid: pairs in turn, the rest at random."""
    rng = np.random.default_rng([2026, number])
    student, teacher = NAMES[number % len(NAMES)], NAMES[number // len(NAMES) % len(NAMES)]
    p, k = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    angle, kind = rng.uniform(0.0, 2.0 * np.pi, p + k), int(rng.integers(6))
    if kind == 0:
        angle = np.pi * rng.integers(2, size=p + k)
    if kind == 1:
        angle[-1] = angle[0] + np.pi * rng.integers(2)
    if kind == 2:
        angle[1:] = angle[0] + 10 ** rng.uniform(-9.0, -1.0, p + k - 1)
    root = 10 ** rng.uniform(-3.0, 2.0, p + k)
    rows = root[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    v = np.concatenate([-rng.uniform(0.3, 1.3, p), rng.uniform(0.3, 1.5, k)])
    return Case(_unit(student, rng), _unit(teacher, rng), rows, v, float(rng.choice([0.0, 0.1])), p)


def _unit(name: str, rng: np.random.Generator) -> Activation:
    gain = float(rng.choice([1.0, 10 ** rng.uniform(-1.0, 3.0)]))
    record = hermite_series(SERIES[rng.integers(len(SERIES))]) if name == "hermite" else ACTIVATIONS[name]
    return replace(record, gain=gain)


def twin(of: Case) -> tuple[np.ndarray, np.ndarray]:
    """V (p,p) in polar coordinates, and the size of its terms."""
    units = [of.student] * of.p + [of.teacher] * (len(of.v) - of.p)
    gains = np.array([unit.gain for unit in units])
    student, teacher = functions(of.student), functions(of.teacher)
    V = planar_twin.variance(of.rows, gains, of.v, of.noise, of.p, student, teacher)
    both = [tuple((lambda x, f=f: np.abs(f(x))) for f in unit) for unit in (student, teacher)]
    return V, planar_twin.variance(of.rows, gains, np.abs(of.v), of.noise, of.p, *both)


def errors(number: int) -> dict[str, float | str]:
    """Of a case: the true and the stated error where the one is worst, relative to √(V_ii V_jj), and the twin's."""
    of = case(number)
    k = len(of.v) - of.p
    duals = [pair_kernel(*pair) for pair in ((of.student, of.student), (of.student, of.teacher), (of.teacher,) * 2)]
    term = variance_term(of.student, of.teacher, of.p, k, *duals)
    Omega, found = of.rows @ of.rows.T, np.full((of.p, of.p), np.nan)
    term.fill(Omega, of.v, of.noise, found)
    stated = np.zeros_like(found) if term.bound is None else np.asarray(term.bound(Omega, of.v, of.noise))
    V, size = twin(of)
    true, unsure = np.abs(found - V), TWIN * size
    worst = np.unravel_index(np.argmax(true - stated - unsure), V.shape)
    scale = np.sqrt(max(V[worst[0], worst[0]] * V[worst[1], worst[1]], 1e-300))
    shares = {"true": true[worst] / scale, "stated": stated[worst] / scale, "unsure": unsure[worst] / scale}
    return {"case": f"{number}: {of}", "method": term.method, **shares}


def close(one: dict[str, float | str]) -> bool:
    """Whether the stated error is within a hundred of the true one, or small."""
    return float(one["stated"]) <= max(100.0 * float(one["true"]), 1e-9, float(one["unsure"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=2400)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    found = [errors(number) for number in range(given.first, given.first + given.cases)]
    over = [one for one in found if not float(one["true"]) <= float(one["stated"]) + float(one["unsure"])]
    for one in over:
        print("{case}\n    {method}: true {true:.2g}, stated {stated:.2g}, twin {unsure:.2g}".format(**one))
    print(f"{len(found)} cases: true error above the stated one in {len(over)};", end=" ")
    print(f"stated within 100 times the true one, or 1e-9: {sum(map(close, found)) / len(found):.1%}")
    for method in sorted({str(one["method"]) for one in found}):
        some = [one for one in found if one["method"] == method]
        stated, true = (np.array([float(one[key]) for one in some]) for key in ("stated", "true"))
        line = f"median true {np.median(true):.1e}, largest {true.max():.1e}; median stated {np.median(stated):.1e}"
        print(f"{len(some):5d} {sum(map(close, some)) / len(some):6.1%}  {method}: {line}")


if __name__ == "__main__":
    main()
