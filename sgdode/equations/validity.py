"""Where a run lies between the limits of the paper (its figure 1), and which equations suit it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sgdode.model.problem import Problem
from sgdode.model.systems import SYSTEMS

#: `full` is solved up to about this many seconds before `auto` turns to `mean-field`.
AFFORDABLE_SECONDS = 600.0
_TYPICAL_RIGHT_HAND_SIDES = 3000
#: √(γ/(p d)) and γ/p above these are not small; below this δt the rounding of float32 rivals the noise of SGD.
_FEW_DIMENSIONS = 50.0
_LARGE_STEP, _LARGE_RATE, _FINEST_FLOAT32 = 0.3, 0.1, 1e-6


@dataclass(frozen=True)
class Plan:
    """The equations of a run, why, and how far from SGD they are expected to be (relative, without its constant)."""

    equations: str
    reason: str
    expected_error: float


def plan(problem: Problem, asked: str) -> Plan:
    """The equations that ``integrate`` solves for a problem: those asked for, or what `auto` stands for."""
    if asked != "auto":
        return Plan(asked, "asked for in the spec", SYSTEMS[asked].expected_error(problem))
    wide = "mean-field-high-d" if math.isinf(problem.d) else "mean-field"
    if math.isinf(problem.p):
        return Plan(wide, "the student is infinitely wide", SYSTEMS[wide].expected_error(problem))
    if not (problem.rule.keeps_kernels and problem.rule.loss.share is not None):
        reason = "the equations of this learning rule"
        return Plan("full", reason, SYSTEMS["full"].expected_error(problem))
    seconds = full_seconds(problem)
    if seconds <= AFFORDABLE_SECONDS:
        reason = "exact in the limit γ/(p d) → 0 at any width, and affordable"
        return Plan("full", reason, SYSTEMS["full"].expected_error(problem))
    reason = f"`full` would take {seconds:.0e} s, very roughly, at p = {problem.p:g}; the student is wide"
    return Plan(wide, reason, SYSTEMS[wide].expected_error(problem))


def expected_errors(problem: Problem) -> dict[str, float]:
    """How far every system is expected to be from SGD: Theorems 1, 2 and 5, and γ/p where Ψ(Var) is left out."""
    return {name: record.expected_error(problem) for name, record in SYSTEMS.items()}


def beyond_theory(problem: Problem, equations: str) -> list[str]:
    """Warnings where a step size is out of the reach of ``equations`` (Theorem 1, and what they leave out)."""
    found, step, rate = [], math.sqrt(problem.largest_step), problem.noise_rate
    symbol = "√(γ/(p d))" if problem.inputs.largest == 1 else "√(γ c_max/(p d))"
    if step > _LARGE_STEP:
        found.append(
            f"the step size is beyond the theory: {symbol} = {step:.2g} is not small (Theorem 1), so single runs of "
            "SGD differ from these equations by as much"
        )
    if not SYSTEMS[equations].every_rate and rate > _LARGE_RATE:
        found.append(
            f"the step size is beyond {equations}: it leaves out terms of order γ/p = {rate:.2g}, which is not small; "
            "`full` has them"
        )
    return found


def of_spectrum(problem: Problem, stop: float) -> list[str]:
    """What a reader is to know of inputs with blocks before a run up to t = ``stop``."""
    law, found = problem.inputs, list[str]()
    if law.isotropic:
        return found
    if (effective := law.concentration * problem.d) < _FEW_DIMENSIONS:
        found.append(
            f"the effective dimension (tr C)²/tr C² = {effective:.3g} is small: ‖x‖² does not concentrate, and `full` "
            "is off by as much as its inverse times γ/p, at any d"
        )
    if stop * law.smallest < 1:
        found.append(
            f"blocks of eigenvalues below {1 / stop:.3g} (down to {law.smallest:.3g}) have hardly moved at time.stop = "
            f"{stop:g}"
        )
    return found


def too_coarse(problem: Problem, precision: str) -> list[str]:
    """A warning where the weights of a simulation in float32 are rounded by as much as SGD moves them at random."""
    if precision == "float64" or problem.step_size >= _FINEST_FLOAT32:
        return []
    return [
        "float32 is too coarse: rounding (6e-08 of a weight) is not small against steps of "
        f"δt = {problem.step_size:.2g}; use precision: float64"
    ]


def full_seconds(problem: Problem) -> float:
    """Seconds that `full` takes, to an order of magnitude."""
    return _TYPICAL_RIGHT_HAND_SIDES * right_hand_side_seconds(problem)


def right_hand_side_seconds(problem: Problem) -> float:
    """Seconds of one right-hand side of `full`, to an order of magnitude: those of Ψ(Var)."""
    p, n = problem.p, problem.p + problem.k
    student, teacher = problem.activations
    if student.degree is not None and teacher.degree is not None:
        cost = 1e-9 * n**3 if student.hermite is None else 1e-7 * p**2 * n**2
    elif student.name == teacher.name == "erf":
        cost = 1.3e-9 * p**2 * n**2
    elif student.ramp is not None and teacher.ramp is not None:
        cost = 3e-8 * p**2 * n**2 + 1e-4
    elif student.sigmoidal:
        cost = (2e-8 if student.name == "erf" else 8e-7) * p**2 * n**2 + 1e-4
    elif student.degree is not None:
        cost = 5e-8 * p**2 * n**2 + 1e-5
    else:
        smooth = any(unit.own or unit.name == "softplus" for unit in (student, teacher))
        cost = min((2e-4 if smooth else 9e-6) * p**2 * n**2, 0.1) + 2e-8 * p**2 * n**2
    return cost


def regime(problem: Problem) -> str:
    """The corner of figure 1 that a run is nearest to, in words."""
    small = {
        "mean-field: p → ∞": 1.0 / problem.p,
        "high-dimensional (Saad–Solla): d → ∞ at fixed p and γ": 1.0 / problem.d,
        "classical (gradient flow): γ/p → 0 at fixed d and p": problem.gamma_over_p,
    }
    return min(small, key=lambda name: small[name])
