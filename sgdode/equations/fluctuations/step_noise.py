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
from numpy.typing import NDArray

from sgdode.gaussian.risk import kernels
from sgdode.gaussian.variance.quasi_monte_carlo import nodes, symmetric_root
from sgdode.jit.compiling import BLOCKS, MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.jit.pairs import PAIR, Pair
from sgdode.jit.units import evaluate_at
from sgdode.model.overlaps import Array, omega
from sgdode.model.problem import Problem, student_weights
from sgdode.model.start_laws import Start
from sgdode.model.state import entries, size, unpacked

_BLOCK = 256
#: Nodes of one set of kicks, at most: there are many sets along a path.
_KICKING = 256
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


class Step(NamedTuple):
    """√Δ, γ/(pB), η_a and the student–teacher kernel."""

    deviation: float
    rate: float
    train: float
    st: Pair


class Block(NamedTuple):
    """Of some samples: ``s``, ``ds`` (n·block,), E (block,), g (p,block)."""

    s: Array
    ds: Array
    error: Array
    g: Array


_STEP = types.NamedTuple((types.float64, types.float64, types.float64, PAIR), Step)
_ROOM = types.NamedTuple((VECTOR, VECTOR, VECTOR, MATRIX), Block)


@compiled(types.void(_SAMPLED, _STEP, MATRIX, _ROOM, MATRIX), nogil=True)
def _increments(sampled: Sampled, step: Step, part: Array, room: Block, phi: Array) -> None:
    """Fill ``phi`` (size,block) with the increments of the samples ``part`` (n+1,block), and ``room`` with their g."""
    root, _, v, a, owners, others = sampled
    s, ds, error, g = room
    p, n, block, st = a.size, v.size, part.shape[1], step.st
    lam = np.dot(root, part[:n])
    scaled = lam.copy()
    scaled[:p] *= st.gain1
    scaled[p:] *= st.gain2
    fields = scaled.ravel()
    evaluate_at(st.first, fields[: p * block], s[: p * block], ds[: p * block])
    evaluate_at(st.second, fields[p * block :], s[p * block :], ds[p * block :])
    values = s.reshape(n, block)
    error[:] = np.dot(v, values) + step.deviation * part[n]
    for i in range(p):
        g[i] = a[i] * st.gain1 * ds[i * block : (i + 1) * block] * error
    _overlap_rows(g, lam, owners, others, step.rate, phi)
    if step.train > 0.0:
        for i in range(p):
            phi[phi.shape[0] - p + i] = step.train * values[i] * error


@compiled(types.void(_SAMPLED, _STEP, _MOMENTS), nogil=True)
def _moments(sampled: Sampled, step: Step, moments: Moments) -> None:
    """Fill the moments."""
    z = sampled.z
    second, first, lengths, pull = moments
    p, n, block = sampled.a.size, sampled.v.size, _BLOCK
    phi = np.empty((first.size, block))
    room = Block(np.empty(n * block), np.empty(n * block), np.empty(block), np.empty((p, block)))
    for moment in (second, lengths, pull):
        moment[:] = 0.0
    first[:] = 0.0
    for start in range(0, z.shape[1], block):
        part = np.ascontiguousarray(z[:, start : start + block])
        _increments(sampled, step, part, room, phi)
        x, g = part[:n], room.g
        for row in range(first.size):
            first[row] += phi[row].sum() / z.shape[1]
        second += np.dot(phi, phi.T) / z.shape[1]
        pull += np.dot(g, x.T) / z.shape[1]
        lengths += np.dot(g * ((x * x).sum(axis=0) - n), g.T) / z.shape[1]


