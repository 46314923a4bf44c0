"""Limiting equations, ready for a solver, and how they are to be solved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.record import Record

#: ``rhs(t, y, ydot)`` fills dy/dt.
Rhs = Callable[[float, Array, Array], None]
#: A mini-batch of more than this share of d is not small.
_LARGE_BATCH = 0.05


@dataclass(frozen=True)
class Method(Record):
    """Which equations are solved, and how. ``equations``: a name of SYSTEMS, or "auto"; ``solver``: a name of SOLVERS,
    or "auto"; relative and absolute tolerance; whether error bars are computed, and whether the mean-field systems get
    the (γ/p) Δ term; ``particles`` at infinite width (None: as many as it takes); whether ‖x‖² is correlated with the
    fields as it is at finite d."""

    equations: str = "auto"
    solver: str = "auto"
    rtol: float = 1e-8
    atol: float = 1e-12
    fluctuations: bool | str = False
    noise_correction: bool = False
    particles: int | None = None
    finite_size: bool = False


@dataclass(frozen=True)
class System:
    """Limiting equations, ready for a solver.

    ``y0`` (size,): the packed state at t = 0. ``rhs(t, y, ydot)`` fills dy/dt, t in units of ν γ/(pd).
    ``curves(states)``: the named curves of states (T,size): risk (T,), M (T,p,k), Q (T,p,p) or q (T,p), and
    output_weights (T,p) where they are trained. ``error``: the relative error of the right-hand side (0: round-off).
    ``report``: numbers that belong to the result. ``particle_weight`` (p,): π at infinite width.
    ``stated_error(t, y)``: a bound on the relative error of the right-hand side at one state; None: ``error`` is all
    that is known of it. ``louder(share)``: the right-hand side with its Ψ(Var) larger by a share.
    ``curves_at(time, states)``: the curves where they depend on t. ``breaks``: times at which the right-hand side
    changes at once; ``rhs.enter(t)`` tells it that a solver begins at t.
    """

    name: str
    y0: Array
    rhs: Rhs
    curves: Callable[[Array], dict[str, Array]]
    error: float = 0.0
    report: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    particle_weight: Array | None = None
    stated_error: Callable[[float, Array], float] | None = None
    louder: Callable[[float], Rhs] | None = None
    curves_at: Callable[[Array, Array], dict[str, Array]] | None = None
    breaks: tuple[float, ...] = ()

    def seen(self, time: Array, states: Array) -> dict[str, Array]:
        """The curves of ``states`` (T,size) at ``time`` (T,)."""
        return self.curves(states) if self.curves_at is None else self.curves_at(time, states)


def batch_warning(problem: Problem) -> list[str]:
    """A warning where a mini-batch is too large for Ψ(Var)/B to be all of its effect."""
    batch = problem.rule.batch
    if batch == 1 or batch <= _LARGE_BATCH * problem.d:
        return []
    return [
        f"batch_size {batch} is not small against dimension {problem.d:g}: the equations neglect terms of "
        f"relative order B/d = {batch / problem.d:.2g}"
    ]
