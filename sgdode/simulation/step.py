"""A block of SGD steps, eq. (3), on local fields alone: exact in law, with nothing of dimension d in it.

Inputs are in units where x has unit-variance coordinates and weights are w_i/√d, so that λ = W x and a step is
w_i/√d ← (1 − ω δt) w_i/√d + c_i x with c_i = δt a_i σ'(λ_i) E. Within a block all fields follow from those at its
start, Λ0, and the Gram matrix of its inputs:  λ_s = Λ0_s + Σ_{t<s} Gram_st c_t.
Decay and the sphere multiply whole rows of W. They are kept as a scale: W = scale ∘ (keep ∘ W_start + Σ c̃_t x_tᵀ).

Real arrays are float64 or float32; the recursion over the fields is float64 in both cases.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from numba import float64, int64, types

from sgdode.jit.compiling import CALLED, MATRIX, REALS, RNG, STEPS, VECTOR, compiled, named
from sgdode.jit.simd import WIDTH, add_product, load, spread, store, total
from sgdode.jit.units import ADDRESS, evaluate_at

_NARROW, _WIDE = 1e-8, 1e8  # a scale outside these is multiplied into the coefficients


class Rule(NamedTuple):
    """The numbers of an SGD step: gains of the activations, √Δ, η_a, ω, batch size, ‖w_i‖² = d or not, and the size
    of fields or steps at which a run counts as diverged."""

    student_gain: float
    teacher_gain: float
    noise: float
    train: float
    decay: float
    batch: int
    spherical: bool
    limit: float


RULE = named(Rule, (float64, float64, float64, float64, float64, int64, types.boolean, float64))


#: The rows of ``room``, an array to work in: fields, σ, σ', the change of a, 2 (1 − ωδt) Σ c λ, the scale and keep of
#: the module docstring, all with p entries, and two vectors for a factorisation.
X, S, SLOPE, CHANGE, NORM, SCALE, KEEP, REFLECTION, PROJECTION = range(9)
#: The rows of ``labels``: y, with n entries; fields, σ* and σ*' of the teacher, with n k entries.
Y, X_STAR, S_STAR, SLOPE_STAR = range(4)


@compiled(**STEPS)
def chi(rng: Any, degrees: float) -> float:
    """The length of a standard normal vector of R^degrees (any size up to 2^53)."""
    return math.sqrt(2.0 * rng.standard_gamma(0.5 * degrees))


@compiled(**CALLED)
def draw_bartlett(rng: Any, T: Any, rows: int, columns: int, dimension: float) -> None:
    """The LQ factor of ``rows`` standard normal vectors of R^dimension into T[:rows, :columns],
    columns = min(rows, dimension): T_ss ~ χ_{dimension − s} for s = 0, 1, ...; normals below, zeros above."""
    for s in range(rows):
        for t in range(min(s, columns)):
            T[s, t] = rng.standard_normal()
        if s < columns:
            T[s, s] = chi(rng, dimension - s)
        for t in range(s + 1, columns):
            T[s, t] = 0.0


@compiled(
    [types.void(ADDRESS, RULE, RNG, real[:, ::1], VECTOR, real[:, ::1], int64, MATRIX) for real in REALS],
    **STEPS,
)
def draw_labels(evaluate: Any, rule: Rule, rng: Any, L: Any, a_star: Any, G: Any, n: int, labels: Any) -> None:
    """labels[Y] = (1/k) Σ_r a*_r σ*(λ*_r) + √Δ z of the first n rows of ``G``, whose first r entries are the
    coordinates of an input along the teachers ``L`` (k,r)."""
    x, s, y = labels[X_STAR], labels[S_STAR], labels[Y]
    k, r = L.shape
    for row in range(n):
        for j in range(k):
            field = 0.0
            for i in range(r):
                field += L[j, i] * G[row, i]
            x[row * k + j] = rule.teacher_gain * field
    evaluate_at(evaluate, x, s, labels[SLOPE_STAR])
    for row in range(n):
        total = 0.0
        for j in range(k):
            total += a_star[j] * s[row * k + j]
        y[row] = total / k
        if rule.noise != 0.0:
            y[row] += rule.noise * rng.standard_normal()


@compiled(**STEPS)
def add_past(gram: Any, C: Any, row: int, past: int, x: Any) -> None:
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


@compiled(**CALLED)
def _rescale(rule: Rule, factor: float, first: int, n: int, gram: Any, fields: Any, room: Any) -> None:
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


@compiled(**CALLED)
def _settle(fields: Any, n: int, room: Any) -> None:
    """The scale of every neuron multiplied into the coefficients and room[KEEP]."""
    for row in range(n):
        for i in range(fields.shape[1]):
            fields[row, i] *= room[SCALE, i]
    for i in range(fields.shape[1]):
        room[KEEP, i] *= room[SCALE, i]


@compiled(**STEPS)
def _dot(one: Any, other: Any) -> float:
    """The scalar product of two vectors."""
    p, sums, rest = one.size, spread(0.0), 0.0
    for i in range(0, p - WIDTH + 1, WIDTH):
        sums = add_product(sums, load(one, i), load(other, i))
    for i in range(p - p % WIDTH, p):
        rest += one[i] * other[i]
    return total(sums) + rest


@compiled(**STEPS)
def _share(step: float, a: Any, x: Any, slope: Any, out: Any, row: int) -> float:
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
def _sample(evaluate: Any, rule: Rule, dt: float, row: int, fields: Any, a: Any, room: Any, y: float) -> bool:
    """One sample with label y: from its fields room[X] to its share c of the step, into fields[row]. Whether that is
    finite."""
    p = a.size
    x, s, slope = room[X, :p], room[S, :p], room[SLOPE, :p]
    if rule.student_gain != 1.0:
        for i in range(p):
            x[i] *= rule.student_gain
    evaluate_at(evaluate, x, s, slope)
    error = y - _dot(a, s) / p
    size = _share(dt / rule.batch * rule.student_gain * error, a, x, slope, fields, row)
    if rule.train != 0.0:
        for i in range(p):
            room[CHANGE, i] += dt / rule.batch * rule.train * s[i] * error
    if rule.spherical:
        for i in range(p):
            room[NORM, i] += 2.0 * (1.0 - rule.decay * dt) * fields[row, i] * x[i] / rule.student_gain
    return size < rule.limit**2 and abs(error) < rule.limit


@compiled(
    [int64(ADDRESS, RULE, VECTOR, int64, int64, real[:, ::1], real[:, ::1], VECTOR, MATRIX, VECTOR) for real in REALS],
    **STEPS,
)
def descend(
    evaluate: Any, rule: Rule, dt: Any, begin: int, steps: int, gram: Any, fields: Any, a: Any, room: Any, y: Any
) -> int:
    """The steps of a block, in sequence. Step s has step size dt[begin + s] and the ``batch`` rows from s · batch on.

    ``fields`` (n,p): the fields at the start of the block; on return the coefficients C, W += Σ C_s x_sᵀ.
    ``y`` (n,): their labels. ``gram`` (n,n): of the inputs, read below the diagonal (and on it by the sphere); not read
    for a block of one step, where the sphere is left to the caller. ``a`` (p,) moves along.
    room[KEEP] becomes the factor of the old weights, 1 without decay and sphere. Returns the number of the step that
    diverged, or −1.
    """
    moving = rule.decay != 0.0 or rule.spherical
    p = a.size
    x = room[X, :p]
    if moving:
        for i in range(p):
            room[SCALE, i] = room[KEEP, i] = 1.0
    for step in range(steps):
        first = step * rule.batch
        if rule.train != 0.0 or rule.spherical:
            for i in range(p):
                room[CHANGE, i] = room[NORM, i] = 0.0
        for row in range(first, first + rule.batch):
            for i in range(p):
                x[i] = fields[row, i]
            add_past(gram, fields, row, first, x)
            if moving:
                for i in range(p):
                    x[i] *= room[SCALE, i]
            if not _sample(evaluate, rule, dt[begin + step], row, fields, a, room, y[row]):
                return step
        if rule.train != 0.0:
            for i in range(p):
                a[i] += room[CHANGE, i]
        if moving:
            factor = 1.0 - rule.decay * dt[begin + step]
            _rescale(rule, factor, first, steps * rule.batch, gram, fields, room)
    if moving:
        _settle(fields, steps * rule.batch, room)
    return -1
