"""A block of SGD steps, eq. (3), on local fields alone: exact in law, with nothing of dimension d in it.

Inputs are in units where x has unit-variance coordinates and weights are w_i/√d, so that λ = W x and a step adds the
columns c of ``sgdode.simulation.rule``. Within a block all fields follow from those at its start, Λ0, and the Gram
matrix of its inputs:  λ_s = Λ0_s + Σ_{t<s} Gram_st c_t,  up to the rule's scale.

Real arrays are float64 or float32; the recursion over the fields is float64 in both cases.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from sgdode.jit.compiling import CALLED, DRAWS, MATRIX, REALS, RNG, STEPS, VECTOR, compiled, named
from sgdode.jit.deferred import float64, int64, types
from sgdode.jit.normals import standard_normal
from sgdode.jit.units import ADDRESS, evaluate_at
from sgdode.model.overlaps import Array
from sgdode.simulation.rule import (
    RULE,
    Real,
    Rule,
    X,
    begin_block,
    begin_step,
    end_block,
    end_step,
    sample,
    to_scale,
)

#: The rows of ``labels``: y, with n entries; fields, σ* and σ*' of the teacher, with n k entries.
Y, X_STAR, S_STAR, SLOPE_STAR = range(4)


class Target(NamedTuple):
    """The teacher: the address of σ*, its coordinates L (k,r) in its own span, and a* (k,)."""

    evaluate: int
    L: Real
    a_star: Array


class Sizes(NamedTuple):
    """``dimension`` D = d − r; ``block``: steps at once; ``ahead``: steps whose labels are drawn at once."""

    dimension: float
    block: int
    ahead: int


class Weights(NamedTuple):
    """The arrays of a state, which moves in place: ``W`` (r + capacity, p); what is kept ``beside`` p of its rows,
    their inverse (``sgdode.simulation.rank_one``) or overlaps (``sgdode.simulation.factored``), else (0,0); ``a`` (p,).
    """

    W: Real
    beside: Real
    a: Array


class Workspace(NamedTuple):
    """Arrays to work in, for blocks of n samples: ``inputs`` (drawn ahead, r + capacity), ``T`` (n,n) their part
    outside the basis, ``C`` (n,p) fields and columns, ``gram`` (n,n) (one row where a block is one step), ``R`` (p,p)
    for a factorisation, ``room`` (9, ·) (rows: ``sgdode.simulation.rule``), ``labels`` (4, ·) (rows: see ``Y``)."""

    inputs: Real
    T: Real
    C: Real
    gram: Real
    R: Array
    room: Array
    labels: Array


def target_type(real: Any) -> Any:
    """The compiled type of a Target whose coordinates are ``real``."""
    return named(Target, (ADDRESS, real[:, ::1], VECTOR))


SIZES = named(Sizes, (float64, int64, int64))


def weights_type(real: Any) -> Any:
    """The compiled type of Weights that are ``real``."""
    return named(Weights, (real[:, ::1], real[:, ::1], VECTOR))


def workspace_type(real: Any) -> Any:
    """The compiled type of a Workspace for weights that are ``real``."""
    return named(Workspace, (*[real[:, ::1]] * 4, *[MATRIX] * 3))


@compiled([types.void(RNG, real[:, ::1], int64, int64, int64) for real in REALS], **DRAWS)
def draw_normals(rng: np.random.Generator, out: Real, rows: int, first: int, end: int) -> None:
    """Standard normals into out[:rows, first:end]: the numbers that NumPy's ``standard_normal`` gives, bit by bit."""
    for i in range(rows):
        row = out[i, first:end]
        for j in range(row.size):  # no index that could be negative: that costs 0.4 ns
            row[j] = standard_normal(rng)


@compiled(**STEPS)
def draw_chi(rng: np.random.Generator, degrees: float) -> float:
    """The length of a standard normal vector of R^degrees (any size up to 2^53)."""
    return math.sqrt(2.0 * rng.standard_gamma(0.5 * degrees))


