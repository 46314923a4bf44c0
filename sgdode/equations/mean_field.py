"""The mean-field systems on (M, q): M = W W*ᵀ/d and q = diag Q⊥, with the directions orthogonal to them averaged.

State: M row by row, then q, then the output weights a where they are trained. Ω̃ has the student block
Q̃ = M P⁺ Mᵀ + D_√q Ξ D_√q, with Ξ_ii = 1 and Ξ_ij the cosine of independent uniform directions of R^D:
    dM/dt = E[G] [M; P],   dq_i/dt = 2 (E[G_ii] q_i + Σ_{l≠i} √(q_i q_l) E[G_il Ξ_il])       (eqs. (21), (23)).
"""

from __future__ import annotations

import math

import numpy as np

from sgdode.equations.angle_rule import AngleRule
from sgdode.equations.full import System, batch_warning
from sgdode.equations.mean_field_sums import Sums, erf_sums, kernel_sums, slope_variance
from sgdode.gaussian.risk import kernel_error_at, kernels
from sgdode.jit.pairs import dual
from sgdode.model.activations import ACTIVATIONS
from sgdode.model.clock import clock
from sgdode.model.overlaps import Array
from sgdode.model.starts import Start
from sgdode.spec.schema import Spec

#: The share of the solver's tolerance that the average over ξ may use.
_SHARE = 0.1
#: Correlations of Q⊥ this far above those of random directions are worth a warning.
_CORRELATED = 3.0


class MeanField:
    """The network at a state (M, q, a) of ``p`` students with weights ``share`` (p,), 1/p each at finite width.

    ``own``: whether l = i is the neuron with itself (finite width), or one more independent draw (infinite width).
    """

    def __init__(self, spec: Spec, P: Array, L: Array, dimension: float, share: Array, own: bool):
        self.spec, self.P, self.L, self.share, self.q_star = spec, P, L, share, np.diag(P).copy()
        self.into_span = L @ np.linalg.inv(L.T @ L)
        self.duals = kernels(spec)
        self.dimension = dimension
        self.rule = AngleRule(self.duals.ss, dimension, _SHARE * spec.integrate.rtol)
        student = spec.student.activation
        is_erf = student.hermite is None and spec.activation(student) is ACTIVATIONS["erf"]
        self.sums = erf_sums(student.gain, own) if is_erf else kernel_sums(self.duals.ss, own)
        self.v_teacher = np.array(spec.teacher_output_weights) / spec.k
        self.factor = clock(spec).factor
        self.noise = (
            spec.gamma_over_p / spec.batch_size * spec.teacher.noise if spec.integrate.noise_correction else 0.0
        )

    def averaged(self, M: Array, q: Array, a: Array, values: bool) -> tuple[Array, Sums, Array]:
        """A (p,r), the sums over students, and the student–teacher kernels (3,p,k)."""
        A, q = M @ self.into_span, np.maximum(q, 0.0)
        Q = (A * A).sum(axis=1) + q
        sums = self.sums(A, q, -self.share * a, self.rule(q), values)
        return A, sums, dual(self.duals.st, Q, self.q_star, M)

    def flow(self, t: float, M: Array, q: Array, a: Array) -> tuple[Array, Array, Array]:
        """dM/dt (p,k), dq/dt (p,) and da/dt (p,)."""
        spec, speed = self.spec, self.spec.student.train_output
        A, sums, st = self.averaged(M, q, a, speed > 0)
        drag = sums.drag + st[2] @ self.v_teacher
        dM = a[:, None] * (sums.pull @ self.L.T + drag[:, None] * M + (st[1] * self.v_teacher) @ self.P)
        dq = 2.0 * a * (drag * q + sums.cross)
        if self.noise and self.dimension > 0:
            slopes = np.empty(len(q))
            slope_variance(self.duals.ss, (A * A).sum(axis=1) + np.maximum(q, 0.0), slopes)
            dq += self.noise * self.factor(t) * a**2 * slopes
        if spec.weight_decay:
            dM -= spec.weight_decay * M
            dq -= 2.0 * spec.weight_decay * q
        if spec.constraint == "spherical":
            stretch = (dq + 2.0 * ((dM @ self.into_span) * A).sum(axis=1)) / ((A * A).sum(axis=1) + q)
            dM -= 0.5 * stretch[:, None] * M
            dq -= stretch * q
        return dM, dq, speed * (sums.value + st[0] @ self.v_teacher)

    def risk(self, M: Array, q: Array, a: Array) -> float:
        """The excess risk ½ vᵀ E[K] v."""
        _, sums, st = self.averaged(M, q, a, True)
        v = -self.share * a
        teacher = self.v_teacher @ dual(self.duals.tt, self.q_star, self.q_star, self.P)[0] @ self.v_teacher
        return float(np.maximum(0.5 * (v @ sums.value + 2.0 * v @ st[0] @ self.v_teacher + teacher), 0.0))


