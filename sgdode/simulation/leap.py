"""Leaps: many steps of SGD at once, for dimensions where a single step is negligible.

A leap of h steps, n = hB samples and the time τ, from the weights W (rows, p) of ``sgdode.simulation.small``, whose
first r rows are the coordinates along the teachers. With G and V of the equations (``sgdode.equations.full``), s = δt/B
and b ≤ n inputs that are drawn, θ = √(b/n):
  mean       the rows of E[c gᵀ] = W Gᵀ + L Gᵀ, Stein's lemma;
  noise      (s/θ) Σ_b (g cᵀ − E): mean 0, the covariance of n samples at frozen weights, whatever the activation;
  new rows   Tᵀ chol(n s² (1−θ) V + (s²/θ) Σ_b c cᵀ)ᵀ, T the Bartlett factor of p vectors of R^(D−m): given the c this
             is what n samples add outside the rows, in law; V is a aᵀ ∘ V here.
W, G and V are taken again in the middle of the leap, with half of the noise, and what is drawn counts with tr V'/tr V
there. So Q = WᵀW is positive whatever is drawn, and the drift is of second order in τ; n → ∞ is the midpoint method for
`full`, b = n a block of steps at frozen weights. Weight decay and the sphere act on the drift; rows of the sphere are
normalised at the end. Trained output weights move like W, with the same inputs.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sgdode.equations.full import ARRAYS, Arrays, generate, train_output
from sgdode.jit.compiling import MATRIX, REORDER, RNG, VECTOR, compiled, named
from sgdode.jit.deferred import boolean, float64, int64, types
from sgdode.jit.pairs import PAIR, Pair
from sgdode.jit.units import ADDRESS, variance_at
from sgdode.model.overlaps import Array
from sgdode.simulation.rule import CHANGE, NORM, RULE, Real, Rule, X, sample
from sgdode.simulation.small_linalg import fold
from sgdode.simulation.step import Target, Y, draw_bartlett, draw_labels, draw_normals, target_type

_LEAPS = {"nogil": True, "error_model": "numpy", "fastmath": REORDER}
#: Overlaps and output weights below this share of the teachers' may change by more than the tolerance in a leap.
_SMALL = 0.05
#: A pivot this far below its diagonal is round-off.
_SINGULAR = 1e-14


class LeapLaw(NamedTuple):
    """What does not change: the address of σ, ``dimension`` D = d − r, Δ, the share of f in E, the tolerance, b, and
    the variance term: its address (0: none in one call), gains, and the largest g²q that it holds for."""

    student: int
    dimension: float
    noise: float
    share: float
    tolerance: float
    samples: int
    variance: int
    gain: float
    teacher_gain: float
    steepest: float


class Teaching(NamedTuple):
    """The teacher, its P (k,k), the rule of a step, and the dual kernels."""

    target: Target
    P: Array
    rule: Rule
    ss: Pair
    st: Pair


class LeapTables(NamedTuple):
    """Room: ``mean``, ``noise`` and ``middle`` (r + 2p, p); inputs ``g`` (b, r + 2p) and their columns ``C`` (b,p);
    ``T``, ``drawn`` (s²/θ) Σ c cᵀ, ``factor``, ``new``, ``V``, ``later`` V' and ``R``, all (p,p); ``stretch``, and of
    the output weights ``pull`` and ``kick`` (p,); ``room`` (9, ·) and ``labels`` (4, ·) as in a Workspace."""

    mean: Array
    noise: Array
    middle: Array
    g: Array
    C: Array
    T: Array
    drawn: Array
    factor: Array
    new: Array
    V: Array
    later: Array
    R: Array
    stretch: Array
    pull: Array
    kick: Array
    room: Array
    labels: Array


LAW = named(LeapLaw, (ADDRESS, *[float64] * 4, int64, ADDRESS, *[float64] * 3))
TEACHING = named(Teaching, (target_type(float64), MATRIX, RULE, PAIR, PAIR))
TABLES = named(LeapTables, (*[MATRIX] * 12, *[VECTOR] * 3, *[MATRIX] * 2))


@compiled(**_LEAPS)
def _overlaps(teaching: Teaching, W: Array, rows: int, at: Arrays) -> None:
    """Q and M of the weights W[:rows]."""
    L, used = teaching.target.L, W[:rows]
    np.dot(used.T, used, at.Q)
    at.M[:] = 0.0
    if L.shape[1]:
        np.dot(W[: L.shape[1]].T, L.T, at.M)


@compiled(types.void(LAW, TEACHING, MATRIX, int64, VECTOR, ARRAYS), **_LEAPS)
def look(law: LeapLaw, teaching: Teaching, W: Array, rows: int, a: Array, at: Arrays) -> None:
    """Q, M, Ω and G of the weights W[:rows] and output weights ``a``."""
    _overlaps(teaching, W, rows, at)
    at.a[:] = a
    generate(teaching.P, law.share, teaching.ss, teaching.st, at)


@compiled(**_LEAPS)
def _fastest(law: LeapLaw, rule: Rule, rate: float, at: Arrays, V: Array, tables: LeapTables) -> float:
    """The fastest relative change per unit of time; fills what decay and the sphere take from the drift, and the drift
    of the output weights. ``rate``: what multiplies V in dQ/dt."""
    p, squares, fastest = len(V), 0.0, 0.0
    np.dot(at.G, at.Omega, at.F)
    size = 0.0
    for r in range(p, at.v.size):
        size += at.Omega[r, r] / (at.v.size - p)
    for i in range(p):
        free = 2.0 * (at.F[i, i] - rule.decay * at.Q[i, i]) + rate * at.a[i] * at.a[i] * V[i, i]
        tables.stretch[i] = rule.decay + (0.5 * free / at.Q[i, i] if rule.spherical else 0.0)
        fastest = max(fastest, abs(free) / max(at.Q[i, i], _SMALL * size))
    for i in range(p):
        for j in range(p):
            entry = at.G[i, j] - (tables.stretch[i] if i == j else 0.0)
            squares += entry * entry
        for r in range(p, at.v.size):  # of overlaps that grow out of nothing
            squares += at.G[i, r] * at.G[i, r] * at.Omega[r, r]
    fastest = max(fastest, 2.0 * math.sqrt(squares))
    if rule.train != 0.0:
        train_output(at.v, at.ss, at.st, rule.train, tables.pull)
        least, squares = 0.0, 0.0
        for r in range(p, at.v.size):
            least += _SMALL * abs(at.v[r])
        for i in range(p):
            fastest = max(fastest, abs(tables.pull[i]) / max(abs(at.a[i]), least))
            for j in range(p):
                squares += at.ss[0, i, j] * at.ss[0, i, j]
        fastest = max(fastest, 2.0 * rule.train * math.sqrt(squares) / p)
    return fastest


@compiled(float64(LAW, TEACHING, float64, ARRAYS, TABLES), **_LEAPS)
def steps_in_leap(law: LeapLaw, teaching: Teaching, dt: float, at: Arrays, tables: LeapTables) -> float:
    """How many steps the next leap has, from the state alone: in it nothing changes by more than the tolerance."""
    rule = teaching.rule
    rate = dt * (law.dimension + teaching.target.L.shape[1]) / rule.batch
    fastest = _fastest(law, rule, rate, at, tables.V, tables)
    return max(1.0, math.floor(min(law.tolerance / max(fastest * dt, 1e-300), 1e18)))


@compiled(**_LEAPS)
def _draw(
    law: LeapLaw,
    teaching: Teaching,
    rng: np.random.Generator,
    W: Array,
    rows: int,
    a: Array,
    b: int,
    tables: LeapTables,
) -> bool:
    """b inputs and their columns; the sum of the changes of output weights in room[CHANGE]. Whether all is finite."""
    rule, room, C, p = teaching.rule, tables.room, tables.C, W.shape[1]
    draw_normals(rng, tables.g, b, 0, rows)
    draw_labels(teaching.target, rule, rng, tables.g, b, tables.labels)
    room[CHANGE, :p] = 0.0
    fine = True
    for s in range(b):
        room[NORM, :p] = 0.0
        for i in range(p):
            field = 0.0
            for row in range(rows):
                field += tables.g[s, row] * W[row, i]
            room[X, i] = field
        fine = sample(law.student, rule, float(rule.batch), s, C, a, room, tables.labels[Y, s]) and fine
    return fine


@compiled(**_LEAPS)
def _drift(W: Array, rows: int, L: Real, at: Arrays, out: Array) -> None:
    """out = the rows of E[c gᵀ]: W Gᵀ of the students, and L Gᵀ of the teachers."""
    p, r = W.shape[1], L.shape[1]
    for row in range(rows):
        for i in range(p):
            total = 0.0
            for j in range(p):
                total += at.G[i, j] * W[row, j]
            if row < r:
                for c in range(len(L)):
                    total += at.G[i, p + c] * L[c, row]
            out[row, i] = total


@compiled(**_LEAPS)
def _add_rows(share: float, a: Array, V: Array, moved: float, tables: LeapTables) -> None:
    """new (·,p) = Tᵀ cholᵀ, chol chol ᵀ = share a aᵀ ∘ V + moved · drawn; a pivot that is round-off is 0."""
    p, F = len(V), tables.factor
    F[:] = 0.0
    for j in range(p):
        for i in range(j, p):
            entry = share * a[i] * a[j] * V[i, j] + moved * tables.drawn[i, j]
            whole = entry
            for u in range(j):
                entry -= F[i, u] * F[j, u]
            if i == j:
                F[j, j] = math.sqrt(entry) if entry > _SINGULAR * whole else 0.0
            elif F[j, j] > 0.0:
                F[i, j] = entry / F[j, j]
    np.dot(tables.T.T, F.T, tables.new)


@compiled(**_LEAPS)
def _set_noise(b: int, scale: float, rows: int, tables: LeapTables) -> None:
    """noise = scale (Σ g cᵀ − b · mean)."""
    p = tables.C.shape[1]
    for row in range(rows):
        for i in range(p):
            total = -b * tables.mean[row, i]
            for s in range(b):
                total += tables.g[s, row] * tables.C[s, i]
            tables.noise[row, i] = scale * total


@compiled(
    boolean(LAW, TEACHING, RNG, float64, float64, MATRIX, int64, VECTOR, ARRAYS, TABLES), **_LEAPS
)  # fmt: skip
def to_the_middle(
    law: LeapLaw, teaching: Teaching, rng: np.random.Generator, steps: float, dt: float,
    W: Array, m: int, a: Array, at: Arrays, tables: LeapTables,
) -> bool:  # fmt: skip
    """Draw all that is random in a leap of ``steps`` from W, which ``at`` and ``tables.V`` are of, and take ``at`` to
    its middle. Whether all is finite."""
    rule, L, p = teaching.rule, teaching.target.L, W.shape[1]
    rows, n, s = L.shape[1] + m, steps * rule.batch, dt / rule.batch
    b = int(min(float(law.samples), n))
    theta, tau = math.sqrt(b / n), steps * dt
    fine = _draw(law, teaching, rng, W, rows, a, b, tables)
    free = law.dimension - m
    tables.T[:] = 0.0
    draw_bartlett(rng, tables.T, p, int(min(float(p), free)), free)
    _drift(W, rows, L, at, tables.mean)
    _set_noise(b, s / theta, rows, tables)
    C = tables.C[:b]
    np.dot(C.T, C * (s * s / theta), tables.drawn)
    _add_rows(n * s * s * (1.0 - theta), a, tables.V, 1.0, tables)
    for row in range(rows):
        for i in range(p):
            change = tau * (tables.mean[row, i] - tables.stretch[i] * W[row, i]) + tables.noise[row, i]
            tables.middle[row, i] = W[row, i] + 0.5 * change
    _overlaps(teaching, tables.middle, rows, at)
    for i in range(p):
        for j in range(p):
            for t in range(p):
                at.Q[i, j] += 0.5 * tables.new[t, i] * tables.new[t, j]
    if rule.train != 0.0:
        for i in range(p):
            tables.kick[i] = s / theta * (tables.room[CHANGE, i] - b * tables.pull[i])
            at.a[i] = a[i] + 0.5 * (tau * tables.pull[i] + tables.kick[i])
    if rule.spherical:
        _to_sphere(at, tables.middle, rows)
    generate(teaching.P, law.share, teaching.ss, teaching.st, at)
    return fine


@compiled(**_LEAPS)
def _to_sphere(at: Arrays, W: Array, rows: int) -> None:
    """Rows of unit length in W[:rows] and what is beyond it, of which Q tells."""
    p = W.shape[1]
    lengths = np.sqrt(np.diag(at.Q))
    for i in range(p):
        for row in range(rows):
            W[row, i] /= lengths[i]
        for j in range(p):
            at.Q[i, j] /= lengths[i] * lengths[j]
        at.M[i] /= lengths[i]


@compiled(
    int64(LAW, TEACHING, float64, float64, MATRIX, int64, VECTOR, ARRAYS, TABLES), **_LEAPS
)  # fmt: skip
def to_the_end(
    law: LeapLaw,
    teaching: Teaching,
    steps: float,
    dt: float,
    W: Array,
    m: int,
    a: Array,
    at: Arrays,
    tables: LeapTables,
) -> int:
    """End a leap whose middle ``at`` and ``tables.later`` are of, with W and ``a`` in place. The new m, or −1 where it
    diverged."""
    rule, L, p = teaching.rule, teaching.target.L, W.shape[1]
    rows, n, s, tau = L.shape[1] + m, steps * rule.batch, dt / rule.batch, steps * dt
    theta = math.sqrt(min(float(law.samples), n) / n)
    before = tables.new.copy()
    one, other = 0.0, 0.0
    for i in range(p):
        one += a[i] * a[i] * tables.V[i, i]
        other += at.a[i] * at.a[i] * tables.later[i, i]
    moved = other / one if one > 0.0 else 1.0  # else the mean is off at first order in τθ
    _add_rows(n * s * s * (1.0 - theta), at.a, tables.later, moved, tables)
    _fastest(law, rule, s * (law.dimension + L.shape[1]), at, tables.later, tables)
    _drift(tables.middle, rows, L, at, tables.mean)
    for row in range(rows):
        for i in range(p):
            drift = tables.mean[row, i] - tables.stretch[i] * tables.middle[row, i]
            W[row, i] += tau * drift + tables.noise[row, i]
    if rule.train != 0.0:
        for i in range(p):
            a[i] += tau * tables.pull[i] + tables.kick[i]
    columns = int(min(float(p), law.dimension - m))
    for t in range(columns):
        for i in range(p):
            drift = -tables.stretch[i] * before[t, i]
            for j in range(p):
                drift += at.G[i, j] * before[t, j]
            W[rows + t, i] = tables.new[t, i] + 0.5 * tau * drift
    return _folded(rule, L.shape[1], m + columns, W, a, tables)


@compiled(**_LEAPS)
def _folded(rule: Rule, r: int, m: int, W: Array, a: Array, tables: LeapTables) -> int:
    """The new m, at most p; −1 where W has diverged."""
    p, size = W.shape[1], 0.0
    if m > p:
        m = fold(W, r, m, tables.R, tables.room)
    for i in range(p):
        square = 0.0
        for row in range(r + m):
            square += W[row, i] * W[row, i]
        size += square + abs(a[i])
        if rule.spherical:
            for row in range(r + m):
                W[row, i] /= math.sqrt(square)
    return m if size < rule.limit else -1


@compiled(
    types.Tuple((int64, float64, boolean))(
        *(LAW, TEACHING, RNG, float64, float64, boolean, int64, MATRIX, int64, VECTOR, ARRAYS, TABLES)
    ),
    **_LEAPS,
)
def leaps(
    law: LeapLaw, teaching: Teaching, rng: np.random.Generator, steps: float, dt: float, whole: bool, most: int,
    W: Array, m: int, a: Array, at: Arrays, tables: LeapTables,
) -> tuple[int, float, bool]:  # fmt: skip
    """Up to ``most`` leaps within ``steps`` steps of size dt, where V is known in one call: ``whole`` ones alone, or
    with the last one cut at the end. Returns the new m, the steps done, and whether all is finite."""
    r, done, gains = teaching.target.L.shape[1], 0.0, (law.gain, law.teacher_gain)
    for _ in range(most):
        if done >= steps:
            break
        look(law, teaching, W, r + m, a, at)
        variance_at(law.variance, at.Omega, at.v, law.noise, *gains, tables.V)
        h = steps_in_leap(law, teaching, dt, at, tables)
        if h > steps - done:
            if whole:
                break
            h = steps - done
        fine = to_the_middle(law, teaching, rng, h, dt, W, m, a, at, tables)
        variance_at(law.variance, at.Omega, at.v, law.noise, *gains, tables.later)
        m_next = to_the_end(law, teaching, h, dt, W, m, a, at, tables)
        if not fine or m_next < 0:
            return m, done, False
        m, done = m_next, done + h
    return m, done, True
