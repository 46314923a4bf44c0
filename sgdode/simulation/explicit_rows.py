"""SGD by any learning rule on d-dimensional rows themselves: the slow, obvious twin of ``sgdode.simulation.rows``."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sgdode.jit.compiling import MATRIX, RNG, STEPS, VECTOR, compiled, named, per_precision
from sgdode.jit.deferred import float64, int64
from sgdode.jit.normals import standard_normal
from sgdode.jit.units import ADDRESS
from sgdode.model.overlaps import Array
from sgdode.simulation.columns import UPDATES, Updates, begin_columns, column, end_columns
from sgdode.simulation.explicit import INPUTS, Inputs, label_of
from sgdode.simulation.rows import MOVES, Moves
from sgdode.simulation.rule import RULE, Real, Rule, X
from sgdode.simulation.step import Target, target_type


class Bench(NamedTuple):
    """Arrays to work in: ``gradient`` (p,d), ``samples`` (B,d) and ``room``, as in ``sgdode.simulation.rule``."""

    gradient: Real
    samples: Array
    room: Array


@compiled(**STEPS)
def _move(rule: Rule, L: Array, forcing: Array, V: Real, gradient: Real, old: Array) -> None:
    """V ← 𝓛V + g ⊗ gradient, V (q p, d) and gradient (p, d); the sphere last."""
    p, d = gradient.shape
    q = len(L)
    for i in range(p):
        for j in range(d):
            for b in range(q):
                old[b] = V[b * p + i, j]
            for a in range(q):
                total = forcing[a] * gradient[i, j]
                for b in range(q):
                    total += L[a, b] * old[b]
                V[a * p + i, j] = total
        if rule.spherical:
            square = 0.0
            for j in range(d):
                square += V[i, j] ** 2
            for j in range(d):
                V[i, j] *= (d / square) ** 0.5


@per_precision(
    lambda real: int64(
        *(ADDRESS, target_type(float64), RULE, UPDATES, MOVES, RNG, VECTOR, INPUTS, real[:, ::1], VECTOR),
        named(Bench, (real[:, ::1], MATRIX, MATRIX)),
    ),
    **STEPS,
)
def plain_steps_of_rows(
    student: int,
    target: Target,
    rule: Rule,
    columns: Updates,
    moves: Moves,
    rng: np.random.Generator,
    dt: Array,
    inputs: Inputs,
    V: Real,
    a: Array,
    bench: Bench,
) -> int:
    """len(dt) steps on ``V`` (q p, d) and ``a`` (p,) in place. Returns the steps done: fewer where the next one
    diverged."""
    gradient, samples, room = bench
    p, d = gradient.shape
    n, y, x = rule.batch, moves.old[len(moves.maps[0]) :], room[X]
    for step in range(dt.size):
        for i in range(p):
            for j in range(d):
                gradient[i, j] = 0.0
        for row in range(n):
            for j in range(d):
                samples[row, j] = standard_normal(rng) / inputs.scale[j]
            y[row] = label_of(target, rule, rng, inputs, step, samples[row], room)
        for update in range(columns.repeat):
            begin_columns(rule, a, room)
            for row in range(n):
                for i in range(p):
                    x[i] = 0.0
                    for j in range(d):
                        x[i] += (V[i, j] + gradient[i, j]) * samples[row, j]
                if not column(student, rule, columns, rng, dt[step], row, a, room, y[row]):
                    return step
            end_columns(rule, columns, update == 0, moves.sums, a, room)
            for row in range(n):
                for i in range(p):
                    for j in range(d):
                        gradient[i, j] += d * columns.new[row, i] * samples[row, j]
        _move(rule, moves.maps[step], moves.forcing[step], V, gradient, moves.old)
    return dt.size
