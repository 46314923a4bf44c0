"""The noise of one SGD step: the covariance Σ(y) of its increments, divided by δt².

In units where weights are w/√d, a step on a batch moves the state y = (Q, M, a) by δt times the batch mean of

    M_ir: g_i λ*_r      Q_ij: g_i λ_j + g_j λ_i + (γ/(pB)) g_i g_j      a_i: η_a σ(λ_i) E      with g_i = a_i σ'(λ_i) E,

eq. (9) with ‖x‖² = 1 and orthogonal inputs, both up to a relative O(1/√d): of the B² products of inputs in Q the B
squares are left, each of weight 1/B². The samples are independent, hence Σ = Cov(one sample)/B. Weight decay is the
same in every step and has no noise. The sphere divides row i of W by its length, √(Q_ii + ΔQ_ii), which to first order
takes ½ Q_ij (ΔQ_ii/Q_ii + ΔQ_jj/Q_jj) from ΔQ_ij and ½ M_ir ΔQ_ii/Q_ii from ΔM_ir: a linear map of the increments.

The mean of a step is δt F + δt² b: b holds what F leaves out at finite d, E[‖x‖²| fields] = (d − n + ‖z‖²)/d with z the
white fields, and the second order of a batch, of decay and of the sphere.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from sgdode.gaussian.risk import kernels
from sgdode.gaussian.variance.quasi_monte_carlo import nodes, symmetric_root
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.pairs import PAIR, Pair
from sgdode.model.overlaps import Array, omega
from sgdode.model.problem import Problem, student_weights
from sgdode.model.start_laws import Start
from sgdode.model.state import entries, size, unpacked

_BLOCK = 256
Units = NDArray[np.int64]
_UNITS = types.int64[::1]


@compiled(types.void(MATRIX, MATRIX, _UNITS, _UNITS, types.float64, MATRIX), nogil=True)
def _overlap_rows(g: Array, lam: Array, owners: Units, others: Units, rate: float, phi: Array) -> None:
    """Fill the rows of Q and M of ``phi``: increments of the samples, (size, block)."""
    p = g.shape[0]
    for at in range(owners.size):
        i, j = owners[at], others[at]
        if j < p:
            for b in range(g.shape[1]):
                phi[at, b] = g[i, b] * lam[j, b] + g[j, b] * lam[i, b] + rate * g[i, b] * g[j, b]
        else:
            for b in range(g.shape[1]):
                phi[at, b] = g[i, b] * lam[j, b]


class Sampled(NamedTuple):
    """Fields to average over: a root (n,n) of Ω, nodes z (n+1,N), v (n,) and a (p,); the units of every overlap."""

    root: Array
    z: Array
    v: Array
    a: Array
    owners: Units
    others: Units


class Moments(NamedTuple):
    """``second`` (size,size) and ``first`` (size,) moments of the increments of one sample, ``lengths`` =
    E[(‖z‖² − n) g_i g_j] (p,p) and ``pull`` = E[g_i z] (p,n)."""

    second: Array
    first: Array
    lengths: Array
    pull: Array


_SAMPLED = types.NamedTuple((MATRIX, MATRIX, VECTOR, VECTOR, _UNITS, _UNITS), Sampled)
_MOMENTS = types.NamedTuple((MATRIX, VECTOR, MATRIX, MATRIX), Moments)


@compiled(types.void(_SAMPLED, types.float64, types.float64, types.float64, PAIR, _MOMENTS), nogil=True)
def _moments(sampled: Sampled, deviation: float, rate: float, train: float, st: Pair, moments: Moments) -> None:
    """Fill the moments. ``deviation`` √Δ, ``rate`` γ/(pB), ``train`` η_a, ``st`` the student–teacher kernel."""
    root, z, v, a, owners, others = sampled
    second, first, lengths, pull = moments
    p, n, size, block = a.size, v.size, first.size, _BLOCK
    s, ds = np.empty(n * block), np.empty(n * block)
    phi, error, g = np.empty((size, block)), np.empty(block), np.empty((p, block))
    for moment in (second, lengths, pull):
        moment[:] = 0.0
    first[:] = 0.0
    for start in range(0, z.shape[1], block):
        part = np.ascontiguousarray(z[:, start : start + block])
        x = part[:n]
        lam = np.dot(root, x)
        scaled = lam.copy()
        scaled[:p] *= st.gain1
        scaled[p:] *= st.gain2
        fields = scaled.ravel()
        st.first(fields[: p * block], s[: p * block], ds[: p * block])
        st.second(fields[p * block :], s[p * block :], ds[p * block :])
        values = s.reshape(n, block)
        error[:] = np.dot(v, values) + deviation * part[n]
        for i in range(p):
            g[i] = a[i] * st.gain1 * ds[i * block : (i + 1) * block] * error
        _overlap_rows(g, lam, owners, others, rate, phi)
        if train > 0.0:
            for i in range(p):
                phi[size - p + i] = train * values[i] * error
        for row in range(size):
            first[row] += phi[row].sum() / z.shape[1]
        second += np.dot(phi, phi.T) / z.shape[1]
        pull += np.dot(g, x.T) / z.shape[1]
        lengths += np.dot(g * ((x * x).sum(axis=0) - n), g.T) / z.shape[1]


class Increments:
    """The noise of a step at states of `full`, averaged over fixed scrambled Sobol points: one coordinate a field, one
    for the label noise. 2^14 points give Σ to about 1 % for erf. Serves one thread."""

    def __init__(self, problem: Problem, start: Start):
        self.p, self.k = start.overlaps.M.shape
        self.P, self.a, self.duals = start.overlaps.P, start.a, kernels(*problem.activations)
        self.teacher, self.share = problem.v_star, problem.rule.loss.share
        self.rate, self.factor, self.rule = problem.noise_rate, problem.clock.factor, problem.rule
        self.deviation = math.sqrt(problem.teacher.noise)
        self.overlaps = size(self.p, self.k)
        self.owners, self.others = entries(self.p, self.k)
        log2_count = 14 if self.overlaps < 40 else 13 if self.overlaps < 150 else 12
        self.nodes = nodes(self.p + self.k + 1, log2_count)

    def __call__(self, t: float, y: Array) -> tuple[Array, Array]:
        """Σ (size,size), and the second-order part b (size,) of the mean of a step, at the state ``y`` and time t:
        E[Δy] = δt F + δt² b, exactly for the free flow, to this order on the sphere."""
        Q, M, trained = (part[0] for part in unpacked(y[np.newaxis], self.p, self.k))
        a = np.array(trained if len(trained) else self.a)
        v, n = np.concatenate([self.share * student_weights(a), self.teacher]), self.p + self.k
        root = symmetric_root(omega(Q, M, self.P))
        moments = Moments(
            np.empty((len(y), len(y))), np.empty(len(y)), np.empty((self.p, self.p)), np.empty((self.p, n))
        )
        sampled = Sampled(root, self.nodes, v, a, self.owners, self.others)
        rate = self.rate * self.factor(t)
        _moments(sampled, self.deviation, rate, self.rule.train_output, self.duals.st, moments)
        second, first, lengths, pull = moments
        covariance = (second - np.outer(first, first)) / self.rule.batch
        bend = self._bend(Q, lengths, pull, pull @ root, len(y))
        return self._on_sphere(y, covariance, first, bend) if self.rule.spherical else (covariance, bend)

    def _bend(self, Q: Array, lengths: Array, pull: Array, force: Array, size: int) -> Array:
        """b of the free flow, all of it in Q: the fluctuating ‖x‖², products of different samples of a batch, and the
        decay before the gradient. ``force`` is E[g_i λ_c] (p,n)."""
        toward = force[:, : self.p] + force[:, : self.p].T
        batch, decay = self.rule.batch, self.rule.decay
        found = lengths / batch + (1.0 - 1.0 / batch) * pull @ pull.T + decay * (decay * Q - toward)
        bend = np.zeros(size)
        bend[: self.p * (self.p + 1) // 2] = found[np.triu_indices(self.p)]
        return bend

    def _on_sphere(self, y: Array, covariance: Array, first: Array, bend: Array) -> tuple[Array, Array]:
        """Σ and b after the division of row i of W by √(Q_ii + ΔQ_ii), to second order in ΔQ."""
        count, students = self.overlaps, self.others < self.p
        owners, others = self.owners, np.where(students, self.others, -1)
        rows, columns = owners[students], others[students]
        diagonal = np.flatnonzero(rows == columns)
        norm = y[diagonal]
        drift = first.copy()
        drift[:count] -= self.rule.decay * np.where(others >= 0, 2.0, 1.0) * y[:count]
        product = covariance + np.outer(drift, drift)
        tangent = np.eye(len(y))
        curved = np.zeros(len(y))
        at, two = np.arange(count), students
        for index, weight in ((owners, np.ones(count, dtype=bool)), (others, two)):
            here, place = at[weight], diagonal[index[weight]]
            scale = norm[index[weight]]
            tangent[here, place] -= 0.5 * y[here] / scale
            curved[here] += -0.5 * product[here, place] / scale + 0.375 * y[here] * product[place, place] / scale**2
        one, other = diagonal[rows], diagonal[columns]
        curved[at[two]] += 0.25 * y[at[two]] * product[one, other] / (norm[rows] * norm[columns])
        return tangent @ covariance @ tangent.T, tangent @ bend + curved
