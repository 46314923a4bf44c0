"""The columns of one step of any learning rule, from the fields of its samples: feedback, dropout, and several updates
on the same samples. In units of δt/B times the residual, as in ``sgdode.simulation.rule``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sgdode.jit.compiling import MATRIX, STEPS, VECTOR, compiled, named
from sgdode.jit.deferred import float64, int64
from sgdode.jit.units import evaluate_at, residual_at
from sgdode.model.overlaps import Array
from sgdode.simulation.rule import CHANGE, IN_PLACE, SLOPE, Real, Rule, S, X, dot, share_of


class Updates(NamedTuple):
    """``lead`` (p,) of the columns: the output weights themselves, or b; ``keep``: the probability that a unit takes
    part; ``repeat``: updates on the samples of a step; ``new`` (B,p): the columns of one of them."""

    lead: Array
    keep: float
    repeat: int
    new: Array


UPDATES = named(Updates, (VECTOR, float64, int64, MATRIX))


@compiled(**STEPS)
def column(
    evaluate: int, rule: Rule, columns: Updates, rng: np.random.Generator, dt: float, row: int, a: Array, room: Array,
    y: float,
) -> bool:  # fmt: skip
    """One sample with label y: from its fields room[X] to new[row] and its share of the change of a. Whether that is
    finite. Units that take part count 1/keep times, in the output and in the columns."""
    p = a.size
    x, s, slope = room[X, :p], room[S, :p], room[SLOPE, :p]
    if rule.student_gain != 1.0:
        for i in range(p):
            x[i] *= rule.student_gain
    evaluate_at(evaluate, x, s, slope)
    if columns.keep < 1.0:
        for i in range(p):
            part = 1.0 / columns.keep if rng.random() < columns.keep else 0.0
            s[i] *= part
            slope[i] *= part
    output = dot(a, s) / p
    error = y - output if rule.residual == IN_PLACE else residual_at(rule.residual, y, output, rule.size)
    step = dt / rule.batch * rule.student_gain * error
    size = share_of(step, columns.lead, x, slope, columns.new, row)
    if rule.train != 0.0:
        for i in range(p):
            room[CHANGE, i] += dt / rule.batch * rule.train * s[i] * error
    return size < rule.limit**2 and abs(error) < rule.limit


@compiled(**STEPS)
def begin_columns(rule: Rule, a: Array, room: Array) -> None:
    """Nothing has changed yet in this update."""
    if rule.train != 0.0:
        for i in range(a.size):
            room[CHANGE, i] = 0.0


@compiled(**STEPS)
def end_columns(rule: Rule, columns: Updates, first: bool, C: Real, a: Array, room: Array) -> None:
    """C (B,p) becomes the columns of the ``first`` update, or grows by those of another; the output weights move."""
    if rule.train != 0.0:
        for i in range(a.size):
            a[i] += room[CHANGE, i]
    for row in range(len(columns.new)):
        for i in range(a.size):
            C[row, i] = columns.new[row, i] if first else C[row, i] + columns.new[row, i]
