"""Blocks of SGD within p directions, for wide networks in many dimensions: no row is added, and none folded.

The students' coordinates outside the teachers' span are R (p,p), upper triangular, and beside it stands Q⊥ = RᵀR. A
block of n samples, G (n,p) along these directions and T (n,n) the Bartlett factor of what is outside them, has the
fields G R there, and its coefficients C (n,p) move
  Q⊥ ← Q⊥ + (G R)ᵀC + Cᵀ(G R) + Cᵀ(G Gᵀ + T Tᵀ)C = Q⊥ + XᵀC + CᵀX,
one symmetric product of rank 2n, where X is G R and half of (G Gᵀ + T Tᵀ)C: nearly the fields as they are met. R is the
Cholesky factor, anew after every block. One more row a sample, TᵀC, would give the same, as Q⊥ alone counts.

Per sample it is p²/2 multiplications for the fields, p² for Q⊥ and p³/6n for the factor; the rows of
``sgdode.simulation.large`` take 2p² at least, and their folds. Those go on where Q⊥ is singular to round-off, as it is
of neurons that are alike.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sgdode.jit.blas import (
    BLAS,
    Blas,
    add_both,
    add_crossed,
    add_gram,
    add_multiple,
    factorise,
    subtract_square,
    times_triangle,
)
from sgdode.jit.compiling import CALLED, REALS, RNG, STEPS, VECTOR, compiled, named, per_precision
from sgdode.jit.deferred import boolean, int64, types
from sgdode.jit.simd import WIDTH, load, put, store, take
from sgdode.jit.units import ADDRESS
from sgdode.model.overlaps import Array
from sgdode.simulation.rule import KEEP, NORM, REFLECTION, RULE, Real, Rule, constrain, keep_old, moves
from sgdode.simulation.small_linalg import factor_rows
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

#: Samples whose effect on each other is summed in loops; that of earlier ones is a matrix product.
PART = 16
#: The size of a panel of a Cholesky factor, up to which it is one panel, and from which LAPACK is faster: measured.
_PANEL, _ONE_PANEL, _LAPACK_FROM = 32, 96, 384
#: A pivot this far below its diagonal is round-off, in float64 and float32.
_SINGULAR_DOUBLE, _SINGULAR_SINGLE = 1e-14, 5e-6


class Tables(NamedTuple):
    """More arrays to work in, for blocks of n samples: ``fields`` X (n,p) of all samples, what A has
    ``moved`` by (r,p), ``part`` (PART, PART), ``before`` (p,p) the R of before."""

    fields: Real
    moved: Real
    part: Real
    before: Real


@compiled(**CALLED)
def _copy(out: Real, A: Real) -> None:
    """out = A, both contiguous and of one size."""
    size = A.size
    for i in range(0, size - WIDTH + 1, WIDTH):
        store(out, i, load(A, i))
    for i in range(size - size % WIDTH, size):
        put(out, i, take(A, i))


@compiled(**CALLED)
def _copy_columns(out: Real, A: Real, first: int) -> None:
    """out (n,p) = the columns from ``first`` on of A, which has as many rows."""
    n, p = out.shape
    for s in range(n):
        at = s * A.shape[1] + first
        for i in range(0, p - WIDTH + 1, WIDTH):
            store(out, s * p + i, load(A, at + i))
        for i in range(p - p % WIDTH, p):
            put(out, s * p + i, take(A, at + i))


@compiled([boolean(real[:, ::1], real[:, ::1]) for real in REALS], **CALLED)
def is_regular(R: Real, S: Real) -> bool:
    """Whether the Cholesky factor R of S is more than round-off."""
    least = _SINGULAR_DOUBLE if R.itemsize == 8 else _SINGULAR_SINGLE
    regular = True
    for i in range(len(S)):
        regular = regular and float(R[i, i]) ** 2 > least * S[i, i]  # not so where it is NaN
    return regular


@compiled(**CALLED)
def _factor(blas: Blas, S: Real) -> bool:
    """S becomes its Cholesky factor, both upper triangular. False where it is not positive definite.

    In panels of rows where LAPACK, made for larger matrices, takes up to twice as long.
    """
    p = len(S)
    if p >= _LAPACK_FROM:
        return factorise(blas, S)
    panel = p if p <= _ONE_PANEL else _PANEL
    for first in range(0, p, panel):
        end = min(first + panel, p)
        if not factor_rows(S, first, end):
            return False
        if end < p:
            subtract_square(blas, S[end:, end:], S[first:end, end:])
    return True


@compiled(**CALLED)
def _renew(blas: Blas, R: Real, S: Real) -> bool:
    """R = the Cholesky factor of S, both upper triangular. False where S is singular, to round-off."""
    _copy(R, S)
    return _factor(blas, R) and is_regular(R, S)


@compiled(**CALLED)
def _scale(A: Real, factors: Array) -> None:
    """A = A with every column times its factor."""
    for i in range(len(A)):
        for j in range(A.shape[1]):
            A[i, j] *= factors[j]


@compiled(**CALLED)
def _descend_in_parts(
    student: int, rule: Rule, dt: Array, begin: int, steps: int, gram: Real, C: Real, a: Array, room: Array, y: Array,
    tables: Tables, blas: Blas,
) -> int:  # fmt: skip
    """``descend`` for the block of ``steps`` steps from dt[begin] on, in parts of at most PART samples or one step.

    The fields of ``tables`` become those at the start and half of gram C: those at the start of a part, and half of
    what it adds.
    """
    part, p, X, own = max(1, PART // rule.batch), a.size, tables.fields, tables.part
    kept = room[REFLECTION, :p]
    for i in range(p):
        kept[i] = 1.0
    for step in range(0, steps, part):
        some = min(part, steps - step)
        first, end = step * rule.batch, (step + some) * rule.batch
        if moves(rule):
            _scale(C[first:end], kept)
        add_multiple(blas, C[first:end], gram[first:end, :first], C[:first], 1.0, 1.0)
        _copy(X[first:end], C[first:end])
        for s in range(end - first):
            for t in range(s + 1):
                own[s, t] = gram[first + s, first + t]
        bad = descend(student, rule, dt, begin + step, some, own, C[first:end], a, room, y[first:])
        if bad >= 0:
            return step + bad
        if moves(rule):
            for i in range(p):
                kept[i] *= room[KEEP, i]
            _scale(C[:first], room[KEEP])
            _scale(X[:end], room[KEEP])
        for s in range(end - first):
            own[s, s] *= 0.5
            for t in range(s + 1, end - first):
                own[s, t] = 0.0
        add_multiple(blas, X[first:end], own[: end - first, : end - first], C[first:end], 1.0, 1.0)
    if moves(rule):
        for i in range(p):
            room[KEEP, i] = kept[i]
    return -1


@compiled(**CALLED)
def _fill_gram(blas: Blas, G: Real, width: int, gram: Real) -> None:
    """gram = G Gᵀ on and below the diagonal; the columns of G from ``width`` on are lower triangular."""
    n = len(G)
    for first in range(0, n, PART):
        end = min(first + PART, n)
        add_gram(blas, gram[first:end, :end], G[first:end, : width + end], G[:end, : width + end], 0.0)


@compiled(**CALLED)
def _move_known(blas: Blas, A: Real, moved: Real, known: Real, C: Real, X: Real) -> None:
    """A += knownᵀC; and X, fields with half of what all inputs add, becomes that outside the teachers' span."""
    add_crossed(blas, moved, known, C, 0.0)
    for j in range(A.shape[0]):
        for i in range(A.shape[1]):
            A[j, i] += moved[j, i]
            moved[j, i] = A[j, i] - 0.5 * moved[j, i]
    add_multiple(blas, X, known, moved, -1.0, 1.0)


