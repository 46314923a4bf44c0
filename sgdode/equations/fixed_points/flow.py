"""F and ∂F/∂y of equations that do not depend on time, in the numbers of the state that are free to move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sgdode.equations.fixed_points.inside import jacobian_inside
from sgdode.equations.fluctuations.erf_jacobian import ErfJacobian
from sgdode.equations.system import Method, System
from sgdode.equations.systems import system
from sgdode.errors import Defect, SpecError
from sgdode.model.learning import told_rule
from sgdode.model.overlaps import Array, omega
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start
from sgdode.model.state import entries, unpacked

#: The equations that have fixed points here.
SERVED = ("full", "gradient-flow", "gradient-flow-noise")
#: What J by differences, or in closed form, is known to, relative to its norm.
_DIFFERENCED, _CLOSED = 1e-6, 1e-9
_MOST_UNITS = 40


@dataclass(frozen=True)
class Flow:
    """The equations ``name`` of a problem at a constant rate: dy/dt = F(y), y (m,) the packed Q and M.

    ``start``: gives P and the output weights. ``free`` (m,): the numbers that move; on the sphere Q_ii do not.
    """

    problem: Problem
    start: Start
    name: str
    equations: System
    free: NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int]:
        """p and k."""
        p, k = self.start.overlaps.M.shape
        return p, k

    @property
    def closed(self) -> bool:
        """Whether ∂F/∂y is in closed form."""
        return self.name != "gradient-flow-noise" and ErfJacobian.serves(self.problem)

    @property
    def neutral(self) -> float:
        """Real parts of eigenvalues below this share of ‖J‖ are zero, as far as J is known."""
        return _CLOSED if self.closed else _DIFFERENCED

    def velocity(self, y: Array) -> Array:
        """F (m,) at ``y``."""
        found = np.empty(len(y))
        self.equations.rhs(0.0, y, found)
        return found

    def jacobian(self, y: Array) -> Array:
        """∂F/∂y (m,m) of the equations whose Ψ(Var) is not clipped at zero: at perfect learning that is a corner."""
        if self.closed:
            rate = 0.0 if self.name == "gradient-flow" else None
            return ErfJacobian(self.problem, self.start, rate)(0.0, y)
        return jacobian_inside(self, y)

    def split(self, y: Array) -> tuple[Array, Array]:
        """Q (p,p) and M (p,k) of a state."""
        Q, M, _ = unpacked(y[np.newaxis], *self.shape)
        return Q[0], M[0]

    def risk(self, y: Array) -> float:
        """The excess risk of a state."""
        return float(self.equations.curves(y[np.newaxis])["risk"][0])

    def smallest_eigenvalue(self, y: Array) -> float:
        """Of Ω, relative to its largest: below zero no weights have these overlaps."""
        values = np.linalg.eigvalsh(omega(*self.split(y), self.start.overlaps.P))
        return float(values[0] / max(values[-1], 1e-300))


def flow(problem: Problem, start: Start, name: str) -> Flow:
    """The flow ``name`` of a problem, with P and a of a ``start``. Raises SpecError where it has no fixed points."""
    _refuse(problem, name)
    p, k = start.overlaps.M.shape
    owners, others = entries(p, k)
    free = ~((owners == others) & problem.rule.spherical)
    return Flow(problem, start, name, system(problem, start, name, Method(name)), free)


def _refuse(problem: Problem, name: str) -> None:
    teacher = problem.teacher
    reasons = {
        "inputs": not problem.inputs.isotropic and "fixed points are for isotropic inputs; use spectrum: isotropic",
        "teacher": bool(teacher.lessons or teacher.rotation or teacher.drift)
        and "there is no fixed point while the teacher changes: remove tasks, rotation and drift",
        "integrate.equations": name not in SERVED
        and f"got {name!r}; fixed points are of {', '.join(SERVED)}: choose one of these",
        "student.train_output": problem.rule.trained and "fixed points are for output weights that stay: set it to 0",
        "algorithm": not (problem.rule.keeps_kernels and problem.rule.linear)
        and f"fixed points are of plain SGD and loss: correlation; here: {told_rule(problem.rule)}",
        "learning_rate.schedule": not problem.clock.constant
        and "there is no fixed point while the rate falls: set it to constant",
        "student.width": problem.p + problem.k > _MOST_UNITS
        and f"fixed points of {problem.p + problem.k:g} units are out of reach (up to {_MOST_UNITS}); lower it",
    }
    if defects := [Defect("", key, reason) for key, reason in reasons.items() if reason]:
        raise SpecError(defects)
