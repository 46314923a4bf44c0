"""The variance term of any activations as an average over fixed quasi-random fields.

Scrambled Sobol points, the same at every call, become fields λ = Ω^(1/2) z with the symmetric square root: units with
equal overlaps have equal fields, so that perfect learning stays a fixed point. The label noise is not sampled.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sgdode.gaussian.dual import PairKernel
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.jit.pairs import PAIR, Pair, held
from sgdode.jit.units import evaluate_at, fill_at
from sgdode.model.overlaps import Array

#: 2^14 nodes.
LOG2_NODES = 14
#: Other scramblings, whose spread is the stated error.
_OTHERS = 4


@lru_cache
def nodes(n: int, log2_count: int = LOG2_NODES, scrambling: int = 0) -> Array:
    """Standard normal points (n, 2^log2_count), centred, from a Sobol sequence with a fixed scrambling."""
    from scipy.special import ndtri
    from scipy.stats.qmc import Sobol

    points = Sobol(n, scramble=True, rng=20230205 + scrambling).random_base2(log2_count)
    return np.ascontiguousarray(ndtri(np.clip(points, 1e-12, 1.0 - 1e-12)).T)


def symmetric_root(Omega: Array) -> Array:
    """Ω^(1/2), (n,n), of a positive semidefinite Ω; round-off below 0 counts as 0."""
    values, vectors = np.linalg.eigh(Omega)
    return np.ascontiguousarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


@compiled(types.void(MATRIX, MATRIX, VECTOR, types.float64, PAIR, PAIR, MATRIX), nogil=True)
def sampled_variance(root: Array, z: Array, v: Array, noise: float, ss: Pair, st: Pair, out: Array) -> None:
    """Fill ``out`` (p,p) by the average over the fields ``root`` @ ``z``, plus Δ K11."""
    p, n, block = out.shape[0], v.size, 512
    s, ds = np.empty(n * block), np.empty(n * block)
    out[:] = 0.0
    for start in range(0, z.shape[1], block):
        lam = np.dot(root, np.ascontiguousarray(z[:, start : start + block]))
        fields = lam.ravel()
        for at in range(fields.size):
            fields[at] *= st.gain1 if at < p * block else st.gain2
        evaluate_at(st.first, fields[: p * block], s[: p * block], ds[: p * block])
        evaluate_at(st.second, fields[p * block :], s[p * block :], ds[p * block :])
        slopes = ds[: p * block].reshape(p, block) * st.gain1
        square = np.dot(v, s.reshape(n, block)) ** 2
        out += np.dot(slopes * square, slopes.T) / z.shape[1]
    q = np.ascontiguousarray(np.diag(np.dot(root, root))[:p])
    C = np.ascontiguousarray(np.dot(root, root)[:p, :p])
    K, K11, K20 = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    fill_at(ss, q, q, C, K, K11, K20)
    for i in range(p):
        for j in range(i, p):
            out[i, j] += noise * K11[i, j]
            out[j, i] = out[i, j]


class QuasiMonteCarlo:
    """V of any activations as an average over fixed fields; ``ss`` and ``st`` are their dual kernels."""

    method = f"quasi Monte Carlo, 2^{LOG2_NODES} nodes"

    def __init__(self, p: int, k: int, ss: PairKernel, st: PairKernel):
        self.p, self.n, self._kernels, self._pairs = p, p + k, (ss, st), (held(ss), held(st))

    def fill(self, Omega: Array, v: Array, noise: float, out: Array) -> None:
        """Fill ``out`` (p,p) with V_ij for Ω (n,n), v (n,) and Δ."""
        sampled_variance(symmetric_root(Omega), nodes(self.n), v, noise, *self._pairs, out)

    def error(self, Omega: Array, v: Array, noise: float) -> Array:
        """Bounds (p,p) on |δV_ij|: twice the range over independent scramblings, at this very state.

        An entry whose values agree by chance is held to the worst of all, relative to √(V_ii V_jj).
        """
        found = np.empty((1 + _OTHERS, self.p, self.p))
        root = symmetric_root(Omega)
        for scrambling, out in enumerate(found):
            sampled_variance(root, nodes(self.n, LOG2_NODES, scrambling), v, noise, *self._pairs, out)
        spread = np.sqrt(np.mean(found, axis=0).diagonal())
        size = np.outer(spread, spread) + 1e-300
        bound: Array = 2.0 * float(np.max(np.ptp(found, axis=0) / size)) * size
        return bound
