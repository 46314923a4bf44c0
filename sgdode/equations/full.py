"""The systems of ordinary differential equations on the full overlaps (Q, M): full, gradient-flow, gradient-flow-noise.

State: the upper triangle of Q row by row, then M, then the output weights a where they are trained. The gradient-flow
part is three matrix products: with G_ic = a_i (v_c K11_ic + [c = i] Σ_e v_e K20_ie), Ψ(M) = G Ω[:, teacher] and
Ψ(GF) = G Ω[:, student] + transpose (Stein's lemma on the dual kernel K; eqs. (9)-(12) of the paper).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import boolean, njit, types

from sgdode.gaussian.risk import kernel_error_at, kernels, risk_function
from sgdode.gaussian.variance.table import VarianceTerm, variance_term
from sgdode.jit.pairs import BLOCKS, MATRIX, PAIR, VECTOR, fill
from sgdode.jit.units import unit
from sgdode.model.clock import clock
from sgdode.model.overlaps import Array
from sgdode.model.starts import Start
from sgdode.spec.schema import Spec

#: A mini-batch of more than this share of d is not small.
_LARGE_BATCH = 0.05


@dataclass(frozen=True)
class System:
    """Limiting equations, ready for a solver.

    ``y0`` (size,): the packed state at t = 0. ``rhs(t, y, ydot)`` fills dy/dt, t in units of ν γ/(pd).
    ``curves(states)``: the named curves of states (T,size): risk (T,), M (T,p,k), Q (T,p,p) or q (T,p), and
    output_weights (T,p) where they are trained. ``error``: the relative error of the right-hand side (0: round-off).
    ``report``: numbers that belong to the result. ``particle_weight`` (p,): π at infinite width.
    """

    name: str
    y0: Array
    rhs: Callable[[float, Array, Array], None]
    curves: Callable[[Array], dict[str, Array]]
    error: float = 0.0
    report: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    particle_weight: Array | None = None


@njit(types.void(VECTOR, MATRIX, MATRIX, VECTOR), cache=True)
def _unpack(y: Any, Q: Any, M: Any, a: Any) -> None:
    p, k = M.shape
    at = 0
    for i in range(p):
        for j in range(i, p):
            Q[i, j] = y[at]
            Q[j, i] = y[at]
            at += 1
    for i in range(p):
        for r in range(k):
            M[i, r] = y[at]
            at += 1
    for i in range(y.size - at):
        a[i] = y[at + i]


@njit(
    types.void(VECTOR, MATRIX, VECTOR, PAIR, PAIR, MATRIX, MATRIX, VECTOR, BLOCKS, BLOCKS, *[MATRIX] * 3),
    cache=True,
    error_model="numpy",
)
def _gradient(
    y: Any, P: Any, v: Any, ss_pair: Any, st_pair: Any, Q: Any, M: Any, a: Any,
    ss: Any, st: Any, Omega: Any, G: Any, F: Any,
) -> None:  # fmt: skip
    """Unpack the state; fill the kernels ``ss`` (3,p,p) and ``st`` (3,p,k), Ω, v, and F = G Ω (p,n)."""
    _unpack(y, Q, M, a)
    p, k = M.shape
    q = np.diag(Q).copy()
    fill(ss_pair, q, q, Q, ss)
    fill(st_pair, q, np.diag(P).copy(), M, st)
    for i in range(p):
        v[i] = -a[i] / p
    for i in range(p):
        drag = 0.0
        for j in range(p):
            Omega[i, j] = Q[i, j]
            G[i, j] = a[i] * v[j] * ss[1, i, j]
            drag += v[j] * ss[2, i, j]
        for r in range(k):
            Omega[i, p + r] = M[i, r]
            Omega[p + r, i] = M[i, r]
            G[i, p + r] = a[i] * v[p + r] * st[1, i, r]
            drag += v[p + r] * st[2, i, r]
        G[i, i] += a[i] * drag
    np.dot(G, Omega, F)


@njit(
    types.void(MATRIX, MATRIX, types.float64, VECTOR, MATRIX, types.float64, boolean, VECTOR),
    cache=True,
    error_model="numpy",
)
def _assemble(F: Any, V: Any, rate: Any, a: Any, Omega: Any, decay: Any, spherical: Any, ydot: Any) -> None:
    """dQ = F + Fᵀ + rate a aᵀ ∘ V − 2 ω Q and dM = F[:, teacher] − ω M, kept on the sphere where asked, packed."""
    p, n = F.shape
    stretch = np.zeros(p)
    if spherical:
        for i in range(p):
            free = 2.0 * (F[i, i] - decay * Omega[i, i]) + rate * a[i] * a[i] * V[i, i]
            stretch[i] = 0.5 * free / Omega[i, i]
    at = 0
    for i in range(p):
        for j in range(i, p):
            free = F[i, j] + F[j, i] + rate * a[i] * a[j] * V[i, j]
            ydot[at] = free - (2.0 * decay + stretch[i] + stretch[j]) * Omega[i, j]
            at += 1
    for i in range(p):
        for c in range(p, n):
            ydot[at] = F[i, c] - (decay + stretch[i]) * Omega[i, c]
            at += 1


@njit(types.void(VECTOR, BLOCKS, BLOCKS, types.float64, VECTOR), cache=True)
def _train_output(v: Any, ss: Any, st: Any, speed: Any, adot: Any) -> None:
    """da_i/dt = η_a Σ_c v_c K_ic, (p,)."""
    p, k = st.shape[1:]
    for i in range(p):
        pull = 0.0
        for j in range(p):
            pull += v[j] * ss[0, i, j]
        for r in range(k):
            pull += v[p + r] * st[0, i, r]
        adot[i] = speed * pull


class _Flow:
    """The right-hand side of one system, with the arrays it works in (so one of them serves one thread)."""

    def __init__(self, spec: Spec, start: Start, noisy: bool = False, variance: VarianceTerm | None = None):
        p, k = start.overlaps.M.shape
        self.P, self.a = start.overlaps.P, np.array(start.a, dtype=float)
        self.duals, self.factor = kernels(spec), clock(spec).factor
        self.noise, self.variance = spec.teacher.noise, variance
        self.rate = spec.gamma_over_p / spec.batch_size if variance else 0.0
        if noisy:
            self.rate = spec.gamma_over_p / spec.batch_size * spec.teacher.noise
        self.decay, self.spherical = spec.weight_decay, spec.constraint == "spherical"
        self.speed = spec.student.train_output
        self.Q, self.M, self.V = np.empty((p, p)), np.empty((p, k)), np.zeros((p, p))
        self.ss, self.st = np.empty((3, p, p)), np.empty((3, p, k))
        self.Omega = np.zeros((p + k, p + k))
        self.Omega[p:, p:] = self.P
        self.G, self.F = np.empty((p, p + k)), np.empty((p, p + k))
        self.v = np.concatenate([-self.a / p, np.array(spec.teacher_output_weights) / k])
        trained = self.a if self.speed else np.empty(0)
        self.y = pack(start.overlaps.Q, start.overlaps.M, trained)

    def __call__(self, t: float, y: Array, ydot: Array) -> None:
        self.y[:] = y
        _gradient(
            self.y, self.P, self.v, self.duals.ss, self.duals.st,
            self.Q, self.M, self.a, self.ss, self.st, self.Omega, self.G, self.F,
        )  # fmt: skip
        V = self.ss[1]
        if self.variance is not None:
            V = self.V
            self.variance.fill(self.Omega, self.v, self.noise, V)
        rate = self.rate * self.factor(t)
        _assemble(self.F, V, rate, self.a, self.Omega, self.decay, self.spherical, ydot)
        if self.speed:
            _train_output(self.v, self.ss, self.st, self.speed, ydot[-len(self.a) :])


def pack(Q: Array, M: Array, a: Array) -> Array:
    """The state: upper triangle of Q, then M, then ``a`` (empty where it is not trained)."""
    return np.concatenate([Q[np.triu_indices(len(Q))], M.ravel(), a])


def unpack(states: Array, p: int, k: int) -> tuple[Array, Array, Array]:
    """Q (T,p,p), M (T,p,k) and a (T,p) or (T,0) of states (T,size)."""
    triangle = p * (p + 1) // 2
    rows, columns = np.triu_indices(p)
    Q = np.empty((len(states), p, p))
    Q[:, rows, columns] = Q[:, columns, rows] = states[:, :triangle]
    M = states[:, triangle : triangle + p * k].reshape(-1, p, k)
    return Q, M, states[:, triangle + p * k :]


def _curves(spec: Spec, start: Start) -> Callable[[Array], dict[str, Array]]:
    risk, (p, k) = risk_function(spec), start.overlaps.M.shape

    def curves(states: Array) -> dict[str, Array]:
        Q, M, a = unpack(states, p, k)
        trained = a.shape[1] > 0
        weights = a if trained else np.broadcast_to(start.a, (len(states), p))
        risks = [risk(Q[t], M[t], start.overlaps.P, weights[t]) for t in range(len(states))]
        found = {"risk": np.array(risks), "M": M, "Q": Q}
        return {**found, "output_weights": a} if trained else found

    return curves


def batch_warning(spec: Spec) -> list[str]:
    """A warning where a mini-batch is too large for Ψ(Var)/B to be all of its effect."""
    if spec.batch_size == 1 or spec.batch_size <= _LARGE_BATCH * spec.d:
        return []
    return [
        f"batch_size {spec.batch_size} is not small against dimension {spec.d:g}: the equations neglect terms of "
        f"relative order B/d = {spec.batch_size / spec.d:.2g}"
    ]


def _system(spec: Spec, start: Start, name: str, flow: _Flow, error: float, report: dict[str, Any]) -> System:
    warnings = batch_warning(spec) if flow.rate else []
    kernel_error = kernel_error_at(spec, np.diag(start.overlaps.Q), np.diag(start.overlaps.P))
    report = {"kernel_error": kernel_error, **report}
    return System(name, flow.y.copy(), flow, _curves(spec, start), max(error, kernel_error), report, warnings)


def full(spec: Spec, start: Start) -> System:
    """(SS-ODE), Saad & Solla: dM/dt = Ψ(M), dQ/dt = Ψ(GF) + (γ/p) Ψ(Var)/B; valid for γ/(pd) ≪ 1."""
    student, teacher = unit(spec, spec.student.activation), unit(spec, spec.teacher.activation)
    duals = kernels(spec)
    p, k = start.overlaps.M.shape
    variance = variance_term(student, teacher, p, k, *duals.kernels)
    flow = _Flow(spec, start, variance=variance)
    return _system(spec, start, "full", flow, variance.error, {"variance_method": variance.method})


def gradient_flow(spec: Spec, start: Start) -> System:
    """(GF-ODE): dM/dt = Ψ(M), dQ/dt = Ψ(GF); valid when also γ/p ≪ 1."""
    return _system(spec, start, "gradient-flow", _Flow(spec, start), 0.0, {})


def gradient_flow_noise(spec: Spec, start: Start) -> System:
    """(GF-ODE-NOISE), eq. (30): gradient flow with (γ/p) Δ a_i a_j K11_ij / B in dQ_ij/dt."""
    return _system(spec, start, "gradient-flow-noise", _Flow(spec, start, noisy=True), 0.0, {})
