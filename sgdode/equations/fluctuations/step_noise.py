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
from typing import Any

import numpy as np
from numba import njit, types

from sgdode.equations.full import unpack
from sgdode.gaussian.risk import kernels
from sgdode.gaussian.variance.quasi_monte_carlo import nodes, symmetric_root
from sgdode.jit.pairs import MATRIX, PAIR, VECTOR
from sgdode.model.clock import clock
from sgdode.model.overlaps import Array, omega
from sgdode.model.starts import Start
from sgdode.spec.schema import Spec

_BLOCK = 256


@njit(types.void(MATRIX, MATRIX, MATRIX, MATRIX, types.float64, MATRIX), cache=True, nogil=True)
def _overlap_rows(g: Any, lam: Any, Q: Any, M: Any, rate: Any, phi: Any) -> None:
    """Fill the rows of Q and M of ``phi``: increments of the samples, (size, block)."""
    p, k = M.shape
    at = 0
    for i in range(p):
        for j in range(i, p):
            for b in range(g.shape[1]):
                phi[at, b] = g[i, b] * lam[j, b] + g[j, b] * lam[i, b] + rate * g[i, b] * g[j, b]
            at += 1
    for i in range(p):
        for r in range(k):
            for b in range(g.shape[1]):
                phi[at, b] = g[i, b] * lam[p + r, b]
            at += 1


@njit(
    types.void(*[MATRIX] * 4, *[VECTOR] * 2, *[types.float64] * 3, PAIR, MATRIX, VECTOR, MATRIX, MATRIX),
    cache=True,
    nogil=True,
)
def _moments(
    Q: Any, M: Any, root: Any, z: Any, v: Any, a: Any,
    deviation: Any, rate: Any, train: Any, st: Any, second: Any, first: Any, lengths: Any, pull: Any,
) -> None:  # fmt: skip
    """Fill moments of the increments of one sample over the nodes ``z``: ``second`` (size,size), ``first`` (size,),
    ``lengths`` = E[(‖z‖² − n) g_i g_j] (p,p) and ``pull`` = E[g_i z] (p,n)."""
    p, n, size, block = len(M), v.size, first.size, _BLOCK
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
        _overlap_rows(g, lam, Q, M, rate, phi)
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

    def __init__(self, spec: Spec, start: Start):
        self.p, self.k = start.overlaps.M.shape
        self.P, self.a, self.duals = start.overlaps.P, start.a, kernels(spec)
        self.teacher = np.array(spec.teacher_output_weights) / spec.k
        self.rate, self.factor = spec.gamma_over_p / spec.batch_size, clock(spec).factor
        self.batch, self.train, self.decay = spec.batch_size, spec.student.train_output, spec.weight_decay
        self.deviation, self.spherical = math.sqrt(spec.teacher.noise), spec.constraint == "spherical"
        self.overlaps = self.p * (self.p + 1) // 2 + self.p * self.k
        log2_count = 14 if self.overlaps < 40 else 13 if self.overlaps < 150 else 12
        self.nodes = nodes(self.p + self.k + 1, log2_count)

    def __call__(self, t: float, y: Array) -> tuple[Array, Array]:
        """Σ (size,size), and the second-order part b (size,) of the mean of a step, at the state ``y`` and time t:
        E[Δy] = δt F + δt² b, exactly for the free flow, to this order on the sphere."""
        Q, M, trained = (part[0] for part in unpack(y[np.newaxis], self.p, self.k))
        a = trained if len(trained) else self.a
        v, n = np.concatenate([-a / self.p, self.teacher]), self.p + self.k
        first, second = np.empty(len(y)), np.empty((len(y), len(y)))
        lengths, pull = np.empty((self.p, self.p)), np.empty((self.p, n))
        arrays = Q, np.ascontiguousarray(M), symmetric_root(omega(Q, M, self.P)), self.nodes, v, np.array(a)
        rate = self.rate * self.factor(t)
        moments = second, first, lengths, pull
        _moments(*arrays, self.deviation, rate, self.train, self.duals.st, *moments)
        covariance = (second - np.outer(first, first)) / self.batch
        bend = self._bend(Q, lengths, pull, pull @ arrays[2], len(y))
        return self._on_sphere(y, covariance, first, bend) if self.spherical else (covariance, bend)

    def _bend(self, Q: Array, lengths: Array, pull: Array, force: Array, size: int) -> Array:
        """b of the free flow, all of it in Q: the fluctuating ‖x‖², products of different samples of a batch, and the
        decay before the gradient. ``force`` is E[g_i λ_c] (p,n)."""
        toward = force[:, : self.p] + force[:, : self.p].T
        found = lengths / self.batch + (1.0 - 1.0 / self.batch) * pull @ pull.T + self.decay * (self.decay * Q - toward)
        bend = np.zeros(size)
        bend[: self.p * (self.p + 1) // 2] = found[np.triu_indices(self.p)]
        return bend

    def _on_sphere(self, y: Array, covariance: Array, first: Array, bend: Array) -> tuple[Array, Array]:
        """Σ and b after the division of row i of W by √(Q_ii + ΔQ_ii), to second order in ΔQ."""
        rows, columns = np.triu_indices(self.p)
        diagonal = np.flatnonzero(rows == columns)
        count, norm = self.overlaps, y[diagonal]
        owners = np.concatenate([rows, np.repeat(np.arange(self.p), self.k)])
        others = np.concatenate([columns, np.full(self.p * self.k, -1)])
        drift = first.copy()
        drift[:count] -= self.decay * np.where(others >= 0, 2.0, 1.0) * y[:count]
        product = covariance + np.outer(drift, drift)
        tangent = np.eye(len(y))
        curved = np.zeros(len(y))
        at, two = np.arange(count), others >= 0
        for index, weight in ((owners, np.ones(count, dtype=bool)), (others, two)):
            here, place = at[weight], diagonal[index[weight]]
            scale = norm[index[weight]]
            tangent[here, place] -= 0.5 * y[here] / scale
            curved[here] += -0.5 * product[here, place] / scale + 0.375 * y[here] * product[place, place] / scale**2
        one, other = diagonal[rows], diagonal[columns]
        curved[at[two]] += 0.25 * y[at[two]] * product[one, other] / (norm[rows] * norm[columns])
        return tangent @ covariance @ tangent.T, tangent @ bend + curved
