"""Plain SGD on d-dimensional weights, eq. (3), one input at a time: the slow, obvious twin of the exact method."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgdode.jit.compiling import BLOCKS, MATRIX, RNG, STEPS, VECTOR, compiled, named, per_precision
from sgdode.jit.deferred import float64, int64, types
from sgdode.jit.normals import standard_normal
from sgdode.jit.units import ADDRESS, evaluate_at, residual_at
from sgdode.model.overlaps import Array
from sgdode.simulation.rule import IN_PLACE, RULE, Real, Rule, move_row, output_change
from sgdode.simulation.step import Target, target_type


class Drift(NamedTuple):
    """How teachers drift at random: at the ``rate`` η (0: not at all). In the coordinates ``ends``_b to ``ends``_(b+1)
    of a block, W* = L_b U_b with ``L`` (B,k,r) and ``directions`` U (r,d), whose rows are orthogonal and of squared
    length d in every block, ``ranks`` r_b of them (zero beyond), (B,). ``fresh`` (r,d): to work in."""

    rate: float
    ends: NDArray[np.int64]
    ranks: NDArray[np.int64]
    L: Array
    directions: Array
    fresh: Array


_COUNTS = types.int64[::1]
DRIFT = named(Drift, (float64, _COUNTS, _COUNTS, BLOCKS, MATRIX, MATRIX))


class Inputs(NamedTuple):
    """The law of inputs in d dimensions: x_j ~ N(0, 1)/``scale``_j, (d,), ∞ where C has the eigenvalue 0; the weights
    w_j (d,) of the sphere Σ_j w_j W_ij² = d, or (0,) where all are 1; and how teachers turn: cos and sin of the angle
    in every step, ``turn`` (steps, 2) or (0, 2), of the rows ``first`` and ``second``; or drift: see ``Drift``."""

    scale: Array
    sphere: Array
    turn: Array
    first: int
    second: int
    drift: Drift


INPUTS = named(Inputs, (VECTOR, VECTOR, MATRIX, int64, int64, DRIFT))
#: Of teachers that do not turn.
AT_REST = np.empty((0, 2)), 0, 0
#: Of teachers that do not drift.
_NONE = np.empty(0, np.int64)
STEADY = Drift(0.0, _NONE, _NONE, np.empty((0, 0, 0)), np.empty((0, 0)), np.empty((0, 0)))
_X, _S, _SLOPE, _CHANGE, _X_STAR, _S_STAR, _SLOPE_STAR = range(7)


@compiled(**STEPS)
def _field(W: Real, x: Array, i: int) -> float:
    field = 0.0
    for j in range(x.size):
        field += W[i, j] * x[j]
    return field


@compiled(**STEPS)
def turn_fields(turn: Array, step: int, x: Array, first: int, second: int) -> None:
    """Two fields of teachers at rest become those of teachers that have turned in their plane."""
    c, s, one, other = turn[step, 0], turn[step, 1], x[first], x[second]
    x[first] = c * one + s * other
    x[second] = c * other - s * one


@compiled(**STEPS)
def drift_teachers(rng: np.random.Generator, drift: Drift, dt: float, W_star: Real) -> None:
    """u ← (1 − ηδt) u + √(1 − (1 − ηδt)²) n in every block, in place, with n uniform among the directions orthogonal to
    all of U and of the length of u: all scalar products of teachers stay what they are."""
    keep = 1.0 - drift.rate * dt
    lose = math.sqrt(max(0.0, 1.0 - keep * keep))
    d, k = W_star.shape[1], len(W_star)
    for b in range(len(drift.ranks)):
        first, end, r = drift.ends[b], drift.ends[b + 1], drift.ranks[b]
        for i in range(r):
            n = drift.fresh[i, first:end]
            for j in range(n.size):
                n[j] = standard_normal(rng)
            for other in range(2 * (r + i)):  # orthogonal to U and to the new ones before: twice, for round-off
                at = other % (r + i)
                u = drift.directions[at, first:end] if at < r else drift.fresh[at - r, first:end]
                along = 0.0
                for j in range(n.size):
                    along += u[j] * n[j]
                for j in range(n.size):
                    n[j] -= along / d * u[j]
            square = 0.0
            for j in range(n.size):
                square += n[j] * n[j]
            for j in range(n.size):
                n[j] *= math.sqrt(d / square)
        for i in range(r):
            for j in range(first, end):
                drift.directions[i, j] = keep * drift.directions[i, j] + lose * drift.fresh[i, j]
        for row in range(k):
            for j in range(first, end):
                W_star[row, j] = 0.0
            for i in range(r):
                for j in range(first, end):
                    W_star[row, j] += drift.L[b, row, i] * drift.directions[i, j]


@compiled(**STEPS)
def label_of(
    target: Target, rule: Rule, rng: np.random.Generator, inputs: Inputs, step: int, x: Array, room: Array
) -> float:
    """y = (1/k) Σ_r a*_r σ*(w*_r·x) + √Δ z."""
    W_star, a_star = target.L, target.a_star
    k = a_star.size
    for j in range(k):
        room[_X_STAR, j] = rule.teacher_gain * _field(W_star, x, j)
    if len(inputs.turn):
        turn_fields(inputs.turn, step, room[_X_STAR], inputs.first, inputs.second)
    evaluate_at(target.evaluate, room[_X_STAR, :k], room[_S_STAR, :k], room[_SLOPE_STAR, :k])
    y = 0.0
    for j in range(k):
        y += a_star[j] * room[_S_STAR, j] / k
    return y + rule.noise * standard_normal(rng) if rule.noise != 0.0 else y


@compiled(**STEPS)
def _displacement(student: int, rule: Rule, y: float, W: Real, a: Array, x: Array, room: Array) -> float:
    """E of the label y and f(x), eq. (10); room keeps σ(λ) and σ'(λ)."""
    p = a.size
    for i in range(p):
        room[_X, i] = rule.student_gain * _field(W, x, i)
    evaluate_at(student, room[_X, :p], room[_S, :p], room[_SLOPE, :p])
    output = 0.0
    for i in range(p):
        output += a[i] * room[_S, i] / p
    return y - output if rule.residual == IN_PLACE else residual_at(rule.residual, y, output, rule.size)


