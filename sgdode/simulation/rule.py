"""The learning rule, eq. (3): what a sample adds to the weights, and what a step makes of the weights that are there.

A step is W ← 𝓛 W + Σ_β c_β x_βᵀ over a batch, with c_i = (δt/B) a_i σ'(λ_i) E(y, f). The linear map 𝓛 is weight decay,
1 − ω δt, and then the sphere, which divides every row by its length. Output weights that are trained move by
(δt/B) η_a Σ_β σ(λ_i) E. All that depends on the rule stands here: ``sgdode.simulation.step`` and its callers know rows
of W, columns c, and that old weights are multiplied by room[KEEP].

Inside a block 𝓛 is kept as a scale: W = scale ∘ (keep ∘ W_start + Σ c̃_t x_tᵀ).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgdode.jit.compiling import CALLED, STEPS, compiled, named
from sgdode.jit.deferred import boolean, float64, int64
from sgdode.jit.simd import WIDTH, add_product, load, spread, store, total
from sgdode.jit.units import evaluate_at, residual_at
from sgdode.model.overlaps import Array

#: An array of weights: float64 or float32.
Real = NDArray[np.floating[Any]]
#: ``Rule.residual`` of the squared loss: E = y − f stands in the code, so that compilers order its products as ever.
IN_PLACE = 0
_NARROW, _WIDE = 1e-8, 1e8  # a scale outside these is multiplied into the coefficients

#: The rows of ``room``, vectors to work in: fields, σ, σ', the change of a, 2 (1 − ωδt) Σ c λ, the scale and keep of
#: the module docstring, all with p entries, and two vectors for a factorisation.
X, S, SLOPE, CHANGE, NORM, SCALE, KEEP, REFLECTION, PROJECTION = range(9)


class Rule(NamedTuple):
    """The numbers of an SGD step: the address of the residual E(y, f, size) or IN_PLACE, gains of the activations, √Δ,
    η_a, ω, batch size, ‖w_i‖² = d or not, the size of fields or steps at which a run counts as diverged, and that of
    the loss, where it has one."""

    residual: int
    student_gain: float
    teacher_gain: float
    noise: float
    train: float
    decay: float
    batch: int
    spherical: bool
    limit: float
    size: float = 0.0


RULE = named(Rule, (int64, float64, float64, float64, float64, float64, int64, boolean, float64, float64))


@compiled(**STEPS)
def moves(rule: Rule) -> bool:
    """Whether 𝓛 is not the identity."""
    return rule.decay != 0.0 or rule.spherical


@compiled(**STEPS)
def within(rule: Rule, steps: int) -> Rule:
    """The rule inside a block: where it is of one step, the sphere is left to its end, and needs no Gram matrix.
    For the same reason T is drawn after that step.
    """
    spherical = rule.spherical and steps > 1
    return Rule(
        rule.residual,
        rule.student_gain,
        rule.teacher_gain,
        rule.noise,
        rule.train,
        rule.decay,
        rule.batch,
        spherical,
        rule.limit,
        rule.size,
    )


@compiled(**STEPS)
def begin_block(rule: Rule, p: int, room: Array) -> None:
    """The scale and keep of the start of a block."""
    if moves(rule):
        for i in range(p):
            room[SCALE, i] = room[KEEP, i] = 1.0


@compiled(**STEPS)
def begin_step(rule: Rule, p: int, room: Array) -> None:
    """Nothing has changed yet in this step."""
    if rule.train != 0.0 or rule.spherical:
        for i in range(p):
            room[CHANGE, i] = room[NORM, i] = 0.0


@compiled(**STEPS)
def to_scale(rule: Rule, x: Array, room: Array) -> None:
    """Fields of keep ∘ W_start + Σ c̃ xᵀ become those of W."""
    if moves(rule):
        for i in range(x.size):
            x[i] *= room[SCALE, i]


@compiled(**STEPS)
def dot(one: Array, other: Array) -> float:
    """The scalar product of two vectors."""
    p, sums, rest = one.size, spread(0.0), 0.0
    for i in range(0, p - WIDTH + 1, WIDTH):
        sums = add_product(sums, load(one, i), load(other, i))
    for i in range(p - p % WIDTH, p):
        rest += one[i] * other[i]
    return total(sums) + rest


@compiled(**STEPS)
def share_of(step: float, a: Array, x: Array, slope: Array, out: Real, row: int) -> float:
    """out[row] = c = step · a ∘ slope, the share of a sample in a step. Returns |c|² + |x|²."""
    p, sums, rest, none = a.size, spread(0.0), 0.0, spread(0.0)
    for i in range(0, p - WIDTH + 1, WIDTH):
        fields = load(x, i)
        c = add_product(none, spread(step), add_product(none, load(a, i), load(slope, i)))
        sums = add_product(add_product(sums, c, c), fields, fields)
        store(out, row * p + i, c)
    for i in range(p - p % WIDTH, p):
        c_i = step * (a[i] * slope[i])
        rest += c_i * c_i + x[i] * x[i]
        out[row, i] = c_i
    return total(sums) + rest


@compiled(**STEPS)
def sample(evaluate: int, rule: Rule, dt: float, row: int, fields: Real, a: Array, room: Array, y: float) -> bool:
    """One sample with label y: from its fields room[X] to its share c of the step, into fields[row]. Whether that is
    finite."""
    p = a.size
    x, s, slope = room[X, :p], room[S, :p], room[SLOPE, :p]
    if rule.student_gain != 1.0:
        for i in range(p):
            x[i] *= rule.student_gain
    evaluate_at(evaluate, x, s, slope)
    output = dot(a, s) / p
    error = y - output if rule.residual == IN_PLACE else residual_at(rule.residual, y, output, rule.size)
    size = share_of(dt / rule.batch * rule.student_gain * error, a, x, slope, fields, row)
    if rule.train != 0.0:
        for i in range(p):
            room[CHANGE, i] += dt / rule.batch * rule.train * s[i] * error
    if rule.spherical:
        for i in range(p):
            room[NORM, i] += 2.0 * (1.0 - rule.decay * dt) * fields[row, i] * x[i] / rule.student_gain
    return size < rule.limit**2 and abs(error) < rule.limit


@compiled(**STEPS)
def end_step(rule: Rule, dt: float, first: int, n: int, gram: Real, fields: Real, a: Array, room: Array) -> None:
    """The output weights and 𝓛, after the step in rows first, ..., first + batch − 1 of n; their c become c̃."""
    if rule.train != 0.0:
        for i in range(a.size):
            a[i] += room[CHANGE, i]
    if moves(rule):
        _rescale(rule, 1.0 - rule.decay * dt, first, n, gram, fields, room)


@compiled(**CALLED)
def _rescale(rule: Rule, factor: float, first: int, n: int, gram: Real, fields: Real, room: Array) -> None:
    """Decay and sphere after the step in rows first, ..., first + batch − 1, whose c become c̃.

    On entry room[NORM] is 2 (1 − ωδt) Σ_β c_β λ_β. The sphere divides by the new length, whose square is
    (1 − ωδt)² + norm + Σ_ββ' c_β c_β' Gram_ββ' (the old one is 1).
    """
    last = first + rule.batch
    for i in range(fields.shape[1]):
        length = 1.0
        if rule.spherical:
            square = factor * factor + room[NORM, i]
            for row in range(first, last):
                for other in range(first, row):
                    square += 2.0 * gram[row, other] * fields[row, i] * fields[other, i]
                square += gram[row, row] * fields[row, i] * fields[row, i]
            length = math.sqrt(square)
        room[SCALE, i] *= factor / length
        if not _NARROW < abs(room[SCALE, i]) < _WIDE:  # multiply it into what is there, and begin again at 1
            for row in range(n):
                if row < first or row >= last:
                    fields[row, i] *= room[SCALE, i]
            room[KEEP, i] *= room[SCALE, i]
            room[SCALE, i] = 1.0
        for row in range(first, last):
            fields[row, i] /= length * room[SCALE, i]


@compiled(**STEPS)
def end_block(rule: Rule, n: int, fields: Real, room: Array) -> None:
    """The c̃ of the n rows become C and room[KEEP] the factor of the old weights: W = keep ∘ W_start + Σ C_s x_sᵀ."""
    if moves(rule):
        _settle(fields, n, room)


@compiled(**CALLED)
def _settle(fields: Real, n: int, room: Array) -> None:
    """The scale of every neuron multiplied into the coefficients and room[KEEP]."""
    for row in range(n):
        for i in range(fields.shape[1]):
            fields[row, i] *= room[SCALE, i]
    for i in range(fields.shape[1]):
        room[KEEP, i] *= room[SCALE, i]


@compiled(**STEPS)
def keep_old(rule: Rule, W: Real, N: Real, rows: int, room: Array) -> None:
    """What 𝓛 leaves of the old weights after a block, and their inverse N (where there is one)."""
    if moves(rule):
        for row in range(rows):
            for i in range(W.shape[1]):
                W[row, i] *= room[KEEP, i]
        for i in range(len(N)):
            for j in range(len(N)):
                N[i, j] /= room[KEEP, i]


@compiled(**STEPS)
def constrain(rule: Rule, W: Real, N: Real, rows: int, room: Array) -> None:
    """On the sphere every column of W[:rows] is divided by its length, ‖w_i‖² = d, so that no round-off adds up (and
    for the first time in a block of one step). The inverse N follows, where there is one."""
    if rule.spherical:
        _normalise(W, N, rows, room)


@compiled(**CALLED)
def _normalise(W: Real, N: Real, rows: int, room: Array) -> None:
    square = room[NORM]
    for i in range(W.shape[1]):
        square[i] = 0.0
    for row in range(rows):
        for i in range(W.shape[1]):
            square[i] += float(W[row, i]) ** 2
    for row in range(rows):
        for i in range(W.shape[1]):
            W[row, i] /= math.sqrt(square[i])
    for i in range(len(N)):
        for j in range(len(N)):
            N[i, j] *= math.sqrt(square[i])


@compiled(**STEPS)
def output_change(rule: Rule, share: float, s: float) -> float:
    """What a sample adds to an output weight: η_a (δt/B) E σ(λ), with ``share`` = (δt/B) E."""
    return rule.train * share * s


@compiled(**STEPS)
def move_row(rule: Rule, dt: float, W: Real, gradient: Real, sphere: Array, i: int) -> None:
    """Row i of a step on weights (p,d) themselves: w_i ← 𝓛 w_i + gradient_i; ``sphere``: w (d,) of Σ_j w_j W_ij² = d,
    or (0,) where all are 1."""
    d, square = W.shape[1], 0.0
    for j in range(d):
        W[i, j] = (1.0 - rule.decay * dt) * W[i, j] + gradient[i, j]
        square += W[i, j] ** 2
    if rule.spherical and sphere.size:
        square = 0.0
        for j in range(d):
            square += sphere[j] * W[i, j] ** 2
    if rule.spherical:
        for j in range(d):
            W[i, j] *= (d / square) ** 0.5
