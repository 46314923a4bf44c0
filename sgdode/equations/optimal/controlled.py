"""The equations as a function of the rate: dy/dα = c f (F₀ + f F₁), f = γ(α)/γ, c = γ/(pB)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from sgdode.equations.fluctuations.erf_jacobian import ErfJacobian
from sgdode.equations.fluctuations.jacobian import Jacobian, central
from sgdode.equations.fluctuations.risk_derivatives import RiskSlope
from sgdode.equations.full import OverlapFlow
from sgdode.equations.system import Method, System
from sgdode.equations.systems import system
from sgdode.model.clock import Clock
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start

#: Steps of central differences, where ∂F/∂y has no closed form: their error is about the square.
_DIFFERENCE = 1e-5


@dataclass(frozen=True)
class Dial(Clock):
    """A clock whose factor is what it is set to, at any t."""

    value: list[float] = field(default_factory=lambda: [1.0], compare=False)

    def factor(self, time: float) -> float:
        """f as it is set."""
        return self.value[0]


class Controlled:
    """`full` of a problem from a start, for any f: its F, ∂F/∂y and risk. ``gradient_error``: what a gradient by its
    Jacobian is off by, relative (0: round-off)."""

    def __init__(self, problem: Problem, start: Start, method: Method):
        clock = problem.clock
        self.dial = Dial(clock.step_size, per_step=clock.per_step, rate=clock.rate)
        self.rate, self.problem = clock.rate, replace(problem, clock=self.dial)
        self.system: System = system(self.problem, start, "full", method)
        assert isinstance(self.system.rhs, OverlapFlow)
        self.equations, self.y0 = self.system.rhs, self.system.y0
        self.slope = RiskSlope(self.problem, start)
        closed = ErfJacobian.serves(problem)
        self.jacobian: Jacobian = ErfJacobian(self.problem, start) if closed else self._differences
        self.gradient_error = 0.0 if closed else max(1e-6, self.system.error)

    def flow(self, f: float, y: Array) -> Array:
        """F₀ + f F₁ (m,) at a state."""
        self.dial.value[0], ydot = f, np.empty(len(y))
        self.equations(0.0, y, ydot)
        return ydot

    def rise(self, flow: Array) -> Array:
        """∂(f F)/∂f = F₀ + 2 f F₁ (m,) where ``flow`` is the latest F₀ + f F₁."""
        without = np.empty(len(flow))
        self.equations.without_noise(without)
        return np.asarray(2.0 * flow - without)

    def slope_of_flow(self, f: float, y: Array) -> Array:
        """∂F/∂y (m,m)."""
        self.dial.value[0] = f
        return self.jacobian(0.0, y)

    def _differences(self, t: float, y: Array) -> Array:
        return central(self.system, t, y, max(_DIFFERENCE, self.system.error**0.5))

    def risk(self, y: Array) -> float:
        """R − Δ/2."""
        return float(self.system.curves(y[np.newaxis])["risk"][0])

    def stiffness(self) -> float:
        """The largest |eigenvalue| of ∂F/∂y at the start, and 1.5 at least, per unit of t."""
        return max(1.5, float(np.max(np.abs(np.linalg.eigvals(self.slope_of_flow(1.0, self.y0))))))