def packed(name: str, field: MeanField, M: Array, q: Array, a: Array, warnings: list[str]) -> System:
    """The System of a network from the start (M, q, a)."""
    p, k = M.shape
    trained = field.spec.student.train_output > 0
    a = np.array(a, dtype=float)

    def rhs(t: float, y: Array, ydot: Array) -> None:
        y = np.array(y)
        weights = y[p * (k + 1) :] if trained else a
        dM, dq, da = field.flow(t, y[: p * k].reshape(p, k), y[p * k : p * (k + 1)], weights)
        ydot[: p * k] = dM.ravel()
        ydot[p * k : p * (k + 1)] = dq
        if trained:
            ydot[p * (k + 1) :] = da

    field.rule(q)

    def curves(states: Array) -> dict[str, Array]:
        Ms, qs = states[:, : p * k].reshape(-1, p, k), states[:, p * k : p * (k + 1)]
        weights = states[:, p * (k + 1) :] if trained else np.broadcast_to(a, (len(states), p))
        risks = [field.risk(Ms[t], qs[t], weights[t]) for t in range(len(states))]
        found = {"risk": np.array(risks), "M": Ms, "q": qs}
        return {**found, "output_weights": weights} if trained else found

    y0 = np.concatenate([M.ravel(), q, a if trained else np.empty(0)])
    report, Q = field.rule.report, q + ((M @ field.into_span) ** 2).sum(axis=1)
    report["kernel_error"] = kernel_error_at(field.spec, Q, np.diag(field.P))
    coarse = report["xi_error"] if report["xi_error"] > field.rule.tolerance else 0.0
    return System(name, y0, rhs, curves, max(coarse, report["kernel_error"]), report, warnings)


def _finite(spec: Spec, start: Start, name: str, dimension: float) -> System:
    overlaps = start.overlaps
    p = len(overlaps.M)
    field = MeanField(spec, overlaps.P, overlaps.L, dimension, np.full(p, 1.0 / p), own=True)
    warnings = [*_correlations(spec, start), *field_warnings(spec, field)]
    return packed(name, field, overlaps.M, overlaps.q, start.a, warnings)


def mean_field(spec: Spec, start: Start) -> System:
    """(MF-ODE), eq. (21): valid for p ≫ 1 at any d, from a start that is rotation-invariant around the teachers."""
    return _finite(spec, start, "mean-field", spec.d - start.overlaps.L.shape[1])


def mean_field_high_d(spec: Spec, start: Start) -> System:
    """(HDMF-ODE), eq. (23): Ξ = I; valid for p ≫ 1 and d ≫ 1."""
    return _finite(spec, start, "mean-field-high-d", math.inf)


def field_warnings(spec: Spec, field: MeanField) -> list[str]:
    """What the γ/p term of the mean-field systems neglects."""
    if not field.noise:
        return []
    found = batch_warning(spec)
    D = spec.d - field.L.shape[1]
    if 0.9 * spec.d > D:
        found.append(
            f"noise_correction adds all of (γ/p) Δ a_i² K11_ii to dq_i/dt; at dimension {spec.d:g} only about "
            f"D/d = {D / spec.d:.2g} of it is orthogonal to the teachers"
        )
    return found


def _correlations(spec: Spec, start: Start) -> list[str]:
    """A warning where Q⊥ has correlations that rotation-invariant directions would not have."""
    orthogonal, D = start.overlaps.orthogonal, spec.d - start.overlaps.L.shape[1]
    lengths = np.sqrt(np.diag(orthogonal))
    if spec.initial.kind == "gaussian" or not lengths.any():
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
