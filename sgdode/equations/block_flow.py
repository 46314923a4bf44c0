"""The systems on the full overlaps where inputs have blocks: Q_b and M_b of every block, eigenvalue c_b, fraction π_b.

The fields see Ω = Σ_b c_b Ω_b alone: kernels, Ψ(Var) and risk are those of ``sgdode.equations.full``. By Stein's lemma
with Cov(λ, λ^b) = c_b Ω_b, and E‖x_b‖² = π_b c_b,
  dM_b/dt = c_b (G Ω_b)[:, teacher],   dQ_b/dt = c_b [(G Ω_b)_ss + transpose] + (γ/p) π_b c_b Ψ(Var).
(Gradient flow of the weights, dW/dt = G [W; W*] C, projected on the blocks.) Decay acts on every block; the sphere is
one of all blocks together, Σ_b w_b Q_b,ii = 1.

At finite d the length of x is not independent of the fields: E[‖x_b‖² f(λ)] = c_b (π_b + (2/d) d/ds) E f exactly, with
block b alone scaled, Ω → Ω + (s − 1) c_b Ω_b, at s = 1. With ``finite_size`` (2/d) dΨ(Var)/ds is added to π_b Ψ(Var).

Overlaps are those with the fixed frame of all teachers. Where these turn, λ* = R(t) W* x, the kernels see M R(t)ᵀ, and
G W turns back into the frame, G → [G_ss, G_st R(t)]; random drift at constant norm takes η M_b from dM_b/dt.
"""

from __future__ import annotations

import math
from copy import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgdode.equations.full import ARRAYS, LEAST_CHANGE, Arrays, generate, train_output
from sgdode.gaussian.risk import Kernels
from sgdode.gaussian.variance.table import VarianceTerm
from sgdode.jit.compiling import BLOCKS, MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.jit.formulas import add_to_sphere, hold_overlaps, pack, unpack
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start
from sgdode.model.state import packed_blocks

#: The step of differences by the scale of a block, relative: errors of its square, and of round-off over it.
_SMALL = 1e-4


class BlockArrays(NamedTuple):
    """What a right-hand side works in, by block: Ω_b (B,n,n) with its teachers filled in, the drifts F_b = c_b G Ω_b
    (B,p,n), noises N_b (B,p,p); c, π, w of the sphere (empty: none) and ``scale``, each (B,); ``excess`` (B,p,p) of
    Ψ(Var), (2/d) dΨ(Var)/ds (empty: none).

    The state holds Q_b and M_b times ``scale``, a power of two near c_b, so that a solver's absolute tolerance is one
    of the fields: overlaps of weights in a block of eigenvalue d are 1/d."""

    Omega: Array
    F: Array
    N: Array
    eigenvalues: Array
    fractions: Array
    sphere: Array
    scale: Array
    excess: Array


BLOCK_ARRAYS = types.NamedTuple((*[BLOCKS] * 3, *[VECTOR] * 4, BLOCKS), BlockArrays)


@compiled(types.void(VECTOR, ARRAYS, BLOCK_ARRAYS), error_model="numpy")
def _gather(y: Array, at: Arrays, by: BlockArrays) -> None:
    """Unpack the state into the Ω_b; Q and M become those of the fields."""
    p, k = at.M.shape
    size = p * (p + 1) // 2 + p * k
    Q, M, B = np.empty((p, p)), np.empty((p, k)), len(by.eigenvalues)
    at.Q[:] = 0.0
    at.M[:] = 0.0
    for b in range(B):
        unpack(y[b * size : (b + 1) * size], Q, M, at.a[:0])
        c, unit, Omega = by.eigenvalues[b], 1.0 / by.scale[b], by.Omega[b]
        for i in range(p):
            for j in range(p):
                Omega[i, j] = unit * Q[i, j]
                at.Q[i, j] += c * Omega[i, j]
            for r in range(k):
                Omega[i, p + r] = Omega[p + r, i] = unit * M[i, r]
                at.M[i, r] += c * Omega[i, p + r]
    for i in range(y.size - B * size):
        at.a[i] = y[B * size + i]


_LOSSES = types.UniTuple(types.float64, 2)


