"""Where a run lies between the limits of the paper (its figure 1), and which equations suit it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sgdode.spec.schema import Spec

#: `full` is solved up to about this many seconds before `auto` turns to `mean-field`.
AFFORDABLE_SECONDS = 600.0
_TYPICAL_RIGHT_HAND_SIDES = 3000
#: √(γ/(p d)) and γ/p above these are not small; below this δt the rounding of float32 rivals the noise of SGD.
_LARGE_STEP, _LARGE_RATE, _FINEST_FLOAT32 = 0.3, 0.1, 1e-6
_POLYNOMIALS = ("square", "linear", "hermite")


@dataclass(frozen=True)
class Plan:
    """The equations of a run, why, and how far from SGD they are expected to be (relative, without its constant)."""

    equations: str
    reason: str
    expected_error: float


def plan(spec: Spec) -> Plan:
    """The equations that ``integrate`` solves for a spec: those asked for, or what `auto` stands for."""
    asked = spec.integrate.equations
    if asked != "auto":
        return Plan(asked, "asked for in the spec", expected_errors(spec)[asked])
    if math.isinf(spec.p):
        name = "mean-field-high-d" if math.isinf(spec.d) else "mean-field"
        return Plan(name, "the student is infinitely wide", expected_errors(spec)[name])
    seconds = full_seconds(spec)
    if seconds <= AFFORDABLE_SECONDS:
        reason = f"exact in the limit γ/(p d) → 0 at any width, and affordable (about {seconds:.2g} s)"
        return Plan("full", reason, expected_errors(spec)["full"])
    name = "mean-field-high-d" if math.isinf(spec.d) else "mean-field"
    reason = f"`full` would take about {seconds:.2g} s at p = {spec.p:g}; the student is wide"
    return Plan(name, reason, expected_errors(spec)[name])


def expected_errors(spec: Spec) -> dict[str, float]:
    """Theorems 1, 2 and 5: √(γ/(p d)) for `full`; γ/p more where Ψ(Var) is left out; 1/√p, 1/√d in the mean field."""
    step = math.sqrt(spec.step_size)
    wide, high = 1.0 / math.sqrt(spec.p), 1.0 / math.sqrt(spec.d)
    rate = spec.gamma_over_p / spec.batch_size
    return {
        "full": step,
        "gradient-flow": step + rate,
        "gradient-flow-noise": step + rate,
        "mean-field": step + wide + rate,
        "mean-field-high-d": step + wide + high + rate,
    }


def beyond_theory(spec: Spec, equations: str) -> list[str]:
    """Warnings where a step size is out of the reach of ``equations`` (Theorem 1, and what they leave out)."""
    found, step, rate = [], math.sqrt(spec.step_size), spec.gamma_over_p / spec.batch_size
    if step > _LARGE_STEP:
        found.append(
            f"the step size is beyond the theory: √(γ/(p d)) = {step:.2g} is not small (Theorem 1), so single runs of "
            "SGD differ from these equations by as much"
        )
    if equations != "full" and rate > _LARGE_RATE:
        found.append(
            f"the step size is beyond {equations}: it leaves out terms of order γ/p = {rate:.2g}, which is not small; "
            "`full` has them"
        )
    return found


def too_coarse(spec: Spec) -> list[str]:
    """A warning where the weights of a simulation in float32 are rounded by as much as SGD moves them at random."""
    if spec.simulate.precision == "float64" or spec.step_size >= _FINEST_FLOAT32:
        return []
    return [
        f"float32 is too coarse: rounding (6e-08 of a weight) is not small against steps of δt = {spec.step_size:.2g}; "
        "use precision: float64"
    ]


def full_seconds(spec: Spec) -> float:
    """Seconds that `full` takes, to an order of magnitude: right-hand sides times the cost of Ψ(Var)."""
    p, n = spec.p, spec.p + spec.k
    student, teacher = spec.student.activation, spec.teacher.activation
    if student.name in _POLYNOMIALS and teacher.name in _POLYNOMIALS:
        cost = 1e-9 * n**3 if student.hermite is None else 1e-7 * p**2 * n**2
    elif student.name == teacher.name == "erf":
        cost = 1.3e-9 * p**2 * n**2
    else:
        cost = 2e-8 * p**2 * n**2 + 1e-3
    return _TYPICAL_RIGHT_HAND_SIDES * cost


def regime(spec: Spec) -> str:
    """The corner of figure 1 that a run is nearest to, in words."""
    small = {
        "mean-field: p → ∞": 1.0 / spec.p,
        "high-dimensional (Saad–Solla): d → ∞ at fixed p and γ": 1.0 / spec.d,
        "classical (gradient flow): γ/p → 0 at fixed d and p": spec.gamma_over_p,
    }
    return min(small, key=lambda name: small[name])