@per_precision(
    lambda real: int64(
        *(ADDRESS, target_type(float64), RULE, RNG, VECTOR, INPUTS, real[:, ::1], real[:, ::1], VECTOR, VECTOR, MATRIX)
    ),
    **STEPS,
)
def plain_steps(
    student: int,
    target: Target,
    rule: Rule,
    rng: np.random.Generator,
    dt: Array,
    inputs: Inputs,
    W: Real,
    gradient: Real,
    a: Array,
    x: Array,
    room: Array,
) -> int:
    """len(dt) steps on ``W`` (p,d) and ``a`` (p,) in place, with ``inputs``; ``target.L`` = W* (k,d).
    ``gradient`` (p,d), ``x`` (d,) and ``room`` (7, max(p,k)): to work in. Returns the steps done: fewer where the next
    one diverged."""
    p, d = W.shape
    for step in range(dt.size):
        for i in range(p):
            room[_CHANGE, i] = 0.0
            for j in range(d):
                gradient[i, j] = 0.0
        for _ in range(rule.batch):
            for j in range(d):
                x[j] = standard_normal(rng) / inputs.scale[j]
            y = label_of(target, rule, rng, inputs, step, x, room)
            error = _displacement(student, rule, y, W, a, x, room)
            share = dt[step] / rule.batch * error
            size = 0.0
            for i in range(p):  # (γ/p) a σ'(λ) E x, with γ/p = δt d
                c = d * share * rule.student_gain * a[i] * room[_SLOPE, i]
                size += abs(c) + abs(room[_X, i])
                room[_CHANGE, i] += output_change(rule, share, room[_S, i])
                for j in range(d):
                    gradient[i, j] += c * x[j]
            if not (size < rule.limit and abs(error) < rule.limit):
                return step
        for i in range(p):
            a[i] += room[_CHANGE, i]
            move_row(rule, dt[step], W, gradient, inputs.sphere, i)
        if inputs.drift.rate != 0.0:
            drift_teachers(rng, inputs.drift, dt[step], target.L)
    return dt.size
