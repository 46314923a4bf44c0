"""The theorems as measurements: how the distance between two descriptions falls with the size that separates them.

Theorem 1: SGD and `full` differ by (γ/(pd))^{1/2}. Theorem 2: gradient flow on the full Q and `mean-field` by p^{-1/2}.
Theorem 5: `mean-field` and `mean-field-high-d` by d^{-1/2} at most. Slopes are fitted to logarithms, their errors come
from independent runs or starts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NotRequired, TypedDict, Unpack

import numpy as np

from sgdode.equations.full import full
from sgdode.equations.solvers import solve
from sgdode.equations.system import Method, System
from sgdode.equations.systems import system
from sgdode.gaussian.risk import kernels
from sgdode.jit.pairs import dual
from sgdode.model.activations import ACTIVATIONS
from sgdode.model.clock import Clock, Saving
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem, Student, Teacher, student_weights
from sgdode.model.start_laws import start
from sgdode.model.starts import STARTS, Initial
from sgdode.results.alignment import squared_inside
from sgdode.simulation.run import Sampling
from sgdode.simulation.simulate import simulate

#: A slope may miss the proven one by this many of its errors, plus what sizes that are not yet asymptotic add.
_ERRORS, _CURVATURE = 3.0, 0.05
_MOST_STARTS = 32


class Claim(TypedDict):
    """What a theorem says of a deviation; see Slope."""

    theorem: str
    deviation: str
    against: str
    expected: float
    faster: NotRequired[bool]


@dataclass(frozen=True)
class Slope:
    """``deviation`` ~ ``against``^slope: measured ``y`` (N,) with errors ``y_error`` (N,) at sizes ``x`` (N,).

    ``expected`` is the proven exponent; with ``faster`` a steeper fall is right too.
    """

    theorem: str
    deviation: str
    against: str
    x: Array
    y: Array
    y_error: Array
    slope: float
    error: float
    expected: float
    faster: bool = False

    @property
    def holds(self) -> bool:
        """Whether the measured slope is the proven one, within 3 errors and 0.05."""
        allowed = _ERRORS * self.error + _CURVATURE
        miss = self.slope - self.expected
        return bool(miss <= allowed if self.faster else abs(miss) <= allowed)

    def line(self) -> str:
        """One line for a reader."""
        return f"{self.theorem}: {self.deviation} ~ {self.against}^({self.slope:.3f} ± {self.error:.3f})"

    def summary(self) -> dict[str, object]:
        """As JSON."""
        points = {name: getattr(self, name).tolist() for name in ("x", "y", "y_error")}
        fit = {"slope": self.slope, "slope_error": self.error, "expected": self.expected, "holds": self.holds}
        return {"theorem": self.theorem, "deviation": self.deviation, "against": self.against, **points, **fit}


def verify(*, quick: bool = False, seed: int = 0) -> Iterator[Slope]:
    """The slopes of Theorems 1, 2 and 5, one after the other; ``quick`` takes fewer and smaller runs."""
    yield sgd_to_full((400, 1600, 6400) if quick else (200, 800, 3200, 12800, 51200), 40 if quick else 100, seed)
    yield mean_field_to_gradient_flow((50, 200, 800) if quick else (200, 800, 3200), 3 if quick else 4, seed)
    yield high_dimensional_to_mean_field((8, 32, 128, 512) if quick else (8, 32, 128, 512, 2048), 4, seed)


def fit(x: Array, samples: list[Array], **claim: Unpack[Claim]) -> Slope:
    """The slope of the root mean square of each of ``samples`` (squares of distances, independent) against ``x``."""
    y = np.array([math.sqrt(np.mean(squares)) for squares in samples])
    y_error = np.array([np.std(squares, ddof=1) / math.sqrt(len(squares)) for squares in samples] / (2.0 * y))
    place, height, weight = np.log(x), np.log(y), (y / np.maximum(y_error, 1e-3 * y)) ** 2
    middle = np.average(place, weights=weight)
    spread = np.sum(weight * (place - middle) ** 2)
    slope = float(np.sum(weight * (place - middle) * height) / spread)
    left = height - np.average(height, weights=weight) - slope * (place - middle)
    scatter = float(np.sum(weight * left**2)) / max(len(x) - 2, 1)
    return Slope(x=x, y=y, y_error=y_error, slope=slope, error=math.sqrt(max(scatter, 1.0) / spread), **claim)


def sgd_to_full(dimensions: tuple[int, ...], seeds: int, seed: int) -> Slope:
    """Theorem 1: ‖Ω_ν − Ω(ν δt)‖ against δt = γ/(pd), of single runs, up to t = 2; the same start at every d."""
    Q, M = [[1.0, 0.1, 0.0], [0.1, 0.8, 0.1], [0.0, 0.1, 1.2]], [[0.4, 0.0], [0.1, 0.5], [-0.2, 0.3]]
    sizes, samples = [], []
    for d in dimensions:
        problem = _problem(d, 3, Initial(STARTS["overlaps"], {"Q": Q, "M": M}), gamma=1.0)
        runs = simulate(problem, Saving(0.5, 2.0, 4, False, ("risk", "M", "Q")), Sampling(seed, seeds), jobs=2)
        equations = full(problem, start(problem))
        theory = equations.curves(_states(equations, runs.time))
        squares = ((runs.Q - theory["Q"]) ** 2).sum(axis=(2, 3)) + 2 * ((runs.M - theory["M"]) ** 2).sum(axis=(2, 3))
        sizes.append(problem.step_size)
        samples.append(squares[:, 1:].mean(axis=1))
    return fit(
        np.array(sizes), samples, theorem="1", deviation="SGD to full", against="γ/(pd)", expected=0.5
    )  # fmt: skip


def mean_field_to_gradient_flow(widths: tuple[int, ...], starts: int, seed: int) -> Slope:
    """Theorem 2: root mean square over neurons of the distance in (M, q) against p, up to t = 2, d = 5.

    ``starts`` at the largest width; more at smaller ones, which are cheaper.
    """
    times, samples = np.array([0.0, 0.5, 1.0, 2.0]), []
    for p in widths:
        squares = []
        for index in range(min(_MOST_STARTS, starts * max(widths) // p)):
            problem = _problem(5, p, Initial(STARTS["gaussian"], {"scale": 1.0}, seed + index))
            M, q = _gradient_flow(problem, times)
            equations = system(problem, start(problem), "mean-field", Method())
            found = equations.curves(_states(equations, times))
            distance = ((M - found["M"]) ** 2).sum(axis=2) + (q - found["q"]) ** 2
            squares.append(float(distance[1:].mean()))
        samples.append(np.array(squares))
    claim: Claim = {"theorem": "2", "deviation": "mean-field to gradient flow", "against": "p", "expected": -0.5}
    return fit(np.array(widths, dtype=float), samples, **claim)


def high_dimensional_to_mean_field(dimensions: tuple[int, ...], starts: int, seed: int) -> Slope:
    """Theorem 5: the same distance between the two mean-field systems against d, from the same (M, q) at every d."""
    times, samples = np.array([0.0, 0.5, 1.0, 2.0]), []
    for d in dimensions:
        squares = []
        for index in range(starts):
            rng = np.random.default_rng([seed, index])
            M = 0.5 * rng.standard_normal((6, 2))
            Q = M @ M.T + np.diag(rng.uniform(0.5, 1.5, 6))
            problem = _problem(d, 6, Initial(STARTS["overlaps"], {"Q": Q, "M": M}))
            one, other = (_mean_field(problem, name, times) for name in ("mean-field", "mean-field-high-d"))
            squares.append(float(np.mean(np.sum((one - other)[1:] ** 2, axis=(1, 2)) / 6)))
        samples.append(np.array(squares))
    claim: Claim = {
        "theorem": "5",
        "deviation": "high-d to mean-field",
        "against": "d",
        "expected": -0.5,
        "faster": True,
    }
    return fit(np.array(dimensions, dtype=float), samples, **claim)


def _problem(d: int, p: int, initial: Initial, gamma: float = 0.1) -> Problem:
    """erf students of two erf teachers, Δ = 0.05."""
    erf, k = ACTIVATIONS["erf"], 2
    return Problem(
        d=d,
        teacher=Teacher(erf, np.ones(k), np.eye(k), 0.05),
        student=Student(erf, p, np.ones(p)),
        gamma=gamma,
        gamma_over_p=gamma / p,
        clock=Clock(gamma / p / d),
        initial=initial,
    )


def _states(equations: System, times: Array) -> Array:
    return solve(equations.rhs, equations.y0, times, "dop853", 1e-5, 1e-8, lambda t: None).states


def _mean_field(problem: Problem, name: str, times: Array) -> Array:
    """M and q side by side, (T,p,k+1)."""
    equations = system(problem, start(problem), name, Method())
    found = equations.curves(_states(equations, times))
    return np.concatenate([found["M"], found["q"][..., np.newaxis]], axis=2)


def _gradient_flow(problem: Problem, times: Array) -> tuple[Array, Array]:
    """M (T,p,k) and q (T,p) of gradient flow on the full Q, for d ≪ p.

    Q has rank d, so that its factor is followed: rows W_i/√d move by G [W; W*]/√d, which is dQ/dt = G Ω + transpose at
    the cost of a (p,d) state. G as in the equations on (Q, M).
    """
    begin, duals = start(problem), kernels(*problem.activations)
    overlaps, (p, k) = begin.overlaps, begin.overlaps.M.shape
    teachers = np.hstack([overlaps.L, np.zeros((k, overlaps.B.shape[1]))])
    P, q_star = overlaps.P, np.diag(overlaps.P)
    v, v_star = student_weights(begin.a), problem.v_star
    shape = (p, teachers.shape[1])

    def rhs(t: float, y: Array, ydot: Array) -> None:
        weights = y.reshape(shape)
        q = np.sum(weights**2, axis=1)
        ss = dual(duals.ss, q, q, weights @ weights.T)
        st = dual(duals.st, q, q_star, weights @ teachers.T)
        drag = ss[2] @ v + st[2] @ v_star
        pull = ss[1] @ (v[:, np.newaxis] * weights) + st[1] @ (v_star[:, np.newaxis] * teachers)
        ydot[:] = (begin.a[:, np.newaxis] * (pull + drag[:, np.newaxis] * weights)).ravel()

    rows = System("", np.hstack([overlaps.A, overlaps.B]).ravel(), rhs, lambda states: {})
    states = _states(rows, times).reshape(len(times), *shape)
    M = states @ teachers.T
    return M, np.sum(states**2, axis=2) - squared_inside(M, P)
