"""The standard deviation of the risk at all saved times by one sweep backward: no covariance is formed.

With ψ_j(s) of −dψ/ds = Jᵀψ, ψ_j(t_j) = ∇R(t_j), linear noise gives

    Var R(t_j) = ∫₀^{t_j} δt(s) ψ_jᵀ Σ(s) ψ_j ds,

and ψᵀΣψ is the variance of ψ·φ over the increments φ of a step. A column of the block joins at each saved time; a step
costs a Jacobian at its middle and products of (m,m) and of (nodes,m) with the block. Every step has nodes of its own,
so that their errors average out along the path.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.linalg import lu_factor, lu_solve

from sgdode.equations.dense_path import DensePath
from sgdode.equations.fluctuations.jacobian import Jacobian
from sgdode.equations.fluctuations.risk_derivatives import RiskSlope
from sgdode.equations.fluctuations.step_noise import Increments, turns
from sgdode.model.overlaps import Array
from sgdode.signals import stop_if_asked

#: The first step back from a saved time times ‖J‖, how the next ones grow, and their most in steps of the solver.
_FINE, _ROUGH, _SOLVER_STEPS = (1.0, 2.0), (2.0, 3.0), 8
#: Of the exponential of a half step: the order of Taylor's series, and the steps times ‖J‖ that it serves.
_ORDER, _NOT_STIFF = 4, 1.2
#: Parts of a step, times the columns (12 at least), times this cost less than a factorisation where that is below m.
_FEW = 25
#: A step times ‖J‖ over which ψᵀΣψ is what it is in the middle.
_SHORT = 0.15
#: γ of the L-stable (1 + (1 − 2γ) z)/(1 − γz)².
_GAMMA = 1.0 - 1.0 / math.sqrt(2.0)
#: The share of a column that may be lost, and the columns that join before the block is compressed again.
_LOST, _MORE = 3e-3, 4
#: Sets of nodes of a step: what they differ by is the error of their mean. log2 of the nodes of one, up to a number of
#: overlaps.
SETS = 4
_NODES = ((150, 11), (300, 10), (math.inf, 9))
#: Over the first steps, which all that early times have, the nodes are taken several times: so often at the first.
_EARLY = 12
_SEED = 20230205


class Noise(NamedTuple):
    """What moves single runs: J along a ``path``, and the increments of a step of the length ``step_size``(t)."""

    path: DensePath
    jacobian: Jacobian
    increments: Increments
    step_size: Callable[[float], float]


def step_ends(path: DensePath, times: Array, norm: float, rough: bool = False) -> Array:
    """The ends of the steps: backward from each of ``times``, of 1/‖J‖ first and then growing (what is stiff has died
    by then), none longer than some steps of the solver. ``rough``: longer, for what need not be known to a percent."""
    shortest, growth = _ROUGH if rough else _FINE
    coarse, ends = path.times[::_SOLVER_STEPS], [0.0]
    for begin, end in pairwise(times):
        t, h = float(end), shortest / norm
        while t > begin:
            ends.append(t)
            at = min(max(int(np.searchsorted(coarse, t)), 1), max(len(coarse) - 1, 1))
            most = coarse[at] - coarse[at - 1] if len(coarse) > 1 else path.times[-1]
            left = (t - begin) / min(h, most)
            t = float(begin) if left < 1.0 + 1e-9 else t - (t - begin) / 2 if left < 2.0 else t - min(h, most)
            h *= growth
    return np.unique(ends)


def largest_rate(J: Array) -> float:
    """‖J‖, the largest singular value, by power iteration. Raises FloatingPointError where J is not finite."""
    if not np.isfinite(J).all():
        raise FloatingPointError("the linear flow is not finite")
    x = np.ones(len(J))
    for _ in range(30):
        x = J.T @ (J @ (x / np.linalg.norm(x)))
    return float(max(math.sqrt(np.linalg.norm(x)), 1e-3))


def half_step(J: Array, h: float, norm: float, columns: int) -> Callable[[Array], Array]:
    """g → exp(½ h Jᵀ) g, for so many columns: by Taylor's series over parts of the time where that costs less than a
    factorisation, else by an L-stable rational function. In the precision of J."""
    parts = max(1, math.ceil(h * norm / _NOT_STIFF))
    if parts == 1 or _FEW * parts * max(columns, 12) < len(J):

        def taylor(g: Array) -> Array:
            for _ in range(parts):
                term, found = g.astype(J.dtype), g.copy()
                for order in range(1, _ORDER + 1):
                    term = J.T @ term
                    term *= 0.5 * h / (parts * order)
                    found += term
                g = found
            return g

        return taylor
    shifted = J * J.dtype.type(-0.5 * h * _GAMMA)
    shifted[np.diag_indices(len(J))] += 1.0
    factors = lu_factor(shifted, overwrite_a=True, check_finite=False)

    def rational(g: Array) -> Array:
        w = g.astype(J.dtype)
        for _ in range(2):
            w = lu_solve(factors, w, trans=1, overwrite_b=True, check_finite=False)
        return np.asarray(w + (1.0 - 2.0 * _GAMMA) * 0.5 * h * (J.T @ w), dtype=float)

    return rational


def log2_nodes(overlaps: int) -> int:
    """Of one set of nodes, for so many overlaps: where they are many, their errors average out over more."""
    return next(nodes for most, nodes in _NODES if overlaps <= most)


class Columns(NamedTuple):
    """The ψ (m,T) of the saved times that have joined, as ``basis`` (m,r) times ``weights`` (r,T): backward in time
    they become alike."""

    basis: Array
    weights: Array

    def joined(self, gradient: Array) -> Columns:
        """With the column of an earlier saved time."""
        r, count = self.weights.shape
        weights = np.zeros((r + 1, count + 1))
        weights[0, 0], weights[1:, 1:] = 1.0, self.weights
        return Columns(np.column_stack([gradient, self.basis]), weights)

    def compressed(self) -> Columns:
        """By fewer vectors, where they span every column to a small share of it."""
        q, triangle = np.linalg.qr(self.basis)
        product = triangle @ self.weights
        size = np.maximum(np.linalg.norm(product, axis=0), 1e-300)
        u, values, _ = np.linalg.svd(product / size, full_matrices=False)
        left = np.sqrt(np.cumsum(values[::-1] ** 2))[::-1]  # what is lost without the vectors from here on
        kept = u[:, left > _LOST]
        return Columns(np.ascontiguousarray(q @ kept), kept.T @ product)

    def gains(self, product: Array) -> Array:
        """ψᵀΣψ (T,) from basisᵀ Σ basis (r,r)."""
        return np.asarray(np.sum(self.weights * (product @ self.weights), axis=0))


def _mean(increments: Increments, t: float, y: Array, bases: tuple[Array, ...], turned: Array) -> Array:
    """The mean of basisᵀ Σ basis (r,r) over a step, of each turn: from the bases at its beginning, middle and end by
    Simpson's rule, or from that at its middle."""
    r = bases[0].shape[1]
    along = increments.along(t, y, np.concatenate([basis.T for basis in bases]), turned)
    parts = [along[:, at : at + r, at : at + r] for at in range(0, along.shape[1], r)]
    return np.asarray((parts[0] + 4.0 * parts[1] + parts[2]) / 6.0 if len(parts) > 1 else parts[0])


