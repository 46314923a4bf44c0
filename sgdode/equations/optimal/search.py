"""The best schedule of a family, by L-BFGS-B from several starts on the discrete adjoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sgdode.equations.optimal.controlled import Controlled
from sgdode.equations.optimal.families import ConstantRates, Family, HoldPowers, RateTables
from sgdode.equations.optimal.runge_kutta import (
    BEYOND,
    Steps,
    log_risk,
    log_risk_and_gradient,
    steps_between,
)
from sgdode.errors import RunError
from sgdode.model.overlaps import Array

#: Steps of RK4 between two nodes, at least, and per unit of α·(rate of the fastest direction).
_FEWEST, _PER_RATE = 6, 1.2
_MOST_STEPS = 50_000
#: Levels of a constant rate that are looked at, in steps of this factor.
_LEVEL = 2.0
_MOST_ITERATIONS = 60
#: A relative change of the risk on twice as many steps that has them doubled.
_CONVERGED = 1e-4


@dataclass(frozen=True)
class Best:
    """The best of a family: ``x``, the excess risk at the end, and every start with where it ended: (label, risk)."""

    family: Family
    x: Array
    risk: float
    starts: tuple[tuple[str, float], ...]
    evaluations: int


@dataclass(frozen=True)
class RateBounds:
    """Of f = γ(α)/γ."""

    low: float
    high: float


def node_samples(end: float, count: int) -> Array:
    """α of ``count`` nodes: 0, then geometric from end/100 to the end."""
    return np.concatenate([[0.0], np.geomspace(end / 100.0, end, count - 1)])


def rk4_steps(controlled: Controlled, nodes: Array, f: Array, finer: int = 1) -> Steps:
    """Steps between the nodes (N,) that are stable at twice the rates f (N,) there."""
    fastest = controlled.rate * controlled.stiffness() * 2.0 * np.maximum(f[:-1], f[1:])
    counts = np.maximum(_FEWEST, np.ceil(np.diff(nodes) * fastest / _PER_RATE)).astype(int) * finer
    if counts.sum() > _MOST_STEPS:
        raise RunError(
            f"optimise: {counts.sum()} steps are needed up to {nodes[-1]:g} samples per dimension (at most "
            f"{_MOST_STEPS}); lower time.stop or the largest rate"
        )
    return steps_between(nodes, counts)


def minimised(
    controlled: Controlled, family: Family, nodes: Array, starts: Sequence[tuple[str, Array]], bounds: RateBounds,
    look: Callable[[], None],
) -> Best:  # fmt: skip
    """The lowest of what the ``starts`` (label, x) lead to. ``look`` is called at every gradient."""
    ends: list[tuple[str, float, Array]] = []
    evaluations = 0
    for label, x in starts:
        risk, best, count = _descent(controlled, family, nodes, x, bounds, look)
        ends.append((label, risk, best))
        evaluations += count
    risk, x = min(((risk, x) for _, risk, x in ends), key=lambda end: end[0])
    return Best(family, x, risk, tuple((label, risk) for label, risk, _ in ends), evaluations)


def _descent(
    controlled: Controlled, family: Family, nodes: Array, x: Array, bounds: RateBounds, look: Callable[[], None]
) -> tuple[float, Array, int]:
    """The risk, x and the number of gradients; on steps that suit the schedule that is found, too."""
    from scipy.optimize import minimize

    box, count, finer = family.bounds(bounds.low, bounds.high), 0, 1
    x = np.clip(x, *np.array(box).T)
    for _ in range(3):
        steps = rk4_steps(controlled, nodes, family.factor(x, nodes)[0], finer)

        def objective(x: Array, steps: Steps = steps) -> tuple[float, Array]:
            look()
            f, slopes = family.factor(x, steps.stages)
            value, by_f = log_risk_and_gradient(controlled, steps, f)
            return value, np.einsum("sr,srn->n", by_f, slopes)

        options: Any = {"maxiter": _MOST_ITERATIONS, "ftol": 1e-8, "gtol": 1e-5, "maxls": 30}
        found = minimize(objective, x, jac=True, method="L-BFGS-B", bounds=box, options=options)
        x, count = np.asarray(found.x), count + int(found.nfev)
        check = rk4_steps(controlled, nodes, family.factor(x, nodes)[0], 2 * finer)
        again = log_risk(controlled, check, family.factor(x, check.stages)[0])
        if abs(again - float(found.fun)) < _CONVERGED or again == BEYOND:
            break
        finer *= 2
    return float(np.exp(again)), x, count


def best_constant(controlled: Controlled, nodes: Array, bounds: RateBounds, look: Callable[[], None]) -> Best:
    """From the best of levels between the bounds; those that need too many steps come last."""
    family = ConstantRates()
    low, high = np.log([bounds.low, bounds.high])
    levels = np.linspace(low, high, max(3, round((high - low) / np.log(_LEVEL)) + 1))
    risks: list[float] = []
    for level in levels:
        look()
        try:
            steps = rk4_steps(controlled, nodes, np.exp(np.full(len(nodes), level)))
        except RunError:
            if not risks:
                raise
            risks += [BEYOND] * (len(levels) - len(risks))
            break
        risks.append(log_risk(controlled, steps, family.factor(np.array([level]), steps.stages)[0]))
    order = np.argsort(risks)[:2]
    starts = [(f"constant {np.exp(levels[at]):.3g}", levels[at : at + 1]) for at in order]
    return minimised(controlled, family, nodes, starts, bounds, look)


def best_hold_power(
    controlled: Controlled, nodes: Array, constant: Best, bounds: RateBounds, look: Callable[[], None]
) -> Best:
    """From 1/α after shares of the run, at up to four times the best constant."""
    end, level = float(nodes[-1]), float(constant.x[0])
    starts = [
        (f"hold {share:g} of the run at {times:g}", np.array([level + np.log(times), np.log(share * end), 1.0]))
        for share, times in ((0.03, 4.0), (0.15, 3.0), (0.5, 1.5))
    ]
    return minimised(controlled, HoldPowers(end), nodes, starts, bounds, look)


def best_table(
    controlled: Controlled, nodes: Array, constant: Best, hold: Best, bounds: RateBounds, look: Callable[[], None]
) -> Best:
    """From the best constant, a quarter more of it, and the best hold-power."""
    level = float(constant.x[0])
    held = np.log(np.maximum(hold.family.factor(hold.x, nodes)[0], 1e-300))
    flat = np.full(len(nodes), level)
    starts = [("best constant", flat), ("twice that, then half", np.linspace(0.7, -0.7, len(nodes)) + level),
              ("best hold-power", held)]  # fmt: skip
    return minimised(controlled, RateTables(tuple(nodes.tolist())), nodes, starts, bounds, look)
