"""The systems of ordinary differential equations on the full overlaps (Q, M): full, gradient-flow, gradient-flow-noise.

The state is that of ``sgdode.model.state``. The gradient-flow part is three matrix products: with
G_ic = a_i (v_c K11_ic + [c = i] Σ_e v_e K20_ie), Ψ(M) = G Ω[:, teacher] and Ψ(GF) = G Ω[:, student] + transpose
(Stein's lemma on the dual kernel K; eqs. (9)-(12) of the paper). v here is that of the learning rule: what E holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgdode.equations.system import Method, System, batch_warning
from sgdode.errors import Defect, SpecError
from sgdode.gaussian.risk import Kernels, kernel_error_at, kernels, risk_function
from sgdode.gaussian.variance.table import VarianceTerm, variance_term
from sgdode.jit.compiling import BLOCKS, MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.jit.formulas import add_to_sphere, hold_overlaps, pack, student_weights, unpack
from sgdode.jit.pairs import PAIR, Pair, fill
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start
from sgdode.model.state import packed, unpacked

#: Of the overlaps, per unit of time: changes that errors of the right-hand side are compared with at least.
LEAST_CHANGE = 1e-6


class Arrays(NamedTuple):
    """What a right-hand side works in: the state Q (p,p), M (p,k), a (p,); v (n,); the kernels ``ss`` (3,p,p) and
    ``st`` (3,p,k); Ω (n,n), G (p,n), the drift F = G Ω (p,n); ``lead`` (p,): a of the columns, or the feedback b."""

    Q: Array
    M: Array
    a: Array
    v: Array
    ss: Array
    st: Array
    Omega: Array
    G: Array
    F: Array
    lead: Array


ARRAYS = types.NamedTuple((MATRIX, MATRIX, VECTOR, VECTOR, BLOCKS, BLOCKS, MATRIX, MATRIX, MATRIX, VECTOR), Arrays)


@compiled(types.void(MATRIX, types.float64, PAIR, PAIR, ARRAYS), error_model="numpy")
def generate(P: Array, share: float, ss_pair: Pair, st_pair: Pair, at: Arrays) -> None:
    """From Q, M and a: fill v, the kernels, Ω but for its teachers, and G."""
    Q, M, a, v, ss, st, Omega, G, _, lead = at
    p, k = M.shape
    q = np.diag(Q).copy()
    fill(ss_pair, q, q, Q, ss)
    fill(st_pair, q, np.diag(P).copy(), M, st)
    own = student_weights(a)
    for i in range(p):
        v[i] = share * own[i]
    for i in range(p):
        drag = 0.0
        for j in range(p):
            Omega[i, j] = Q[i, j]
            G[i, j] = lead[i] * v[j] * ss[1, i, j]
            drag += v[j] * ss[2, i, j]
        for r in range(k):
            Omega[i, p + r] = M[i, r]
            Omega[p + r, i] = M[i, r]
            G[i, p + r] = lead[i] * v[p + r] * st[1, i, r]
            drag += v[p + r] * st[2, i, r]
        G[i, i] += lead[i] * drag


@compiled(types.void(VECTOR, MATRIX, types.float64, PAIR, PAIR, ARRAYS), error_model="numpy")
def _drift(y: Array, P: Array, share: float, ss_pair: Pair, st_pair: Pair, at: Arrays) -> None:
    """Unpack the state; fill v, the kernels, Ω, and F = G Ω."""
    unpack(y, at.Q, at.M, at.a)
    generate(P, share, ss_pair, st_pair, at)
    np.dot(at.G, at.Omega, at.F)


_RULE = (types.float64, types.boolean)


@compiled(types.void(ARRAYS, MATRIX, types.float64, *_RULE, MATRIX, VECTOR), error_model="numpy")
def _flow(at: Arrays, V: Array, rate: float, decay: float, spherical: bool, N: Array, ydot: Array) -> None:
    """dQ = F + Fᵀ + rate a aᵀ ∘ V (or b bᵀ) and dM = F[:, teacher], under the linear map of the rule, packed.
    N (p,p): room."""
    a, lead, p = at.a, at.lead, len(N)
    for i in range(p):
        for j in range(p):
            N[i, j] = rate * lead[i] * lead[j] * V[i, j]
    dQ, dM, stretch, square = np.empty_like(at.Q), np.empty_like(at.M), np.zeros(p), np.zeros(p)
    if spherical:
        add_to_sphere(at.F, N, at.Omega, decay, 1.0, stretch, square)
        for i in range(p):
            stretch[i] = 0.5 * stretch[i] / square[i]
    hold_overlaps(at.F, N, at.Omega, decay, stretch, dQ, dM)
    pack(dQ, dM, a[:0], ydot)


@compiled(types.void(VECTOR, BLOCKS, BLOCKS, types.float64, VECTOR))
def train_output(v: Array, ss: Array, st: Array, speed: float, adot: Array) -> None:
    """da_i/dt = η_a Σ_c v_c K_ic, (p,)."""
    p, k = st.shape[1:]
    for i in range(p):
        pull = 0.0
        for j in range(p):
            pull += v[j] * ss[0, i, j]
        for r in range(k):
            pull += v[p + r] * st[0, i, r]
        adot[i] = speed * pull


def _still(problem: Problem, start: Start) -> NDArray[np.bool_] | None:
    """Which entries of the state are of relus without weight, whose slope is 0: they stay, though beside them it jumps;
    None where there are none."""
    Q, M = start.overlaps.Q, start.overlaps.M
    none = np.diag(Q) == 0.0
    if problem.student.activation.ramp != 0.0 or not none.any():
        return None
    own = np.zeros(len(Q) if problem.rule.trained else 0)
    return (
        packed((none[:, None] | none).astype(float), np.repeat(none[:, None].astype(float), M.shape[1], 1), own) > 0.0
    )


class OverlapFlow:
    """The right-hand side of one system, with the arrays it works in (so one of them serves one thread).

    ``rate``: what multiplies V in dQ/dt at t = 0; V is ``variance``, or K11 where that is None.
    """

    def __init__(self, problem: Problem, start: Start, duals: Kernels, rate: float, variance: VarianceTerm | None):
        p, k = start.overlaps.M.shape
        n, P = p + k, start.overlaps.P
        a = np.array(start.a, dtype=float)
        self.P, self.duals, self.rate, self.variance = P, duals, rate, variance
        self.all_rate = problem.noise_rate
        self.rule, self.factor, self.noise = problem.rule, problem.clock.factor, problem.teacher.noise
        Omega = np.zeros((n, n))
        Omega[p:, p:] = P
        v = np.concatenate([np.empty(p), problem.v_star])
        kernels_room = np.empty((3, p, p)), np.empty((3, p, k))
        self.at = Arrays(
            np.empty((p, p)), np.empty((p, k)), a, v, *kernels_room, Omega, np.empty((p, n)), np.empty((p, n)),
            np.array(self.rule.feedback, dtype=float) if self.rule.feedback else a,
        )  # fmt: skip
        self.V, self.N = np.zeros((p, p)), np.empty((p, p))
        self.y = packed(start.overlaps.Q, start.overlaps.M, a if self.rule.trained else np.empty(0))
        self.still = _still(problem, start)

    def averages(self, t: float, y: Array) -> Array:
        """At the state ``y``: fill the arrays and F, and give V (p,p) without the factors of the columns."""
        self.y[:] = y
        if self.still is not None:
            self.y[self.still] = 0.0
        at = self.at
        _drift(self.y, self.P, self.rule.share, self.duals.ss, self.duals.st, at)
        if self.variance is None:
            return np.asarray(at.ss[1])
        self.variance.fill(at.Omega, at.v, self.noise, self.V)
        return self.V

    def __call__(self, t: float, y: Array, ydot: Array) -> None:
        at, rule = self.at, self.rule
        V = self.averages(t, y)
        _flow(at, V, self.rate * self.factor(t), rule.decay, rule.spherical, self.N, ydot)
        if rule.trained:
            train_output(at.v, at.ss, at.st, rule.train_output, ydot[-len(at.a) :])
        if self.still is not None:
            ydot[self.still] = 0.0

    def without_noise(self, ydot: Array) -> None:
        """Fill ``ydot`` with the right-hand side at the latest state, less its term of γ/p."""
        at, rule = self.at, self.rule
        _flow(at, self.V, 0.0, rule.decay, rule.spherical, self.N, ydot)
        if rule.trained:
            train_output(at.v, at.ss, at.st, rule.train_output, ydot[-len(at.a) :])
        if self.still is not None:
            ydot[self.still] = 0.0

    @property
    def bounded(self) -> bool:
        """Whether its error is known at any state."""
        return self.variance is not None and self.variance.bound is not None

    def gradient(self) -> Array:
        """G (p,n) of the latest averages."""
        return np.asarray(self.at.G)

    def pace(self, t: float) -> float:
        """dα/dt = pB/γ at time t, of samples per dimension."""
        return 1.0 / max(self.all_rate * self.factor(t), 1e-300)

    def louder(self, share: float) -> OverlapFlow:
        """The same with V larger by a share."""
        flow = copy(self)
        flow.rate = self.rate * (1.0 + share)
        return flow

    def stated_error(self, t: float, y: Array) -> float:
        """A bound on the error of the right-hand side of Q at a state, relative to its largest part, that V is known
        with; a millionth of the overlaps per unit of time is the least that it is compared with."""
        if self.variance is None or self.variance.bound is None:
            return 0.0
        self(t, y, np.empty_like(y))
        rate = self.rate * self.factor(t) * np.outer(self.at.lead, self.at.lead)
        off = np.abs(rate) * self.variance.bound(self.at.Omega, self.at.v, self.noise)
        parts = self.at.F, rate * self.V, LEAST_CHANGE * self.at.Omega
        return float(np.max(off) / max(*(np.max(np.abs(part)) for part in parts), 1e-300))


def _curves(problem: Problem, start: Start) -> Callable[[Array], dict[str, Array]]:
    risk, (p, k) = risk_function(problem), start.overlaps.M.shape

    def curves(states: Array) -> dict[str, Array]:
        Q, M, a = unpacked(states, p, k)
        trained = a.shape[1] > 0
        weights = a if trained else np.broadcast_to(start.a, (len(states), p))
        risks = [risk(Q[t], M[t], start.overlaps.P, weights[t]) for t in range(len(states))]
        found = {"risk": np.array(risks), "M": M, "Q": Q}
        return {**found, "output_weights": a} if trained else found

    return curves


def overlap_system(problem: Problem, start: Start, name: str, flow: OverlapFlow, error: float, **report: Any) -> System:
    """The system of a flow on (Q, M, a), whose right-hand side is known to ``error``."""
    warnings = batch_warning(problem) if flow.rate else []
    P = start.overlaps.P
    kernel_error = kernel_error_at(*problem.activations, np.diag(start.overlaps.Q), np.diag(P))
    told, y0 = {"kernel_error": kernel_error} | report, flow.y.copy()
    curves, largest = _curves(problem, start), max(error, kernel_error)
    stated, louder = (flow.stated_error, flow.louder) if flow.bounded else (None, None)
    return System(name, y0, flow, curves, largest, told, warnings, stated_error=stated, louder=louder)


def refuse_steep(problem: Problem, start: Start) -> None:
    """Activations of one's own that no rule resolves at the fields of the start, and four times as far."""
    sides, defects = (start.overlaps.Q, start.overlaps.P), []
    for part, unit, overlaps in zip(("student", "teacher"), problem.activations, sides, strict=True):
        if unit.own:
            from sgdode.gaussian.variance.own_activation import refusal

            if (why := refusal(unit, 4.0 * math.sqrt(float(np.max(np.diag(overlaps)))))) is not None:
                defects.append(Defect("", f"{part}.activation", why))
    if defects:
        raise SpecError(defects)