@compiled(**CALLED)
def draw_bartlett(rng: np.random.Generator, T: Real, rows: int, columns: int, dimension: float) -> None:
    """The LQ factor of ``rows`` standard normal vectors of R^dimension into T[:rows, :columns],
    columns = min(rows, dimension): T_ss ~ χ_{dimension − s} for s = 0, 1, ...; normals below, zeros above."""
    for s in range(rows):
        for t in range(min(s, columns)):
            T[s, t] = standard_normal(rng)
        if s < columns:
            T[s, s] = draw_chi(rng, dimension - s)
        for t in range(s + 1, columns):
            T[s, t] = 0.0


@compiled(
    [types.void(target_type(real), RULE, RNG, real[:, ::1], int64, MATRIX) for real in REALS],
    **STEPS,
)
def draw_labels(target: Target, rule: Rule, rng: np.random.Generator, G: Real, n: int, labels: Array) -> None:
    """labels[Y] = (1/k) Σ_r a*_r σ*(λ*_r) + √Δ z of the first n rows of ``G``, whose first r entries are the
    coordinates of an input along the teachers' ``L`` (k,r)."""
    L, a_star = target.L, target.a_star
    x, s, y = labels[X_STAR], labels[S_STAR], labels[Y]
    k, r = L.shape
    for row in range(n):
        for j in range(k):
            field = 0.0
            for i in range(r):
                field += L[j, i] * G[row, i]
            x[row * k + j] = rule.teacher_gain * field
    evaluate_at(target.evaluate, x, s, labels[SLOPE_STAR])
    for row in range(n):
        total = 0.0
        for j in range(k):
            total += a_star[j] * s[row * k + j]
        y[row] = total / k
        if rule.noise != 0.0:
            y[row] += rule.noise * standard_normal(rng)


@compiled(**STEPS)
def add_past(gram: Real, C: Real, row: int, past: int, x: Array) -> None:
    """x += Σ_{t<past} gram[row,t] C[t], four rows at a time (the sum is bound by loads and stores of x)."""
    p = x.size
    whole = past - past % 4
    for t in range(0, whole, 4):
        g0, g1, g2, g3 = gram[row, t], gram[row, t + 1], gram[row, t + 2], gram[row, t + 3]
        for i in range(p):
            x[i] += g0 * C[t, i] + g1 * C[t + 1, i] + g2 * C[t + 2, i] + g3 * C[t + 3, i]
    for t in range(whole, past):
        g = gram[row, t]
        for i in range(p):
            x[i] += g * C[t, i]


@compiled(
    [int64(ADDRESS, RULE, VECTOR, int64, int64, real[:, ::1], real[:, ::1], VECTOR, MATRIX, VECTOR) for real in REALS],
    **STEPS,
)
def descend(
    evaluate: int, rule: Rule, dt: Array, begin: int, steps: int, gram: Real,
    fields: Real, a: Array, room: Array, y: Array,
) -> int:  # fmt: skip
    """The steps of a block, in sequence. Step s has step size dt[begin + s] and the ``batch`` rows from s · batch on.

    ``fields`` (n,p): the fields at the start of the block; on return the coefficients C, W += Σ C_s x_sᵀ.
    ``y`` (n,): their labels. ``gram`` (n,n): of the inputs, read below the diagonal (and on it by the sphere); not read
    for a block of one step, where the sphere is left to the caller. ``a`` (p,) moves along.
    room[KEEP] becomes the factor of the old weights, where the rule moves them. Returns the number of the step that
    diverged, or −1.
    """
    p = a.size
    x = room[X, :p]
    begin_block(rule, p, room)
    for step in range(steps):
        first = step * rule.batch
        begin_step(rule, p, room)
        for row in range(first, first + rule.batch):
            for i in range(p):
                x[i] = fields[row, i]
            add_past(gram, fields, row, first, x)
            to_scale(rule, x, room)
            if not sample(evaluate, rule, dt[begin + step], row, fields, a, room, y[row]):
                return step
        end_step(rule, dt[begin + step], first, steps * rule.batch, gram, fields, a, room)
    end_block(rule, steps * rule.batch, fields, room)
    return -1
