"""Leaps and exact steps from one state, for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sgdode import integrate, load_spec, simulate
from sgdode.model.overlaps import Array
from sgdode.model.start_laws import start
from sgdode.runs.engines import sampling
from sgdode.simulation.leap_run import LeapScheme, planned_leaps
from sgdode.simulation.run import Mover, Sampling, State
from sgdode.simulation.ways import AnyScheme, measured, mover_of, scheme_of, state_of
from sgdode.spec.build import build
from support.specs import merged

BASE: dict[str, Any] = {
    "dimension": 1000,
    "teacher": {"width": 2, "noise": 0.02, "output_weights": 2.0},
    "student": {"width": 2, "output_weights": [2.0, 1.5]},
    "learning_rate": 1.0,
    "time": {"stop": 10.0, "points": 5},
    "initial": {"seed": 4},
    "simulate": {"seeds": 3, "method": "leap"},
}


def leaping(changed: dict[str, Any], tolerance: float = 0.1, samples: int = 8) -> LeapScheme:
    """The leaps of ``BASE`` with changes."""
    leap = {"simulate": {"leap": {"tolerance": tolerance, "samples": samples}}}
    spec = load_spec(merged(merged(BASE, leap), changed))
    problem = build(spec)
    return planned_leaps(problem, start(problem), sampling(spec))


Begin = Callable[[int], tuple[AnyScheme, Mover, State]]


def in_leaps(scheme: LeapScheme) -> Begin:
    """``begin(seed)``: the scheme, its mover, and a state at the start."""
    return _begin(scheme, scheme)


def in_steps(scheme: LeapScheme) -> Begin:
    """The same of exact steps."""
    return _begin(scheme_of(scheme.problem, scheme.start, Sampling()), scheme)


def _begin(scheme: AnyScheme, leaps: LeapScheme) -> Begin:
    move, first = mover_of(scheme), 0 if scheme is leaps else 10**6

    def begin(seed: int) -> tuple[AnyScheme, Mover, State]:
        return scheme, move, state_of(scheme, leaps.start, np.random.Generator(np.random.SFC64(first + seed)))

    return begin


def after(begin: Begin, steps: int, runs: int) -> Array:
    """Q, M and output weights after ``steps`` steps: (runs, entries)."""
    found = []
    for seed in range(runs):
        scheme, move, state = begin(seed)
        assert move(state, steps)
        overlaps = measured(scheme, state)
        Q, M = overlaps["Q"], overlaps["M"]
        found.append(np.concatenate([Q[np.triu_indices(len(Q))], M.ravel(), state.a]))
    return np.array(found)


def far(changed: dict[str, Any], tolerance: float) -> float:
    """The largest relative error of the risk in so many dimensions that there is no noise, against `full`."""
    far_off = {"dimension": 1e12, "simulate": {"seeds": 1}, "integrate": {"rtol": 1e-11, "equations": "full"}}
    spec = load_spec(merged(merged(BASE, merged(far_off, {"simulate": {"leap": {"tolerance": tolerance}}})), changed))
    return float(np.max(np.abs(simulate(spec).risk[0] / integrate(spec).risk - 1.0)))