def full(problem: Problem, start: Start, method: Method | None = None) -> System:
    """(SS-ODE), Saad & Solla: dM/dt = Ψ(M), dQ/dt = Ψ(GF) + (γ/p) Ψ(Var)/B; valid for γ/(pd) ≪ 1."""
    duals = kernels(*problem.activations)
    p, k = start.overlaps.M.shape
    refuse_steep(problem, start)
    variance = variance_term(*problem.activations, p, k, *duals.kernels)
    flow = OverlapFlow(problem, start, duals, problem.noise_rate, variance)
    error = variance.error
    if error > 0.0 and variance.bound is not None:
        error = min(error, flow.stated_error(0.0, flow.y.copy()))
    return overlap_system(problem, start, "full", flow, error, variance_method=variance.method)


def gradient_flow(problem: Problem, start: Start, method: Method | None = None) -> System:
    """(GF-ODE): dM/dt = Ψ(M), dQ/dt = Ψ(GF); valid when also γ/p ≪ 1."""
    flow = OverlapFlow(problem, start, kernels(*problem.activations), 0.0, None)
    return overlap_system(problem, start, "gradient-flow", flow, 0.0)


def gradient_flow_noise(problem: Problem, start: Start, method: Method | None = None) -> System:
    """(GF-ODE-NOISE), eq. (30): gradient flow with (γ/p) Δ a_i a_j K11_ij / B in dQ_ij/dt."""
    rate = problem.noise_rate * problem.teacher.noise
    flow = OverlapFlow(problem, start, kernels(*problem.activations), rate, None)
    return overlap_system(problem, start, "gradient-flow-noise", flow, 0.0)
