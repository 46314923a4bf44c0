"""The variance term of any activations as an average over fixed quasi-random fields.

Scrambled Sobol points, the same at every call, become fields λ = Ω^(1/2) z with the symmetric square root: units with
equal overlaps have equal fields, so that perfect learning stays a fixed point. The label noise is not sampled.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import types

from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.pairs import PAIR
from sgdode.model.overlaps import Array

#: 2^14 nodes.
LOG2_NODES = 14


@lru_cache
def nodes(n: int, log2_count: int = LOG2_NODES) -> Array:
    """Standard normal points (n, 2^log2_count), centred, from a Sobol sequence with a fixed scrambling."""
    from scipy.special import ndtri
    from scipy.stats.qmc import Sobol

    points = Sobol(n, scramble=True, rng=20230205).random_base2(log2_count)
    return np.ascontiguousarray(ndtri(np.clip(points, 1e-12, 1.0 - 1e-12)).T)


def symmetric_root(Omega: Array) -> Array:
    """Ω^(1/2), (n,n), of a positive semidefinite Ω; round-off below 0 counts as 0."""
    values, vectors = np.linalg.eigh(Omega)
    return np.ascontiguousarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


@compiled(types.void(MATRIX, MATRIX, VECTOR, types.float64, PAIR, PAIR, MATRIX), nogil=True)
def sampled_variance(root: Any, z: Any, v: Any, noise: Any, ss: Any, st: Any, out: Any) -> None:
    """Fill ``out`` (p,p) by the average over the fields ``root`` @ ``z``, plus Δ K11."""
    p, n, block = out.shape[0], v.size, 512
    s, ds, square = np.empty(n * block), np.empty(n * block), np.empty(block)
    out[:] = 0.0
    for start in range(0, z.shape[1], block):
        lam = np.dot(root, np.ascontiguousarray(z[:, start : start + block]))
        lam[:p] *= st.gain1
        lam[p:] *= st.gain2
        fields = lam.ravel()
        st.first(fields[: p * block], s[: p * block], ds[: p * block])
        st.second(fields[p * block :], s[p * block :], ds[p * block :])
        slopes = ds[: p * block].reshape(p, block) * st.gain1
        square[:] = np.dot(v, s.reshape(n, block)) ** 2
        out += np.dot(slopes * square, slopes.T) / z.shape[1]
    q = np.ascontiguousarray(np.diag(np.dot(root, root))[:p])
    C = np.ascontiguousarray(np.dot(root, root)[:p, :p])
    K, K11, K20 = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    ss.fill(q, q, C, ss.gain1, ss.gain2, ss.first, ss.second, ss.table, K, K11, K20)
    for i in range(p):
        for j in range(i, p):
            out[i, j] += noise * K11[i, j]
            out[j, i] = out[i, j]
