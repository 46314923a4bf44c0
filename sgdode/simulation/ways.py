"""The ways to run SGD, under one face: isotropic inputs, step by step or in leaps, and inputs with blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start
from sgdode.simulation import run
from sgdode.simulation.block_run import (
    BlockScheme,
    begin_by_block,
    measured_by_block,
    mover_by_block,
    planned_by_block,
)
from sgdode.simulation.run import Array, Mover, Sampling, Scheme, State, Way

if TYPE_CHECKING:
    from sgdode.simulation.leap_run import LeapScheme

#: The module of leaps is loaded where they are asked for.
AnyScheme: TypeAlias = "Scheme | BlockScheme | LeapScheme"


def scheme_of(
    problem: Problem, start: Start, sampling: Sampling, block: int | None = None, way: Way | None = None
) -> AnyScheme:
    """How a problem is simulated from its start. ``block`` and ``way``: see ``sgdode.simulation.run.planned``."""
    if sampling.method == "leap":
        from sgdode.simulation.leap_run import planned_leaps

        return planned_leaps(problem, start, sampling)
    if start.blocks:
        return planned_by_block(problem, start, sampling)
    return run.planned(problem, start, sampling, block, way)


def state_of(scheme: AnyScheme, start: Start, rng: np.random.Generator) -> State:
    """The state at step 0."""
    if isinstance(scheme, BlockScheme):
        return begin_by_block(scheme, start, rng)
    if isinstance(scheme, Scheme):
        return run.begin(scheme, start, rng)
    from sgdode.simulation.leap_run import begin_leaping

    return begin_leaping(scheme, start, rng)


def mover_of(scheme: AnyScheme) -> Mover:
    """``move(state, steps)``; see ``sgdode.simulation.run.mover``."""
    if isinstance(scheme, BlockScheme):
        return mover_by_block(scheme)
    if isinstance(scheme, Scheme):
        return run.mover(scheme)
    from sgdode.simulation.leap_run import LeapMover

    return LeapMover(scheme)


def measured(scheme: AnyScheme, state: State) -> dict[str, Array]:
    """The overlaps of a state by name, in float64: Q, M and q of the fields, and what there is by block."""
    if isinstance(scheme, BlockScheme):
        return measured_by_block(scheme, state)
    Q, M, q = run.overlaps_of(scheme, state)
    found, learning = {"Q": Q, "M": M, "q": q}, scheme.problem.rule
    if learning.average is not None:
        found["Q_average"], found["M_average"], _ = run.overlaps_of(scheme, state, len(learning.rows))
    return found
