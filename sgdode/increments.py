"""The noise of one SGD step: the covariance Σ(y) of its increments, divided by δt².

In units where weights are w/√d, a step on a batch moves the state y = (Q, M, a) by δt times the batch mean of

    M_ir: g_i λ*_r      Q_ij: g_i λ_j + g_j λ_i + (γ/(pB)) g_i g_j      a_i: η_a σ(λ_i) E      with g_i = a_i σ'(λ_i) E,

eq. (9) with ‖x‖² = 1 and orthogonal inputs, both up to a relative O(1/√d): of the B² products of inputs in Q the B
squares are left, each of weight 1/B². The samples are independent, hence Σ = Cov(one sample)/B. Weight decay is the same
in every step and has no noise. The sphere divides row i of W by its length, √(Q_ii + ΔQ_ii), which to first order takes
½ Q_ij (ΔQ_ii/Q_ii + ΔQ_jj/Q_jj) from ΔQ_ij and ½ M_ir ΔQ_ii/Q_ii from ΔM_ir, sample by sample.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import boolean, njit, types

from sgdode.equations import unpack
from sgdode.grid import clock
from sgdode.initial import Start
from sgdode.overlaps import Array, omega
from sgdode.pairs import MATRIX, PAIR, VECTOR
from sgdode.quasi import nodes, symmetric_root
from sgdode.risk import kernels
from sgdode.spec import Spec

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


@njit(types.void(MATRIX, MATRIX, MATRIX), cache=True, nogil=True)
def _onto_sphere(Q: Any, M: Any, phi: Any) -> None:
    """Take from the increments what the division by the lengths takes; those of Q_ii become 0."""
    p, k = M.shape
    stretch = np.empty((p, phi.shape[1]))
    at = 0
    for i in range(p):
        stretch[i] = 0.5 * phi[at] / Q[i, i]
        at += p - i
    at = 0
    for i in range(p):
        for j in range(i, p):
            phi[at] -= Q[i, j] * (stretch[i] + stretch[j])
            at += 1
    for i in range(p):
        for r in range(k):
            phi[at] -= M[i, r] * stretch[i]
            at += 1


@njit(
    types.void(MATRIX, MATRIX, MATRIX, MATRIX, *[VECTOR] * 2, *[types.float64] * 3, boolean, PAIR, MATRIX, VECTOR),
    cache=True,
    nogil=True,
)
def _moments(
    Q: Any, M: Any, root: Any, z: Any, v: Any, a: Any,
    deviation: Any, rate: Any, train: Any, spherical: Any, st: Any, second: Any, first: Any,
) -> None:  # fmt: skip
    """Fill the second (size,size) and first (size,) moments of the increments of one sample over the nodes ``z``."""
    (p, k), n, size, block = M.shape, v.size, first.size, _BLOCK
    s, ds = np.empty(n * block), np.empty(n * block)
    phi, error = np.empty((size, block)), np.empty(block)
    first[:] = 0.0
    second[:] = 0.0
    for start in range(0, z.shape[1], block):
        part = np.ascontiguousarray(z[:, start : start + block])
        lam = np.dot(root, part[:n])
        scaled = lam.copy()
        scaled[:p] *= st.gain1
        scaled[p:] *= st.gain2
        fields = scaled.ravel()
        st.first(fields[: p * block], s[: p * block], ds[: p * block])
        st.second(fields[p * block :], s[p * block :], ds[p * block :])
        values = s.reshape(n, block)
        error[:] = np.dot(v, values) + deviation * part[n]
        g = ds[: p * block].reshape(p, block) * error
        for i in range(p):
            g[i] *= a[i] * st.gain1
        _overlap_rows(g, lam, Q, M, rate, phi)
        if spherical:
            _onto_sphere(Q, M, phi)
        if train > 0.0:
            for i in range(p):
                phi[size - p + i] = train * values[i] * error
        for row in range(size):
            first[row] += phi[row].sum() / z.shape[1]
        second += np.dot(phi, phi.T) / z.shape[1]


class Increments:
    """``covariance(t, y)`` is Σ (size,size) at the state ``y`` (size,) of `full` and time t.

    An average over fixed scrambled Sobol points, one coordinate of them for the label noise: 2^14 of them give Σ to about
    1 % for erf. Serves one thread.
    """

    def __init__(self, spec: Spec, start: Start):
        self.p, self.k = start.overlaps.M.shape
        self.P, self.a, self.duals = start.overlaps.P, start.a, kernels(spec)
        self.teacher = np.array(spec.teacher_output_weights) / spec.k
        self.rate, self.factor = spec.gamma_over_p / spec.batch_size, clock(spec).factor
        self.batch, self.train = spec.batch_size, spec.student.train_output
        self.deviation, self.spherical = math.sqrt(spec.teacher.noise), spec.constraint == "spherical"
        size = self.p * (self.p + 1) // 2 + self.p * self.k
        self.nodes = nodes(self.p + self.k + 1, 14 if size < 40 else 13 if size < 150 else 12)

    def covariance(self, t: float, y: Array) -> Array:
        """Σ (size,size)."""
        Q, M, trained = (part[0] for part in unpack(y[np.newaxis], self.p, self.k))
        a = trained if len(trained) else self.a
        v = np.concatenate([-a / self.p, self.teacher])
        first, second = np.empty(len(y)), np.empty((len(y), len(y)))
        arrays = Q, np.ascontiguousarray(M), symmetric_root(omega(Q, M, self.P)), self.nodes, v, np.array(a)
        rate = self.rate * self.factor(t)
        _moments(*arrays, self.deviation, rate, self.train, self.spherical, self.duals.st, second, first)
        return np.asarray((second - np.outer(first, first)) / self.batch)