@compiled(types.void(ARRAYS, BLOCK_ARRAYS, MATRIX, types.float64, _LOSSES, VECTOR), error_model="numpy")
def _flow_by_block(
    at: Arrays, by: BlockArrays, V: Array, rate: float, losses: tuple[float, float], ydot: Array
) -> None:
    """dQ_b = F_b + F_bᵀ + rate π_b c_b a aᵀ ∘ V and dM_b = F_b[:, teacher], held by the rule, packed.

    ``losses``: decay ω of the weights, and drift η of the teachers."""
    decay, drift = losses
    a, (p, k), B = at.a, at.M.shape, len(by.eigenvalues)
    size, stretch, square = p * (p + 1) // 2 + p * k, np.zeros(p), np.zeros(p)
    for b in range(B):
        c, F, N = by.eigenvalues[b], by.F[b], by.N[b]
        np.dot(at.G, by.Omega[b], F)
        share = rate * by.fractions[b] * c
        for i in range(p):
            for j in range(p + k):
                F[i, j] *= c
            for j in range(p):
                N[i, j] = share * a[i] * a[j] * V[i, j]
        if len(by.excess):
            for i in range(p):
                for j in range(p):
                    N[i, j] += rate * c * a[i] * a[j] * by.excess[b, i, j]
        if by.sphere.size:
            add_to_sphere(F, N, by.Omega[b], decay, by.sphere[b], stretch, square)
    if by.sphere.size:
        for i in range(p):
            stretch[i] = 0.5 * stretch[i] / square[i]
    dQ, dM = np.empty((p, p)), np.empty((p, k))
    for b in range(B):
        hold_overlaps(by.F[b], by.N[b], by.Omega[b], decay, stretch, dQ, dM)
        if drift != 0.0:
            for i in range(p):
                for r in range(k):
                    dM[i, r] -= drift * by.Omega[b, i, p + r]
        pack(dQ, dM, a[:0], ydot[b * size : (b + 1) * size])
        ydot[b * size : (b + 1) * size] *= by.scale[b]


def _still(start: Start, relu: bool, trained: bool) -> NDArray[np.bool_] | None:
    """Which entries of the state are of relus whose fields are 0, whose slope is 0 too: they stay; None: there are
    none."""
    Q, M = start.overlaps.Q, start.overlaps.M
    none = np.diag(Q) == 0.0
    if not (relu and none.any()):
        return None
    B, (p, k) = len(start.blocks), M.shape
    pairs, rows = (none[:, None] | none).astype(float), np.repeat(none[:, None].astype(float), k, 1)
    own = np.zeros(p if trained else 0)
    return packed_blocks(np.array([pairs] * B), np.array([rows] * B), own) > 0.0


