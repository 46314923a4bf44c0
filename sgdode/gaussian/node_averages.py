"""Averages of the columns of any learning rule over nodes: E[φ_i λ_b] and E[φ_i φ_j] with c_i = lead_i φ_i.

The nodes are standard normal points z, which become fields λ = Ω^(1/2) z by the symmetric root. Up to four fields:
Gauss–Hermite in every direction; more: scrambled Sobol points. The label noise is averaged by hand where the loss knows
how, by quadrature where it does not, and is one more coordinate where a step updates several times on its samples.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sgdode.gaussian.quadrature import normal
from sgdode.gaussian.variance.quasi_monte_carlo import nodes, symmetric_root
from sgdode.jit.compiling import VECTOR, compiled
from sgdode.jit.deferred import float64, types
from sgdode.jit.units import ADDRESS, machine_code, residual_address, residual_at
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem, student_weights

#: Nodes in each direction for so many fields, and of the coarser rule that tells the error.
_TENSOR = {1: (64, 48), 2: (40, 30), 3: (24, 17), 4: (16, 12)}
#: 2^n Sobol points, the other scramblings that tell their error, and the nodes of the noise.
_LOG2_NODES, _SCRAMBLINGS, _NOISE_NODES = 15, 3, 48


class Nodes(NamedTuple):
    """Points z (dims, N) and their weights (N,)."""

    z: Array
    weights: Array


@compiled(types.void(ADDRESS, VECTOR, VECTOR, float64, VECTOR), error_model="numpy", nogil=True)
def _residuals(residual: int, y: Array, f: Array, size: float, out: Array) -> None:
    """out = E(y, f)."""
    for i in range(y.size):
        out[i] = residual_at(residual, y[i], f[i], size)


@lru_cache(8)
def rules_of(dims: int) -> tuple[Nodes, ...]:
    """The nodes, and others by whose difference their error is told."""
    if dims in _TENSOR:
        return tuple(_tensor(dims, count) for count in _TENSOR[dims])
    count = 2**_LOG2_NODES
    weights = np.full(count, 1.0 / count)
    return tuple(Nodes(nodes(dims, _LOG2_NODES, at), weights) for at in range(1 + _SCRAMBLINGS))


def _tensor(dims: int, count: int) -> Nodes:
    x, w = normal(count)
    z = np.stack([axis.ravel() for axis in np.meshgrid(*[x] * dims, indexing="ij")])
    weights = np.prod(np.stack([axis.ravel() for axis in np.meshgrid(*[w] * dims, indexing="ij")]), axis=0)
    return Nodes(np.ascontiguousarray(z), weights)


class NodeAverages:
    """Those of one problem: ``averages(Omega, a, rate, nodes)``."""

    def __init__(self, problem: Problem):
        self.rule, (self.student, self.teacher) = problem.rule, problem.activations
        self.p, self.v_star, self.deviation = int(problem.p), problem.v_star, math.sqrt(problem.teacher.noise)
        self.lead = np.array(self.rule.feedback, dtype=float) if self.rule.feedback else None
        self.noisy = self.rule.repeat > 1 and self.deviation > 0.0
        self.rules = rules_of(self.p + problem.k + self.noisy)

    def averages(self, Omega: Array, a: Array, rate: float, points: Nodes) -> tuple[Array, Array]:
        """D (p,n) = E[φ_i λ_b] and V (p,p) = E[φ_i φ_j] for Ω (n,n), output weights ``a`` (p,) and γ/(pB) = ``rate``,
        by which an update moves the field of its own sample."""
        n, w = len(Omega), points.weights
        fields = symmetric_root(Omega) @ points.z[:n]
        f_star = self.v_star @ _values(self.teacher, fields[self.p :])[0]
        if self.rule.repeat > 1:
            phi = self._repeated(fields[: self.p], f_star, points.z[-1], a, rate)
            weighted = phi * w
            return weighted @ fields.T, weighted @ phi.T
        s, slopes = _values(self.student, fields[: self.p])
        first, second = self._moments(f_star, -student_weights(a) @ s)
        return (slopes * (w * first)) @ fields.T, (slopes * (w * second)) @ slopes.T

    def error(self, Omega: Array, a: Array, rate: float) -> tuple[Array, Array]:
        """What D and V are off by, as far as other nodes tell: the largest differences, of each entry."""
        D, V = self.averages(Omega, a, rate, self.rules[0])
        others = [self.averages(Omega, a, rate, points) for points in self.rules[1:]]
        off = [np.max([np.abs(other[at] - found) for other in others], axis=0) for at, found in ((0, D), (1, V))]
        return off[0], off[1]

    def _moments(self, f_star: Array, f: Array) -> tuple[Array, Array]:
        """E_z E and E_z E² (N,) over the label noise."""
        loss, size, s = self.rule.loss, self.rule.size, self.deviation
        if loss.averaged is not None:
            return loss.averaged(f_star, f, s, size)
        first, second, out = np.zeros_like(f), np.zeros_like(f), np.empty_like(f)
        x, w = normal(_NOISE_NODES) if s > 0.0 else (np.zeros(1), np.ones(1))
        for node, weight in zip(x, w, strict=True):
            _residuals(residual_address(loss), f_star + s * node, f, size, out)
            first += weight * out
            second += weight * out * out
        return first, second

    def _repeated(self, fields: Array, f_star: Array, z: Array, a: Array, rate: float) -> Array:
        """Σ_u φ^(u) (p,N) of the updates on a sample, each at the fields that the ones before it left."""
        y = f_star + self.deviation * z if self.noisy else f_star
        lead = (a if self.lead is None else self.lead)[:, None]
        total, out = np.zeros_like(fields), np.empty_like(f_star)
        for _ in range(self.rule.repeat):
            s, slopes = _values(self.student, fields + rate * lead * total)
            _residuals(residual_address(self.rule.loss), y, -student_weights(a) @ s, self.rule.size, out)
            total = total + slopes * out
        return total


def _values(unit: Activation, fields: Array) -> tuple[Array, Array]:
    """s(λ) and s'(λ), the gain in them, in the shape of the fields."""
    x = unit.gain * fields.ravel()
    s, slopes = np.empty_like(x), np.empty_like(x)
    machine_code(unit)(x, s, slopes)
    return s.reshape(fields.shape), unit.gain * slopes.reshape(fields.shape)
