"""The mean-field systems where inputs have blocks or teachers change: M_b and q_b = diag(Q_b − M_b P_b⁺ M_bᵀ).

Directions orthogonal to the teachers are averaged block by block: Q̃ = Σ_b c_b (M_b P_b⁺ M_bᵀ + D_√q_b Ξ_b D_√q_b), with
ξ_b the cosine of independent uniform directions of R^(D_b), independent over the blocks, and Ξ_b,ii = 1:
  dM_b/dt = c_b E[G] [M_b; P_b],   dq_b,i/dt = 2 c_b (E[G_ii] q_b,i + Σ_{l≠i} √(q_b,i q_b,l) E[G_il ξ_b]).
(Eqs. (21), (23), with fields that are sums over blocks.) The average is over the product of the rules of all blocks, so
this is for few of them.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np

from sgdode.equations.angle_rule import AngleRule, Rule
from sgdode.equations.block_flow import scales
from sgdode.equations.pieces import Pieces
from sgdode.equations.system import Method, System, batch_warning
from sgdode.errors import Defect, SpecError
from sgdode.gaussian.risk import kernel_error_at, kernels
from sgdode.jit.pairs import dual
from sgdode.model.lessons import active, distinct_tasks, switches
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem, student_weights
from sgdode.model.start_laws import Start
from sgdode.model.state import packed_diagonal, unpacked_diagonal

#: The share of the solver's tolerance that the averages over ξ_b may use, and the most nodes of all of them together.
_SHARE, _MOST_NODES = 0.1, 4096


class Averages(NamedTuple):
    """E[K], E[K11], E[K20] (p,p), and E[K11 ξ_b] (B,p,p), of students with themselves where i = l."""

    K: Array
    K11: Array
    K20: Array
    with_angle: Array


class BlockMeanField:
    """The network at a state (M_b, q_b, a), and its flow, of a problem without lessons from a start."""

    def __init__(self, problem: Problem, start: Start, method: Method, high_d: bool):
        self.problem, self.rule = problem, problem.rule
        self.c, self.fractions = np.array(problem.inputs.eigenvalues), np.array(problem.inputs.fractions)
        self.P_block, self.P = np.array([block.P for block in start.blocks]), start.overlaps.P
        self.into_span = [block.L @ np.linalg.inv(block.L.T @ block.L) for block in start.blocks]
        room = problem.inputs.dimensions(problem.d)
        self.dimensions = [
            math.inf if high_d and size > block.L.shape[1] else size - block.L.shape[1]
            for size, block in zip(room, start.blocks, strict=True)
        ]
        self.duals, self.factor, self.weights = kernels(*problem.activations), problem.clock.factor, problem.v_star
        tolerance = _SHARE * method.rtol
        self.angles = [AngleRule(self.duals.ss, D, tolerance) for D in self.dimensions]
        self.noise = problem.noise_rate * problem.teacher.noise if method.noise_correction else 0.0
        self.sphere = np.array(self.rule.sphere(problem.inputs.eigenvalues)) if self.rule.spherical else np.zeros(0)

    def coordinates(self, M: Array) -> list[Array]:
        """A_b (p,r_b) of M (B,p,k)."""
        return [part @ into for part, into in zip(M, self.into_span, strict=True)]

    def rules(self, q: Array) -> list[Rule]:
        """ξ_b and weights of every block, at q (B,p)."""
        return [rule(c * part) for rule, c, part in zip(self.angles, self.c, q, strict=True)]

    def averaged(self, M: Array, q: Array) -> Averages:
        """Over all directions, at M (B,p,k) and q (B,p)."""
        A, q = self.coordinates(M), np.maximum(q, 0.0)
        C0 = np.sum([c * part @ part.T for c, part in zip(self.c, A, strict=True)], axis=0)
        roots = np.sqrt(q[:, :, None] * q[:, None, :])
        Q, B, p = np.diag(C0) + self.c @ q, len(q), q.shape[1]
        sums, with_angle, own = np.zeros((3, p, p)), np.zeros((B, p, p)), np.arange(p)
        for node in itertools.product(*(list(zip(*rule, strict=True)) for rule in self.rules(q))):
            xi, weight = np.array([x for x, _ in node]), math.prod(w for _, w in node)
            C = C0 + np.tensordot(self.c * xi, roots, 1)
            C[own, own] = Q
            found = dual(self.duals.ss, Q, Q, C)
            sums += weight * found
            with_angle += weight * xi[:, None, None] * found[1]
        with_angle[:, own, own] = sums[1, own, own]
        return Averages(sums[0], sums[1], sums[2], with_angle * roots)

    def turned(self, t: float, M: Array) -> tuple[Array, Array, Array | None]:
        """M (p,k) and P (k,k) of the fields at time t, and R(t)."""
        fields = np.tensordot(self.c, M, 1)
        if self.problem.teacher.rotation is None:
            return fields, self.P, None
        R = self.problem.teacher.rotation.matrix(t, self.problem.k)
        return fields @ R.T, R @ self.P @ R.T, R

    def lengths(self, M: Array, q: Array) -> Array:
        """diag Q_b (B,p)."""
        return q + np.array([(part * part).sum(axis=1) for part in self.coordinates(M)])

    def flow(self, t: float, M: Array, q: Array, a: Array) -> tuple[Array, Array, Array]:
        """dM/dt (B,p,k), dq/dt (B,p) and da/dt (p,)."""
        E, v = self.averaged(M, q), self.rule.share * student_weights(a)
        fields, P, R = self.turned(t, M)
        Q = self.c @ self.lengths(M, np.maximum(q, 0.0))
        st = dual(self.duals.st, Q, np.diag(P).copy(), fields)
        pull = st[1] * self.weights
        drag = E.K20 @ v + st[2] @ self.weights
        G_ss, G_st = a[:, None] * (E.K11 * v + np.diag(drag)), a[:, None] * (pull if R is None else pull @ R)
        dM = self.c[:, None, None] * (G_ss @ M + G_st @ self.P_block)
        dq = 2.0 * self.c[:, None] * a * (drag * q + E.with_angle @ v)
        if self.noise:
            share = (self.fractions * self.c)[:, None] * (np.array(self.dimensions)[:, None] > 0)
            dq += self.noise * self.factor(t) * share * a**2 * np.diag(E.K11)
        self._hold(M, q, dM, dq)
        return dM, dq, self.rule.train_output * (E.K @ v + st[0] @ self.weights)

    def _hold(self, M: Array, q: Array, dM: Array, dq: Array) -> None:
        """Decay, drift of the teachers, and the sphere Σ_b w_b Q_b,ii = 1, in place."""
        A, eta = self.coordinates(M), self.problem.teacher.drift
        dM -= (self.rule.decay + eta) * M
        dq -= 2.0 * self.rule.decay * q
        dq += 2.0 * eta * np.array([(part * part).sum(axis=1) for part in A])  # along teachers before
        if self.rule.spherical:
            along = [2.0 * (part * change).sum(axis=1) for part, change in zip(A, self.coordinates(dM), strict=True)]
            stretch = (self.sphere @ (dq + np.array(along))) / (self.sphere @ self.lengths(M, q))
            dM -= 0.5 * stretch[:, None] * M
            dq -= stretch * q


class BlockField:
    """The right-hand side of a problem without lessons, on packed states."""

    def __init__(self, field: BlockMeanField, a: Array, scale: Array):
        self.field, self.a, self.scale = field, a, scale

    def unpacked(self, states: Array) -> tuple[Array, Array, Array]:
        """M_b (T,B,p,k), q_b (T,B,p) and a (T,p) of states."""
        B, k, p, T = len(self.scale), self.field.problem.k, len(self.a), len(states)
        M, q, a = unpacked_diagonal(states, B * p, k)
        M, q = M.reshape(T, B, p, k) / self.scale[:, None, None], q.reshape(T, B, p) / self.scale[:, None]
        return M, q, a if self.field.rule.trained else np.broadcast_to(self.a, (T, p))

    def packed(self, M: Array, q: Array, a: Array) -> Array:
        """The state of M (B,p,k), q (B,p) and a (p,)."""
        M, q = self.scale[:, None, None] * M, self.scale[:, None] * q
        return packed_diagonal(M.reshape(-1, M.shape[2]), q.ravel(), a if self.field.rule.trained else a[:0])

    def __call__(self, t: float, y: Array, ydot: Array) -> None:
        M, q, a = self.unpacked(np.array(y)[np.newaxis])
        ydot[:] = self.packed(*self.field.flow(t, M[0], q[0], a[0]))

    def stated_error(self, t: float, y: Array) -> float:
        """Of the average over the directions alone, which is that of the system."""
        return 0.0

    def louder(self, share: float) -> BlockField:
        """There is no Ψ(Var)."""
        return self


def _risks(field: BlockMeanField, t: float, M: Array, q: Array, a: Array) -> dict[str, Array | float]:
    """The excess risk at M (B,p,k), q (B,p), a (p,): of the task that is taught, and of each."""
    E, v, lessons = field.averaged(M, q), student_weights(a), field.problem.teacher.lessons
    fields, P, _ = field.turned(t, M)
    Q, q_star, found = field.c @ field.lengths(M, np.maximum(q, 0.0)), np.diag(P).copy(), []
    for task in [field.problem.during(task) for task in distinct_tasks(lessons)] or [field.problem]:
        duals, u = kernels(*task.activations), task.v_star
        cross, teacher = dual(duals.st, Q, q_star, fields)[0], dual(duals.tt, q_star, q_star, P)[0]
        found.append(max(0.5 * float(v @ E.K @ v + 2.0 * v @ cross @ u + u @ teacher @ u), 0.0))
    if not lessons:
        return {"risk": found[0]}
    return {"risk": found[lessons[active(lessons, t)].task], "task_risk": np.array(found)}


def _system(name: str, problem: Problem, start: Start, method: Method) -> System:
    high_d, lessons, a = name == "mean-field-high-d", problem.teacher.lessons, np.array(start.a, dtype=float)
    parts = [problem.during(lesson) for lesson in lessons] or [problem]
    pieces = [BlockField(BlockMeanField(part, start, method, high_d), a, scales(problem)) for part in parts]
    whole, first = BlockMeanField(problem, start, method, high_d), pieces[0]
    M, q = np.array([block.M for block in start.blocks]), np.array([block.q for block in start.blocks])
    error = _refuse_many(name, whole, q)

    def curves(time: Array, states: Array) -> dict[str, Array]:
        M_block, q_block, weights = first.unpacked(states)
        each = [_risks(whole, float(time[t]), M_block[t], q_block[t], weights[t]) for t in range(len(states))]
        found = {key: np.array([one[key] for one in each]) for key in (each[0] if each else ("risk",))}
        fields = np.einsum("b,tbir->tir", whole.c, M_block)
        Q = np.array([whole.c @ whole.lengths(*state) for state in zip(M_block, q_block, strict=True)])
        inside = np.einsum("tir,rs,tis->ti", fields, np.linalg.pinv(whole.P, rcond=1e-10, hermitian=True), fields)
        found |= {"M": fields, "M_block": M_block, "q": np.maximum(Q.reshape(inside.shape) - inside, 0.0)}
        return {**found, "output_weights": weights} if whole.rule.trained else found

    ends = np.diag(start.overlaps.Q), np.diag(start.overlaps.P)
    kernel_error = max(kernel_error_at(*part.activations, *ends) for part in parts)
    return System(
        name,
        first.packed(M, q, a),
        Pieces(pieces, [lesson.start for lesson in lessons]) if lessons else first,
        lambda states: curves(np.zeros(len(states)), states),
        max(kernel_error, error),
        {"kernel_error": kernel_error, "xi_error": error},
        batch_warning(problem) if first.field.noise else [],
        curves_at=curves,
        breaks=switches(lessons),
    )


def _refuse_many(name: str, field: BlockMeanField, q: Array) -> float:
    """Refuse averages of too many nodes; returns their error where it is above its share of the tolerance."""
    nodes = math.prod(len(xi) for xi, _ in field.rules(q))
    if nodes > _MOST_NODES:
        reason = f"got {name!r}; its average over the directions in {len(q)} blocks takes {nodes:.2g} nodes (up to "
        advice = f"{_MOST_NODES}); use full or gradient-flow, fewer blocks (inputs.bins), or mean-field-high-d"
        raise SpecError([Defect("", "integrate.equations", reason + advice)])
    errors = [float(rule.report["xi_error"]) for rule in field.angles]
    return max((error for error in errors if error > field.angles[0].tolerance), default=0.0)


def mean_field_by_block(problem: Problem, start: Start, method: Method) -> System:
    """(MF-ODE), eq. (21), by block: valid for p ≫ 1, from a start that is rotation-invariant in every block."""
    return _system("mean-field", problem, start, method)


def mean_field_high_d_by_block(problem: Problem, start: Start, method: Method) -> System:
    """(HDMF-ODE), eq. (23), by block: all Ξ_b = I; valid for p ≫ 1 and D_b ≫ 1."""
    return _system("mean-field-high-d", problem, start, method)