@compiled(types.void(_SAMPLED, BLOCKS, _STEP, MATRIX, BLOCKS), nogil=True)
def _seen(sampled: Sampled, roots: Array, step: Step, directions: Array, out: Array) -> None:
    """Fill ``out`` (count,R,R) with the covariances of the increments along ``directions`` (R,size), with each of the
    ``roots`` (count,n,n) of Ω."""
    _, z, v, a, owners, others = sampled
    p, n, block, count = a.size, v.size, min(_BLOCK, z.shape[1]), len(directions)
    phi, mean, second = np.empty((directions.shape[1], block)), np.empty(count), np.empty((count, count))
    room = Block(np.empty(n * block), np.empty(n * block), np.empty(block), np.empty((p, block)))
    for turn in range(len(roots)):
        turned = Sampled(roots[turn], z, v, a, owners, others)
        mean[:] = 0.0
        second[:] = 0.0
        for start in range(0, z.shape[1], block):
            _increments(turned, step, np.ascontiguousarray(z[:, start : start + block]), room, phi)
            along = np.dot(directions, phi)
            second += np.dot(along, along.T)
            for row in range(count):
                mean[row] += along[row].sum()
        for row in range(count):
            for other in range(count):
                out[turn, row, other] = (second[row, other] - mean[row] * mean[other] / z.shape[1]) / z.shape[1]


@compiled(types.void(_SAMPLED, _STEP, MATRIX, MATRIX), nogil=True)
def _kicks(sampled: Sampled, step: Step, draws: Array, out: Array) -> None:
    """Fill ``out`` (size,K) with sums of the increments, less their means, with weights ``draws`` (N,K)."""
    z = sampled.z
    p, n, block = sampled.a.size, sampled.v.size, min(_BLOCK, z.shape[1])
    phi, mean = np.empty((len(out), block)), np.zeros(len(out))
    room = Block(np.empty(n * block), np.empty(n * block), np.empty(block), np.empty((p, block)))
    out[:] = 0.0
    for start in range(0, z.shape[1], block):
        _increments(sampled, step, np.ascontiguousarray(z[:, start : start + block]), room, phi)
        out += np.dot(phi, draws[start : start + block])
        for row in range(len(out)):
            mean[row] += phi[row].sum() / z.shape[1]
    for at in range(draws.shape[1]):
        total = draws[:, at].sum()
        for row in range(len(out)):
            out[row, at] -= mean[row] * total


def log2_dense(overlaps: int) -> int:
    """Of the nodes for Σ of so many overlaps, which are the same all along a path."""
    return 14 if overlaps < 40 else 15 if overlaps < 150 else 13


def turns(n: int, count: int, rng: np.random.Generator) -> Array:
    """Random orthogonal matrices (count,n,n)."""
    return np.linalg.qr(rng.standard_normal((count, n, n)))[0]


