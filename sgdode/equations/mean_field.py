"""The mean-field systems on (M, q): M = W W*ᵀ/d and q = diag Q⊥, with the directions orthogonal to them averaged.

State: M row by row, then q, then the output weights a where they are trained. Ω̃ has the student block
Q̃ = M P⁺ Mᵀ + D_√q Ξ D_√q, with Ξ_ii = 1 and Ξ_ij the cosine of independent uniform directions of R^D:
    dM/dt = E[G] [M; P],   dq_i/dt = 2 (E[G_ii] q_i + Σ_{l≠i} √(q_i q_l) E[G_il Ξ_il])       (eqs. (21), (23)).
"""

from __future__ import annotations

import math

import numpy as np

from sgdode.equations.angle_rule import AngleRule
from sgdode.equations.mean_field_sums import Sums, erf_sums, kernel_sums, slope_variance
from sgdode.equations.system import Method, System, batch_warning
from sgdode.gaussian.risk import kernel_error_at, kernels
from sgdode.jit.pairs import dual
from sgdode.model.activations import ACTIVATIONS
from sgdode.model.linear_map import hold_diagonal
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem, particle_weights
from sgdode.model.start_laws import Start
from sgdode.model.state import packed_diagonal, unpacked_diagonal

#: The share of the solver's tolerance that the average over ξ may use.
_SHARE = 0.1
#: Correlations of Q⊥ this far above those of random directions are worth a warning.
_CORRELATED = 3.0


class MeanField:
    """The network at a state (M, q, a) of ``p`` students with weights ``share`` (p,), 1/p each at finite width.

    ``P`` (k,k) and ``L`` (k,r) of the teachers, ``dimension`` D of the directions that are averaged; ``own``: whether
    l = i is the neuron with itself (finite width), or one more independent draw (infinite width).
    """

    def __init__(self, problem: Problem, method: Method, span: tuple[Array, Array, float], share: Array, own: bool):
        self.problem, self.rule, self.share = problem, problem.rule, share
        self.P, self.L, self.dimension = span
        self.q_star = np.diag(self.P).copy()
        self.into_span = self.L @ np.linalg.inv(self.L.T @ self.L)
        self.duals = kernels(*problem.activations)
        self.angles = AngleRule(self.duals.ss, self.dimension, _SHARE * method.rtol)
        student = problem.student.activation
        is_erf = student.loop is ACTIVATIONS["erf"].loop
        self.sums = erf_sums(student.gain, own) if is_erf else kernel_sums(self.duals.ss, own)
        self.v_teacher, self.factor = problem.v_star, problem.clock.factor
        self.noise = problem.noise_rate * problem.teacher.noise if method.noise_correction else 0.0

    def averaged(self, M: Array, q: Array, v: Array, values: bool) -> tuple[Array, Sums, Array]:
        """A (p,r), the sums over students of weights ``v`` (p,), and the student–teacher kernels (3,p,k)."""
        A, q = M @ self.into_span, np.maximum(q, 0.0)
        Q = (A * A).sum(axis=1) + q
        sums = self.sums(A, q, v, self.angles(q), values)
        return A, sums, dual(self.duals.st, Q, self.q_star, M)

    def flow(self, t: float, M: Array, q: Array, a: Array) -> tuple[Array, Array, Array]:
        """dM/dt (p,k), dq/dt (p,) and da/dt (p,)."""
        rule = self.rule
        v = rule.share * particle_weights(a, self.share)
        A, sums, st = self.averaged(M, q, v, rule.trained)
        drag = sums.drag + st[2] @ self.v_teacher
        dM = a[:, None] * (sums.pull @ self.L.T + drag[:, None] * M + (st[1] * self.v_teacher) @ self.P)
        dq = 2.0 * a * (drag * q + sums.cross)
        if self.noise and self.dimension > 0:
            slopes = np.empty(len(q))
            slope_variance(self.duals.ss, (A * A).sum(axis=1) + np.maximum(q, 0.0), slopes)
            dq += self.noise * self.factor(t) * a**2 * slopes
        hold_diagonal(rule, dM, dq, M, q, A, self.into_span)
        return dM, dq, rule.train_output * (sums.value + st[0] @ self.v_teacher)

    def risk(self, M: Array, q: Array, a: Array) -> float:
        """The excess risk ½ vᵀ E[K] v."""
        v = particle_weights(a, self.share)
        _, sums, st = self.averaged(M, q, v, True)
        teacher = self.v_teacher @ dual(self.duals.tt, self.q_star, self.q_star, self.P)[0] @ self.v_teacher
        return float(np.maximum(0.5 * (v @ sums.value + 2.0 * v @ st[0] @ self.v_teacher + teacher), 0.0))