@compiled(**CALLED)
def _move_overlaps(blas: Blas, rule: Rule, S: Real, X: Real, C: Real, room: Array) -> None:
    """S = Q⊥ after a block: keep S keep + XᵀC + CᵀX."""
    if moves(rule):
        for i in range(len(S)):
            for j in range(i, len(S)):
                S[i, j] *= room[KEEP, i] * room[KEEP, j]
    add_both(blas, S, X, C)


@compiled(**CALLED)
def _add_rows(blas: Blas, W: Real, first: int, G: Real, T: Real, C: Real, S: Real) -> int:
    """The block in rows, where S has no factor: B += GᵀC below ``first``, and rows TᵀC more. Returns the new m."""
    n, p = C.shape
    add_crossed(blas, W[first : first + p], G, C, 1.0)
    add_crossed(blas, W[first + p : first + p + n], T, C, 0.0)
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
    """Steps of SGD in blocks, of which the last draws what a whole one does, while Q⊥ has a factor: ``weights`` W
    (r + capacity, p), whose rows r, ..., r + p − 1 are R, and beside them Q⊥, on and above the diagonal; zeros below in
    both.

    Returns the new m, the steps done, and whether all is finite: where it is, and less than len(dt) are done, Q⊥ has no
    factor any more; the rows are p and some for that block, and Q⊥ is NaN.
    """
    W, S, a = weights
    r, p = target.L.shape[1], a.size
    A, R = W[:r], W[r : r + p]
    for done in range(0, dt.size, sizes.block):
        steps = min(sizes.block, dt.size - done)
        n, whole = steps * rule.batch, sizes.block * rule.batch
        drawn = workspace.inputs[:whole]
        draw_normals(rng, drawn, whole, 0, r)
        draw_labels(target, rule, rng, drawn, whole, workspace.labels)
        draw_normals(rng, drawn, whole, r, r + p)
        draw_bartlett(rng, drawn[:, r + p : r + p + whole], whole, whole, sizes.dimension - p)
        inputs, X, C = drawn[:n], tables.fields[:n], workspace.C[:n]
        known, G, T = inputs[:, :r], inputs[:, r : r + p], inputs[:, r + p : r + p + n]
        gram = workspace.gram[:n, :n]
        _fill_gram(blas, inputs[:, : r + p + n], r + p, gram)
        _copy_columns(C, inputs, r)
        times_triangle(blas, C, R)
        add_multiple(blas, C, known, A, 1.0, 1.0)
        y = workspace.labels[Y]
        bad = _descend_in_parts(student, rule, dt, done, steps, gram, C, a, workspace.room, y, tables, blas)
        if bad >= 0:
            return p, done + bad, False
        keep_old(rule, W, S[:0, :0], r + p, workspace.room)
        _move_known(blas, A, tables.moved, known, C, X)
        _move_overlaps(blas, rule, S, X, C, workspace.room)
        _copy(tables.before, R)
        if not _renew(blas, R, S):
            _copy(R, tables.before)
            m = _add_rows(blas, W, r, G, T, C, S)
            constrain(rule, W, S[:0, :0], r + m, workspace.room)
            return m, done + steps, True
        _constrain(rule, W, S, r + p, workspace.room)
    return p, dt.size, True