class BlockFlow:
    """The right-hand side of one system by blocks, with the arrays it works in (so one of them serves one thread).

    ``rate``: what multiplies π_b c_b V in dQ_b/dt at t = 0; V is ``variance``, or K11 where that is None.
    """

    def __init__(
        self,
        problem: Problem,
        start: Start,
        duals: Kernels,
        rate: float,
        variance: VarianceTerm | None,
        finite_size: bool = False,
    ):
        self.problem, self.duals, self.rate, self.variance = problem, duals, rate, variance
        self.rule, self.factor, self.noise = problem.rule, problem.clock.factor, problem.teacher.noise
        self.finite_size = finite_size and math.isfinite(problem.d)
        self.at, self.by = _rooms(problem, start, self.finite_size)
        self.P = np.ascontiguousarray(start.overlaps.P)
        p = len(start.a)
        self.V = np.zeros((p, p))
        self.y = packed_state(problem, start)
        self.still = _still(start, problem.student.activation.ramp == 0.0, self.rule.trained)

    def __call__(self, t: float, y: Array, ydot: Array) -> None:
        self.y[:] = y
        if self.still is not None:
            self.y[self.still] = 0.0
        at, by, rule, teacher = self.at, self.by, self.rule, self.problem.teacher
        _gather(self.y, at, by)
        R = None if teacher.rotation is None else teacher.rotation.matrix(t, self.problem.k)
        P = self.P if R is None else self._turned(R)
        generate(P, rule.share, self.duals.ss, self.duals.st, at)
        V = at.ss[1]
        if self.variance is not None:
            V = self.V
            self.variance.fill(at.Omega, at.v, self.noise, V)
            if self.finite_size:
                self._fill_excess(R)
        if R is not None:
            p = len(at.a)
            at.G[:, p:] = at.G[:, p:] @ R
        _flow_by_block(at, by, V, self.rate * self.factor(t), (rule.decay, teacher.drift), ydot)
        if rule.trained:
            train_output(at.v, at.ss, at.st, rule.train_output, ydot[-len(at.a) :])
        if self.still is not None:
            ydot[self.still] = 0.0

    def _turned(self, R: Array) -> Array:
        """M and P of the fields of teachers that have turned; returns P."""
        at, p = self.at, len(self.at.a)
        at.M[:] = at.M @ R.T
        at.Omega[p:, p:] = R @ self.P @ R.T
        return np.ascontiguousarray(at.Omega[p:, p:])

    def _fill_excess(self, R: Array | None) -> None:
        """(2/d) dΨ(Var)/ds of every block, by central differences."""
        assert self.variance is not None
        at, p = self.at, len(self.at.a)
        more, less = np.empty((p, p)), np.empty((p, p))
        for b, c in enumerate(self.by.eigenvalues):
            part = c * self.by.Omega[b]
            if R is not None:
                part[:p, p:] = part[:p, p:] @ R.T
                part[p:, :p] = part[:p, p:].T
                part[p:, p:] = R @ part[p:, p:] @ R.T
            for sign, out in ((_SMALL, more), (-_SMALL, less)):
                self.variance.fill(at.Omega + sign * part, at.v, self.noise, out)
            self.by.excess[b] = (more - less) / (_SMALL * self.problem.d)

    def louder(self, share: float) -> BlockFlow:
        """The same with V larger by a share."""
        flow = copy(self)
        flow.rate = self.rate * (1.0 + share)
        return flow

    def stated_error(self, t: float, y: Array) -> float:
        """A bound on the error of the right-hand side of Σ_b Q_b at a state, relative to its largest part, that V is
        known with; a millionth of the overlaps per unit of time is the least that it is compared with."""
        if self.variance is None or self.variance.bound is None:
            return 0.0
        self(t, y, np.empty_like(y))
        rate = self.rate * self.factor(t) * np.outer(self.at.a, self.at.a)
        off = np.abs(rate) * self.variance.bound(self.at.Omega, self.at.v, self.noise)
        parts = self.by.F, rate * self.V, LEAST_CHANGE * self.at.Omega
        return float(np.max(off) / max(*(np.max(np.abs(part)) for part in parts), 1e-300))


def scales(problem: Problem) -> Array:
    """What Q_b and M_b are multiplied by in a state, (B,): a power of two near c_b, and 1 where that is 0."""
    c = np.array(problem.inputs.eigenvalues)
    return np.asarray(np.exp2(np.rint(np.log2(np.where(c > 0, c, 1.0)))))


def packed_state(problem: Problem, start: Start) -> Array:
    """The state at t = 0."""
    scale = scales(problem)[:, None, None]
    Q, M = (scale * np.array([getattr(block, name) for block in start.blocks]) for name in ("Q", "M"))
    return packed_blocks(Q, M, np.array(start.a, dtype=float) if problem.rule.trained else np.empty(0))


def _rooms(problem: Problem, start: Start, finite_size: bool) -> tuple[Arrays, BlockArrays]:
    p, k = start.overlaps.M.shape
    n, B = p + k, len(start.blocks)
    Omega, blocks = np.zeros((n, n)), np.zeros((B, n, n))
    Omega[p:, p:] = start.overlaps.P
    for b, block in enumerate(start.blocks):
        blocks[b, p:, p:] = block.P
    v, a = np.concatenate([np.empty(p), problem.v_star]), np.array(start.a, dtype=float)
    kernels_room = np.empty((3, p, p)), np.empty((3, p, k))
    G, F = np.empty((p, n)), np.empty((p, n))
    at = Arrays(np.empty((p, p)), np.empty((p, k)), a, v, *kernels_room, Omega, G, F, a)
    law, rule = problem.inputs, problem.rule
    sphere = np.array(rule.sphere(law.eigenvalues) if rule.spherical else ())
    c, fractions = np.array(law.eigenvalues), np.array(law.fractions)
    F, N, excess = np.empty((B, p, n)), np.empty((B, p, p)), np.zeros((B if finite_size else 0, p, p))
    return at, BlockArrays(blocks, F, N, c, fractions, sphere, scales(problem), excess)