def linear_variances(noise: Noise, slope: RiskSlope, times: Array, ends: Array, norm: float) -> Array:
    """Var R (SETS,T) at ``times`` (T,), the first of which is 0: the linear term, from each set of nodes alone.
    ``ends`` of the steps and ``norm`` = ‖J‖: see :func:`step_ends`."""
    path, joins = noise.path, {float(t): at for at, t in enumerate(times)}
    columns, first = Columns(np.zeros((path.states.shape[1], 0)), np.zeros((0, 0))), len(times)
    found, rng, rank = np.zeros((SETS, len(times))), np.random.default_rng(_SEED), 0
    fields = len(noise.increments.nodes) - 1
    for at in range(len(ends) - 2, -1, -1):
        stop_if_asked()
        begin, end = ends[at], ends[at + 1]
        if end in joins:
            first = joins[end]
            columns = columns.joined(slope.gradient(path(end)))
        if columns.basis.shape[1] >= rank + _MORE:
            columns = columns.compressed()
            rank = columns.basis.shape[1]
        h, t = end - begin, 0.5 * (begin + end)
        y = path(t)
        half = half_step(noise.jacobian(t, y), h, norm, columns.basis.shape[1])
        middle = half(columns.basis)
        after = half(middle)
        often = 1 + _EARLY // (at + 1)
        bases = (columns.basis, middle, after) if h * norm > _SHORT else (middle,)
        products = _mean(noise.increments, t, y, bases, turns(fields, SETS * often, rng))
        for one in range(SETS):
            gain = columns.gains(products[one * often : (one + 1) * often].mean(axis=0))
            found[one, first:] += h * noise.step_size(t) * gain
        columns = Columns(after, columns.weights)
    return found
