"""`full` for rules whose averages are not those of SGD: dropout, in closed form, and by nodes losses that are not
linear in the output, and several updates on a sample."""

from __future__ import annotations

import numpy as np

from sgdode.equations.full import LEAST_CHANGE, OverlapFlow, overlap_system, refuse_steep
from sgdode.equations.system import System
from sgdode.gaussian.node_averages import NodeAverages
from sgdode.gaussian.risk import Kernels, kernels
from sgdode.gaussian.variance.table import Bound, Fill, VarianceTerm, variance_term
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start


def beside_sgd(problem: Problem, start: Start) -> System:
    """`full` of such a rule."""
    duals = kernels(*problem.activations)
    refuse_steep(problem, start)
    if problem.rule.linear:
        variance = variance_term(*problem.activations, int(problem.p), problem.k, *duals.kernels)
        term = without_units(variance, int(problem.p), 1.0 - problem.rule.dropout)
        flow: OverlapFlow = DropoutFlow(problem, start, duals, problem.noise_rate, term)
        words = f"{variance.method}, over the units left out"
        return overlap_system(problem, start, "full", flow, variance.error, variance_method=words)
    nodes = NodesFlow(problem, start, duals)
    count = nodes.averaged.rules[0].weights.size
    error = nodes.stated_error(0.0, nodes.y.copy())
    told = {"variance_method": f"{count} nodes", "kernel_error": error}
    return overlap_system(problem, start, "full", nodes, 0.0, **told)


class DropoutFlow(OverlapFlow):
    """The output of a step is that of the units that take part, each with the probability κ and counted 1/κ times: in
    row i of G, v_i is v_i/κ."""

    def averages(self, t: float, y: Array) -> Array:
        """As for SGD, with what a unit's own part in the output adds."""
        V, at = super().averages(t, y), self.at
        p, keep = len(at.a), 1.0 - self.rule.dropout
        own = np.einsum("ii->i", at.ss[1]) + np.einsum("ii->i", at.ss[2])
        more = (1.0 / keep - 1.0) * at.lead * at.v[:p] * own
        at.G[np.arange(p), np.arange(p)] += more
        at.F[:] += more[:, None] * at.Omega[:p]
        return V


def without_units(term: VarianceTerm, p: int, keep: float) -> VarianceTerm:
    """V with units left out (with κ = ``keep``), from V of all by ``term``:
    V_ij = π_ij {V_ij(w) + (1 − κ)/κ Σ_{l≠i,j} v_l² V_ij(e_l, Δ = 0)}, where w is v with v_i/κ and v_j/κ, π_ii = 1/κ and
    else π_ij = 1."""

    def summed(value: Fill, Omega: Array, v: Array, noise: float, out: Array) -> None:
        one, alone = np.empty((p, p)), np.empty((p, p, p))
        for unit in range(p):
            value(Omega, np.eye(len(v))[unit], 0.0, alone[unit])
        for i in range(p):
            for j in range(i + 1):
                w = v.copy()
                w[[i, j]] /= keep
                value(Omega, w, noise, one)
                rest = [unit for unit in range(p) if unit not in (i, j)]
                total = one[i, j] + (1.0 - keep) / keep * float(v[rest] ** 2 @ alone[rest, i, j])
                out[i, j] = out[j, i] = total / keep if i == j else total

    def fill(Omega: Array, v: Array, noise: float, out: Array) -> None:
        summed(term.fill, Omega, v, noise, out)

    def bound(Omega: Array, v: Array, noise: float) -> Array:
        assert term.bound is not None
        known, out = term.bound, np.empty((p, p))

        def off(Omega: Array, v: Array, noise: float, out: Array) -> None:
            out[:] = known(Omega, v, noise)

        summed(off, Omega, v, noise, out)
        return out

    told: Bound | None = None if term.bound is None else bound
    return VarianceTerm(fill, term.error, term.method, told)


class NodesFlow(OverlapFlow):
    """F and V of a rule by ``NodeAverages``."""

    bounded = True

    def __init__(self, problem: Problem, start: Start, duals: Kernels):
        super().__init__(problem, start, duals, problem.noise_rate, None)
        self.averaged, self.own_rate = NodeAverages(problem), problem.noise_rate

    def averages(self, t: float, y: Array) -> Array:
        """F and V at the nodes; G is not filled."""
        super().averages(t, y)
        at = self.at
        rate = self.own_rate * self.factor(t)
        D, self.V[:] = self.averaged.averages(at.Omega, at.a, rate, self.averaged.rules[0])
        at.F[:] = at.lead[:, None] * D
        return self.V

    def gradient(self) -> Array:
        """G with F = G Ω, the mean derivatives of the columns."""
        return np.asarray(self.at.F @ np.linalg.pinv(self.at.Omega, hermitian=True))

    def stated_error(self, t: float, y: Array) -> float:
        """What other nodes tell of F and V, relative to the largest part of the right-hand side."""
        self(t, y, np.empty_like(y))
        rate, at = self.own_rate * self.factor(t), self.at
        off, off_V = self.averaged.error(at.Omega, at.a, rate)
        lead, F = np.abs(at.lead), np.abs(at.F).max()
        noise = rate * np.outer(lead, lead)
        largest = max(F, float(np.max(noise * np.abs(self.V))), LEAST_CHANGE * float(np.max(np.abs(at.Omega))), 1e-300)
        return float(max(np.max(lead[:, None] * off), np.max(noise * off_V)) / largest)
