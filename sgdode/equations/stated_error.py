"""What the errors of Gaussian averages may make of a solution: stated errors of the right-hand side and of the risk.

Of the right-hand side: the largest that it states at ten states of the path. Of the risk, relative to it, three parts:
its own average, ½ vᵀ δK v; a drift that is off by ε, which is a time that is off by it, ε |dR/d ln t|; and a noise term
that is off by ε, whose effect is R solved with (1 + ε) of it, or taken for ten times ε where ε is below 1e-6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sgdode.equations.system import System
from sgdode.gaussian.risk import averaged_risk_error, some_times, worst_share
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.results.alignment import squared_inside

#: Ψ(Var) known better than this is not solved with anew; the risk then has this many times its error.
_SMALL, _RESPONSE = 1e-6, 10.0
#: The linear response is made larger by this factor.
_SAFETY = 3.0


class Solved(NamedTuple):
    """What was solved: the problem, P (k,k) of its start, and the times (T,) reached."""

    problem: Problem
    P: Array
    time: Array


def path_error(equations: System, time: Array, states: Array) -> float:
    """The largest relative error that the right-hand side states on the path, states (T,size)."""
    known = float(equations.report.get("kernel_error", 0.0))
    if equations.stated_error is None or len(states) == 0:
        return max(known, equations.error)
    with np.errstate(all="ignore"):
        found = [equations.stated_error(float(time[at]), states[at]) for at in some_times(time)]
    return max([known, *(error for error in found if math.isfinite(error))])


def stated_risk_error(
    run: Solved, equations: System, states: Array, error: float, solved: Callable[[System], Array]
) -> float:
    """The largest error of the risk relative to it, for the solution ``states`` (T,size) whose right-hand side is known
    to ``error``. ``solved(system)``: the states of another system at the same times, as many as it reaches."""
    problem, P, time = run
    drift = float(equations.report.get("kernel_error", 0.0))
    curves, at = equations.seen(time, states), some_times(time)
    risk, a0 = curves["risk"], np.asarray(problem.student.a, dtype=float)
    a = curves.get("output_weights", np.broadcast_to(a0, (len(time), a0.size)))
    q = np.einsum("tii->ti", curves["Q"]) if "Q" in curves else curves["q"] + squared_inside(curves["M"], P)
    variances = np.maximum(q[at], 0.0)  # a loose tolerance leaves some below
    total = averaged_risk_error(problem, P, variances, a[at], risk[at])
    moving = np.append(True, time[1:] > time[:-1])  # t stands still where γ is 0
    if moving.sum() > 1:
        slope = np.gradient(risk[moving], time[moving])
        total += worst_share(drift * np.abs(slope * time[moving]), risk[moving])
    if equations.louder is None:
        return total
    if error <= _SMALL:
        return total + _RESPONSE * error
    louder = solved(replace(equations, rhs=equations.louder(error)))
    moved = equations.seen(time[: len(louder)], louder)["risk"]
    both = min(len(moved), len(risk))
    return total + _SAFETY * worst_share(np.abs(moved[:both] - risk[:both]), risk[:both])
