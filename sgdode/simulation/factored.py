"""Blocks of SGD within p directions, for wide networks in many dimensions: no row is added, and none folded.

The students' coordinates outside the teachers' span are R (p,p), upper triangular, and beside it stands Q⊥ = RᵀR. A
block of n samples, G (n,p) along these directions and T (n,n) the Bartlett factor of what is outside them, has the
fields X = G R there, and its coefficients C (n,p) move
  Q⊥ ← Q⊥ + XᵀC + CᵀX + Cᵀ(G Gᵀ + T Tᵀ)C,
which is one symmetric product of rank 2n; R is its Cholesky factor, anew after every block. That is what one more row
a sample, TᵀC, gives too, as Q⊥ alone counts. Per sample: p² multiplications for the fields and 2p² for Q⊥, half of them
left out as both sides are alike, and p³/6n for the factor, against 3p² and the folds of ``sgdode.simulation.large``,
which goes on where Q⊥ is singular to round-off.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import boolean, int64, types

from sgdode.jit.blas import (
    BLAS,
    Blas,
    add_both,
    add_crossed,
    add_gram,
    add_multiple,
    factorise,
    times_triangle,
)
from sgdode.jit.compiling import CALLED, REALS, RNG, STEPS, VECTOR, compiled, named, per_precision
from sgdode.jit.units import ADDRESS
from sgdode.model.overlaps import Array
from sgdode.simulation.rule import KEEP, NORM, REFLECTION, RULE, Real, Rule, constrain, keep_old, moves
from sgdode.simulation.step import (
    SIZES,
    Sizes,
    Target,
    Weights,
    Workspace,
    Y,
    descend,
    draw_bartlett,
    draw_labels,
    draw_normals,
    target_type,
    weights_type,
    workspace_type,
)

#: Samples whose effect on each other is summed in loops; that on later ones is a matrix product.
PART = 16
#: Samples whose products with earlier ones are formed at once: those above the diagonal are left out.
PRODUCT = 32
#: A pivot this far below its diagonal is round-off, in float64 and float32.
_SINGULAR_DOUBLE, _SINGULAR_SINGLE = 1e-14, 5e-6


class Tables(NamedTuple):
    """More arrays to work in, for blocks of n samples: ``fields`` X (n,p) and ``gram`` (n,n) outside the teachers' span,
    ``part`` (PART, PART), ``before`` (p,p) the R of before."""

    fields: Real
    gram: Real
    part: Real
    before: Real


@compiled(**CALLED)
def _copy(out: Real, A: Real) -> None:
    """out = A."""
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            out[i, j] = A[i, j]


@compiled(**CALLED)
def _copy_triangle(out: Real, S: Real) -> None:
    """out = S on and above the diagonal."""
    for i in range(len(S)):
        for j in range(i, len(S)):
            out[i, j] = S[i, j]


@compiled([boolean(real[:, ::1], real[:, ::1]) for real in REALS], **CALLED)
def is_regular(R: Real, S: Real) -> bool:
    """Whether the Cholesky factor R of S is more than round-off."""
    least = _SINGULAR_DOUBLE if R.itemsize == 8 else _SINGULAR_SINGLE
    for i in range(len(S)):
        if not float(R[i, i]) ** 2 > least * S[i, i]:
            return False
    return True


@compiled(**CALLED)
def _renew(blas: Blas, R: Real, S: Real) -> bool:
    """R = the Cholesky factor of S, both on and above the diagonal. False where S is singular, to round-off."""
    _copy_triangle(R, S)
    return factorise(blas, R) and is_regular(R, S)


@compiled(**CALLED)
def _descend_in_parts(
    student: int, rule: Rule, dt: Array, begin: int, steps: int, gram: Real, C: Real, a: Array, room: Array, y: Array,
    own: Real, blas: Blas,
) -> int:  # fmt: skip
    """``descend`` for the block of ``steps`` steps from dt[begin] on, in parts of at most PART samples or one step."""
    part, p = max(1, PART // rule.batch), a.size
    kept = room[REFLECTION, :p]
    for i in range(p):
        kept[i] = 1.0
    for step in range(0, steps, part):
        some = min(part, steps - step)
        first, end = step * rule.batch, (step + some) * rule.batch
        if moves(rule):
            for row in range(first, end):
                for i in range(p):
                    C[row, i] *= kept[i]
        add_multiple(blas, C[first:end], gram[first:end, :first], C[:first], 1.0)
        for s in range(end - first):
            for t in range(s + 1):
                own[s, t] = gram[first + s, first + t]
        bad = descend(student, rule, dt, begin + step, some, own, C[first:end], a, room, y[first:])
        if bad >= 0:
            return step + bad
        if moves(rule):
            for i in range(p):
                kept[i] *= room[KEEP, i]
            for row in range(first):
                for i in range(p):
                    C[row, i] *= room[KEEP, i]
    if moves(rule):
        for i in range(p):
            room[KEEP, i] = kept[i]
    return -1


@compiled(**CALLED)
def _fill_gram(blas: Blas, G: Real, p: int, known: Real, outer: Real, gram: Real) -> None:
    """outer = G Gᵀ, of which the columns from p on are lower triangular, and gram = outer + known knownᵀ, on and below
    the diagonal."""
    n = len(G)
    for first in range(0, n, PRODUCT):
        end = min(first + PRODUCT, n)
        add_gram(blas, outer[first:end, :end], G[first:end, : p + end], G[:end, : p + end], 0.0)
        for s in range(first, end):
            for t in range(end):
                gram[s, t] = outer[s, t]
        add_gram(blas, gram[first:end, :end], known[first:end], known[:end], 1.0)


@compiled(**CALLED)
def _move_overlaps(blas: Blas, rule: Rule, S: Real, X: Real, C: Real, gram: Real, room: Array) -> None:
    """S = Q⊥ after a block, on and above the diagonal: keep S keep + YᵀC + CᵀY with Y = X keep + (half of gram) C."""
    n, p = C.shape
    if moves(rule):
        keep = room[KEEP]
        for i in range(p):
            for j in range(i, p):
                S[i, j] *= keep[i] * keep[j]
        for s in range(n):
            for i in range(p):
                X[s, i] *= keep[i]
    for first in range(0, n, PRODUCT):
        end = min(first + PRODUCT, n)
        for s in range(first, end):
            gram[s, s] *= 0.5
            for t in range(s + 1, end):
                gram[s, t] = 0.0
        add_multiple(blas, X[first:end], gram[first:end, :end], C[:end], 1.0)
    add_both(blas, S, X, C)


@compiled(**CALLED)
def _add_rows(blas: Blas, W: Real, first: int, G: Real, T: Real, C: Real, S: Real) -> int:
    """The block in rows, where S has no factor: B += GᵀC below ``first``, and rows TᵀC more. Returns the new m."""
    n, p = C.shape
    add_crossed(blas, W[first : first + p], G, C)
    add_crossed(blas, W[first + p : first + p + n], T, C)
    S[0, 0] = math.nan
    return p + n


@compiled(**CALLED)
def _constrain(rule: Rule, W: Real, S: Real, rows: int, room: Array) -> None:
    """The sphere, for the rows and Q⊥."""
    if rule.spherical:
        constrain(rule, W, S[:0, :0], rows, room)
        for i in range(len(S)):
            for j in range(i, len(S)):
                S[i, j] /= math.sqrt(room[NORM, i] * room[NORM, j])


@per_precision(
    lambda real: types.Tuple((int64, int64, boolean))(
        *(ADDRESS, target_type(real), RULE, RNG, VECTOR, SIZES, weights_type(real)),
        *(workspace_type(real), named(Tables, [real[:, ::1]] * 4), BLAS),
    ),
    **STEPS,
)
def steps_within(
    student: int,
    target: Target,
    rule: Rule,
    rng: np.random.Generator,
    dt: Array,
    sizes: Sizes,
    weights: Weights,
    workspace: Workspace,
    tables: Tables,
    blas: Blas,
) -> tuple[int, int, bool]:
    """Steps of SGD in blocks, while Q⊥ has a factor: ``weights`` W (r + capacity, p), whose rows r, ..., r + p − 1 are R,
    and beside them Q⊥ on and above the diagonal.

    Returns the new m, the steps done, and whether all is finite: where it is, and less than len(dt) are done, Q⊥ has no
    factor any more; the rows are p and some for that block, and Q⊥ is NaN.
    """
    W, S, a = weights
    r, p = target.L.shape[1], a.size
    A, R = W[:r], W[r : r + p]
    for done in range(0, dt.size, sizes.block):
        steps = min(sizes.block, dt.size - done)
        n = steps * rule.batch
        inputs, X, C = workspace.inputs[:n], tables.fields[:n], workspace.C[:n]
        known, G, T = inputs[:, :r], inputs[:, r : r + p], inputs[:, r + p : r + p + n]
        gram, outer = workspace.gram[:n, :n], tables.gram[:n, :n]
        draw_normals(rng, inputs, n, 0, r)
        draw_labels(target, rule, rng, inputs, n, workspace.labels)
        draw_normals(rng, inputs, n, r, r + p)
        draw_bartlett(rng, T, n, n, sizes.dimension - p)
        _fill_gram(blas, inputs[:, r : r + p + n], p, known, outer, gram)
        _copy(X, G)
        times_triangle(blas, X, R)
        _copy(C, X)
        add_multiple(blas, C, known, A, 1.0)
        y = workspace.labels[Y]
        bad = _descend_in_parts(student, rule, dt, done, steps, gram, C, a, workspace.room, y, tables.part, blas)
        if bad >= 0:
            return p, done + bad, False
        keep_old(rule, W, S[:0, :0], r + p, workspace.room)
        add_crossed(blas, A, known, C)
        _move_overlaps(blas, rule, S, X, C, outer, workspace.room)
        _copy_triangle(tables.before, R)
        if not _renew(blas, R, S):
            _copy_triangle(R, tables.before)
            for i in range(p):
                for j in range(i):
                    R[i, j] = 0.0
            m = _add_rows(blas, W, r, G, T, C, S)
            constrain(rule, W, S[:0, :0], r + m, workspace.room)
            return m, done + steps, True
        _constrain(rule, W, S, r + p, workspace.room)
    return p, dt.size, True
