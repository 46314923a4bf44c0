"""The equations of rules with rows beside W (``sgdode.model.extra_rows``): momentum with a finite memory, and averages.

All rows V = (W, ...), q groups of p, have the overlaps S = V Vᵀ/d and X = V W*ᵀ/d. With dV/dt = 𝓐V + f c,
  dS/dt = 𝓐S + S𝓐ᵀ + f ⊗ D + (f ⊗ D)ᵀ + (γ/(pB)) f fᵀ ⊗ V_c,    dX/dt = 𝓐X + f ⊗ D_T,
where D_b = E[c λ_b] = G Ω_b for any row b (Stein) and V_c = E[c cᵀ] are those of the columns, which know W alone.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace

import numpy as np

from sgdode.equations.full import OverlapFlow, train_output
from sgdode.equations.system import System
from sgdode.errors import Defect, SpecError
from sgdode.gaussian.risk import risk_function
from sgdode.model.extra_rows import Average
from sgdode.model.learning import told_rule
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start

_SAME = 1e-12
#: Samples per dimension of a memory that is left out without a warning.
_SHORT = 0.05


class RowsFlow:
    """The right-hand side on (Q, M, a) of W as ``flow`` packs them, then of the other groups g = 1, 2, ...: X_g, and S
    with the groups before it and itself."""

    def __init__(self, problem: Problem, start: Start, flow: OverlapFlow):
        self.rule, self.flow = problem.rule, flow
        self.rows = [row for row in problem.rule.rows if row.flows]
        self.p, self.k = start.overlaps.M.shape
        self.inner, self.begins = len(flow.y), _first_moment(problem)
        self.begun = self.begins == 0.0

    def enter(self, t: float) -> None:
        """A solver begins at t."""
        self.begun = t >= self.begins * (1.0 - _SAME)

    def start(self, y: Array, Q: Array, M: Array) -> Array:
        """The state at t = 0, with that of W, ``y``."""
        groups = [1.0, *(float(row.copies and not _integrated(row)) for row in self.rows)]
        S = np.kron(np.outer(groups, groups), Q)
        return self._packed(y, S, np.kron(np.array(groups)[:, None], M))

    def _packed(self, y: Array, S: Array, X: Array) -> Array:
        p, parts = self.p, [y]
        for g in range(1, 1 + len(self.rows)):
            own = slice(g * p, (g + 1) * p)
            parts += [X[own].ravel(), S[own, : g * p].ravel(), S[own, own].ravel()]
        return np.concatenate(parts)

    def overlaps(self, y: Array, Q: Array, M: Array) -> tuple[Array, Array]:
        """S (qp,qp) and X (qp,k) of a state, with those of W."""
        p, k, q, at = self.p, self.k, 1 + len(self.rows), self.inner
        S, X = np.empty((q * p, q * p)), np.empty((q * p, k))
        S[:p, :p], X[:p] = Q, M
        for g in range(1, q):
            own = slice(g * p, (g + 1) * p)
            for block in (X[own], S[own, : g * p], S[own, own]):
                block[:] = y[at : at + block.size].reshape(block.shape)
                at += block.size
            S[: g * p, own] = S[own, : g * p].T
        return S, X

    def __call__(self, t: float, y: Array, ydot: Array) -> None:
        flow, p = self.flow, self.p
        V = flow.averages(t, y[: self.inner])
        at, rate = flow.at, flow.rate * flow.factor(t)
        S, X = self.overlaps(y, at.Q, at.M)
        A, f = self.map(flow.pace(t))
        G = flow.gradient()
        D = np.kron(f[:, None], G[:, :p] @ S[:p] + G[:, p:] @ X.T)
        wide = np.kron(A, np.eye(p))
        half = wide @ S + D
        dS = half + half.T + rate * np.kron(np.outer(f, f), np.outer(at.lead, at.lead) * V)
        dX = wide @ X + np.kron(f[:, None], at.F[:, p:])
        upper = np.triu_indices(p)
        weights = np.empty(len(at.a) if self.rule.trained else 0)
        if self.rule.trained:
            train_output(at.v, at.ss, at.st, self.rule.train_output, weights)
        ydot[:] = self._packed(np.concatenate([dS[:p, :p][upper], dX[:p].ravel(), weights]), dS, dX)

    def map(self, pace: float) -> tuple[Array, Array]:
        """𝓐 (q,q) and f (q,), with dα/dt = ``pace``."""
        q = 1 + len(self.rows)
        A, f = np.zeros((q, q)), np.zeros(q)
        A[0, 0], f[0] = -self.rule.decay, 1.0
        for at, row in enumerate(self.rows, 1):
            row.flow(at, A, f, pace, self.begun)
        return A, f

    def louder(self, share: float) -> RowsFlow:
        """The same with V larger by a share."""
        found = copy(self)
        found.flow = self.flow.louder(share)
        return found

    def stated_error(self, t: float, y: Array) -> float:
        """That of the averages."""
        return self.flow.stated_error(t, y[: self.inner])


def _integrated(row: object) -> bool:
    """Whether the flow holds the integral in place of the average."""
    return isinstance(row, Average) and row.start is not None


def _first_moment(problem: Problem) -> float:
    """t at α₀, from which on iterates are averaged."""
    average = problem.rule.average
    return 0.0 if average is None or average.start is None else float(problem.clock.at_samples(average.start))


def with_rows(problem: Problem, start: Start, inner: System) -> System:
    """The system ``inner`` on (Q, M, a) with the rows of the rule beside it."""
    if not isinstance(inner.rhs, OverlapFlow):
        reason = f"{inner.name} holds no {told_rule(problem.rule)}; use full"
        raise SpecError([Defect("", "integrate.equations", reason)])
    rows = RowsFlow(problem, start, inner.rhs)
    inner = replace(inner, warnings=[*inner.warnings, *_long_memory(problem)])
    if not rows.rows:
        return inner
    y0 = rows.start(inner.y0, start.overlaps.Q, start.overlaps.M)
    bounded = inner.stated_error is not None
    return replace(
        inner,
        y0=y0,
        rhs=rows,
        curves=lambda states: inner.curves(np.ascontiguousarray(states[:, : rows.inner])),
        stated_error=rows.stated_error if bounded else None,
        louder=rows.louder if bounded else None,
        curves_at=_with_averages(problem, start, inner, rows),
        breaks=(rows.begins,) if rows.begins > 0.0 else (),
    )


def _long_memory(problem: Problem) -> list[str]:
    """A warning where the memory of a fixed β, which the equations forget at once, is not short."""
    momentum = problem.rule.momentum
    if momentum is None or momentum.beta is None or not problem.finite:
        return []
    memory = problem.clock.per_step / (1.0 - momentum.beta)
    if memory < _SHORT:
        return []
    rate = f"{{rate: {1.0 / memory:.4g}}}"
    return [f"momentum: the equations leave out its memory, {memory:.3g} samples per dimension; {rate} has it"]


def _with_averages(
    problem: Problem, start: Start, inner: System, rows: RowsFlow
) -> Callable[[Array, Array], dict[str, Array]] | None:
    average, risk, p = problem.rule.average, risk_function(problem), rows.p
    if average is None:
        return None

    def curves(time: Array, states: Array) -> dict[str, Array]:
        found = inner.curves(np.ascontiguousarray(states[:, : rows.inner]))
        Q, M = found["Q"].copy(), found["M"].copy()
        a = found.get("output_weights", np.broadcast_to(start.a, (len(states), p)))
        for at, t in enumerate(time):
            weight = average.weight(float(problem.clock.samples_at(t)))
            if weight is not None:
                S, X = rows.overlaps(states[at], Q[at], M[at])
                Q[at], M[at] = weight * weight * S[-p:, -p:], weight * X[-p:]
        risks = np.array([risk(Q[at], M[at], start.overlaps.P, a[at]) for at in range(len(states))])
        return {**found, "risk_average": risks, "M_average": M, "Q_average": Q}

    return curves