def mean_field_system(name: str, field: MeanField, M: Array, q: Array, a: Array, warnings: list[str]) -> System:
    """The System of a network from the start (M, q, a)."""
    p, k = M.shape
    trained = field.rule.trained
    a = np.array(a, dtype=float)

    def rhs(t: float, y: Array, ydot: Array) -> None:
        Ms, qs, weights = unpacked_diagonal(np.array(y)[np.newaxis], p, k)
        dM, dq, da = field.flow(t, Ms[0], qs[0], weights[0] if trained else a)
        ydot[:] = packed_diagonal(dM, dq, da if trained else a[:0])

    field.angles(q)

    def curves(states: Array) -> dict[str, Array]:
        Ms, qs, weights = unpacked_diagonal(states, p, k)
        weights = weights if trained else np.broadcast_to(a, (len(states), p))
        risks = [field.risk(Ms[t], qs[t], weights[t]) for t in range(len(states))]
        found = {"risk": np.array(risks), "M": Ms, "q": np.maximum(qs, 0.0)}
        return {**found, "output_weights": weights} if trained else found

    y0 = packed_diagonal(M, q, a if trained else np.empty(0))
    report, Q = field.angles.report, q + ((M @ field.into_span) ** 2).sum(axis=1)
    report["kernel_error"] = kernel_error_at(*field.problem.activations, Q, np.diag(field.P))
    coarse = report["xi_error"] if report["xi_error"] > field.angles.tolerance else 0.0
    return System(name, y0, rhs, curves, max(coarse, report["kernel_error"]), report, warnings)


def _finite_width(name: str, high_d: bool, problem: Problem, start: Start, method: Method) -> System:
    overlaps = start.overlaps
    p, dimension = len(overlaps.M), math.inf if high_d else problem.d - overlaps.L.shape[1]
    span = overlaps.P, overlaps.L, dimension
    field = MeanField(problem, method, span, np.full(p, 1.0 / p), own=True)
    warnings = [*_correlations(problem, start), *field_warnings(problem, field)]
    return mean_field_system(name, field, overlaps.M, overlaps.q, start.a, warnings)


def mean_field(problem: Problem, start: Start, method: Method) -> System:
    """(MF-ODE), eq. (21): valid for p ≫ 1 at any d, from a start that is rotation-invariant around the teachers."""
    return _finite_width("mean-field", False, problem, start, method)


def mean_field_high_d(problem: Problem, start: Start, method: Method) -> System:
    """(HDMF-ODE), eq. (23): Ξ = I; valid for p ≫ 1 and d ≫ 1."""
    return _finite_width("mean-field-high-d", True, problem, start, method)


def field_warnings(problem: Problem, field: MeanField) -> list[str]:
    """What the γ/p term of the mean-field systems neglects."""
    if not field.noise:
        return []
    found = batch_warning(problem)
    D = problem.d - field.L.shape[1]
    if 0.9 * problem.d > D:
        found.append(
            f"noise_correction adds all of (γ/p) Δ a_i² K11_ii to dq_i/dt; at dimension {problem.d:g} only about "
            f"D/d = {D / problem.d:.2g} of it is orthogonal to the teachers"
        )
    return found


def _correlations(problem: Problem, start: Start) -> list[str]:
    """A warning where Q⊥ has correlations that rotation-invariant directions would not have."""
    orthogonal, D = start.overlaps.orthogonal, problem.d - start.overlaps.L.shape[1]
    lengths = np.sqrt(np.diag(orthogonal))
    if problem.initial.law.neuron == "gaussian" or not lengths.any():
        return []
    kept = lengths > 1e-6 * lengths.max()
    cosines = (orthogonal / np.where(kept, lengths, 1.0)[:, None] / np.where(kept, lengths, 1.0))[np.ix_(kept, kept)]
    cosines = cosines[~np.eye(len(cosines), dtype=bool)]
    typical = math.sqrt(float(np.mean(cosines**2))) if len(cosines) else 0.0
    expected = 1 / math.sqrt(max(D, 1))
    if typical <= _CORRELATED * expected + 1e-6:
        return []
    return [
        f"mean field keeps diag(Q⊥) alone, but the start's Q⊥ has correlations: cosines of {typical:.2g} (rms) where "
        f"independent directions have {expected:.2g}"
    ]