class Increments:
    """The noise of a step at states of `full`, averaged over scrambled Sobol points: one coordinate a field, one for
    the label noise. 2^14 points give Σ to about 1 % for erf. Serves one thread."""

    def __init__(self, problem: Problem, start: Start, log2_count: int | None = None):
        self.p, self.k = start.overlaps.M.shape
        self.P, self.a, self.duals = start.overlaps.P, start.a, kernels(*problem.activations)
        self.teacher, self.share = problem.v_star, problem.rule.share
        self.rate, self.factor, self.rule = problem.noise_rate, problem.clock.factor, problem.rule
        self.deviation = math.sqrt(problem.teacher.noise)
        self.overlaps = size(self.p, self.k)
        self.owners, self.others = entries(self.p, self.k)
        self.nodes = nodes(self.p + self.k + 1, log2_count or log2_dense(self.overlaps))

    def __call__(self, t: float, y: Array) -> tuple[Array, Array]:
        """Σ (size,size), and the second-order part b (size,) of the mean of a step, at the state ``y`` and time t:
        E[Δy] = δt F + δt² b, exactly for the free flow, to this order on the sphere."""
        sampled, Q = self._sampled(y, self.nodes)
        n = self.p + self.k
        moments = Moments(
            np.empty((len(y), len(y))), np.empty(len(y)), np.empty((self.p, self.p)), np.empty((self.p, n))
        )
        _moments(sampled, self._step(t), moments)
        second, first, lengths, pull = moments
        covariance = (second - np.outer(first, first)) / self.rule.batch
        bend = self._bend(Q, lengths, pull, pull @ sampled.root, len(y))
        if not self.rule.spherical:
            return covariance, bend
        drift = self._decayed(first, y)
        tangent = self._tangent(y)
        return tangent @ covariance @ tangent.T, tangent @ bend + self._curved(y, covariance + np.outer(drift, drift))

    def along(self, t: float, y: Array, directions: Array, turns: Array) -> Array:
        """``directions`` Σ ``directions``ᵀ (R,R) for directions (R,size), by the nodes under each of ``turns``
        (count,n,n), orthogonal: (count,R,R)."""
        found, sampled = np.empty((len(turns), *(len(directions),) * 2)), self._sampled(y, self.nodes)[0]
        seen = np.ascontiguousarray(directions @ self._tangent(y) if self.rule.spherical else directions)
        _seen(sampled, sampled.root @ turns, self._step(t), seen, found)
        return found / self.rule.batch

    def kicks(self, t: float, y: Array, count: int, rng: np.random.Generator) -> Array:
        """``count`` independent normal vectors of covariance Σ, (size,count)."""
        sampled = self._sampled(y, np.ascontiguousarray(self.nodes[:, :_KICKING]))[0]
        sampled = sampled._replace(root=np.ascontiguousarray(sampled.root @ turns(len(sampled.root), 1, rng)[0]))
        draws, found = rng.standard_normal((sampled.z.shape[1], count)), np.empty((len(y), count))
        _kicks(sampled, self._step(t), draws, found)
        found /= math.sqrt(len(draws) * self.rule.batch)
        return self._tangent(y) @ found if self.rule.spherical else found

    def _sampled(self, y: Array, z: Array) -> tuple[Sampled, Array]:
        """Fields of the state ``y`` at nodes ``z``, and its Q."""
        Q, M, trained = (part[0] for part in unpacked(y[np.newaxis], self.p, self.k))
        a = np.array(trained if len(trained) else self.a)
        v = np.concatenate([self.share * student_weights(a), self.teacher])
        return Sampled(symmetric_root(omega(Q, M, self.P)), z, v, a, self.owners, self.others), Q

    def _step(self, t: float) -> Step:
        return Step(self.deviation, self.rate * self.factor(t), self.rule.train_output, self.duals.st)

    def _bend(self, Q: Array, lengths: Array, pull: Array, force: Array, size: int) -> Array:
        """b of the free flow, all of it in Q: the fluctuating ‖x‖², products of different samples of a batch, and the
        decay before the gradient. ``force`` is E[g_i λ_c] (p,n)."""
        toward = force[:, : self.p] + force[:, : self.p].T
        batch, decay = self.rule.batch, self.rule.decay
        found = lengths / batch + (1.0 - 1.0 / batch) * pull @ pull.T + decay * (decay * Q - toward)
        bend = np.zeros(size)
        bend[: self.p * (self.p + 1) // 2] = found[np.triu_indices(self.p)]
        return bend

    def _decayed(self, first: Array, y: Array) -> Array:
        """The mean increment with that of weight decay."""
        drift = first.copy()
        own = np.where(self.others < self.p, 2.0, 1.0)
        drift[: self.overlaps] -= self.rule.decay * own * y[: self.overlaps]
        return drift

    def _sides(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """The entries of the state, and those of Q_ii, that a division of row i changes them with: by their owners, and
        those of Q by the others too."""
        students = self.others < self.p
        diagonal = np.flatnonzero(self.owners == self.others)
        at = np.arange(self.overlaps)
        return [(at, diagonal[self.owners]), (at[students], diagonal[self.others[students]])]

    def _tangent(self, y: Array) -> Array:
        """(size,size): what the division of row i of W by √(Q_ii + ΔQ_ii) makes of increments, to first order."""
        tangent = np.eye(len(y))
        for here, place in self._sides():
            tangent[here, place] -= 0.5 * y[here] / y[place]
        return tangent

    def _curved(self, y: Array, product: Array) -> Array:
        """(size,): its second order, for increments of the second moments ``product`` (size,size)."""
        curved = np.zeros(len(y))
        for here, place in self._sides():
            curved[here] += (
                -0.5 * product[here, place] / y[place] + 0.375 * y[here] * product[place, place] / y[place] ** 2
            )
        (_, owner), (here, other) = self._sides()
        one = owner[here]
        curved[here] += 0.25 * y[here] * product[one, other] / (y[one] * y[other])
        return curved
