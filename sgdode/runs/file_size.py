"""When a run saves, and how large its file is."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from sgdode.equations.validity import plan
from sgdode.model.clock import Clock, Grid, Saving, saved_grid, saved_names
from sgdode.model.systems import SYSTEMS
from sgdode.results.checkpoint import small_beside
from sgdode.spec.build import build, clock, saving
from sgdode.spec.memory import Command
from sgdode.spec.schema import Spec
from sgdode.spec.spectrum import input_law

_FIXED_BYTES = 30_000


def saved_times(spec: Spec) -> Grid:
    """When a run of a spec saves."""
    return _saved_times(saving(spec), clock(spec), spec.finite)


@lru_cache(maxsize=1)
def _saved_times(when: Saving, clock: Clock, finite: bool) -> Grid:
    with np.errstate(all="ignore"):
        return saved_grid(when, clock, finite)


def file_bytes(spec: Spec, command: Command) -> float:
    """Bytes of the file of ``command``."""
    times = len(saved_times(spec).time)
    seeds = spec.simulate.seeds if command == "simulate" else 1
    p = spec.p if math.isfinite(spec.p) else 500.0
    field = command == "integrate" and not SYSTEMS[plan(build(spec), spec.integrate.equations).equations].full_overlaps
    B = float(input_law(spec).inputs.blocks)
    numbers = {"risk": 1.0, "M": p * spec.k, "Q": p if field else p * p, "q": p}
    numbers |= {"Q_block": B * p * p, "M_block": B * p * spec.k}
    names = [*saved_names(spec.save, spec.p, times, seeds), *(["q"] if spec.student.train_output else [])]
    curves = 8.0 * (seeds * times * sum(numbers[name] for name in names) + 2 * times)
    state = 8.0 * seeds * (_weights(spec) if command == "simulate" else p * spec.k + (p if field else p * p / 2))
    return curves + (state if small_beside(state, curves) else 0.0) + _FIXED_BYTES


def _weights(spec: Spec) -> float:
    """Numbers in the state of a simulation, to within its blocks."""
    return spec.p * (spec.d if spec.simulate.method == "explicit" else min(spec.d, spec.k + 4 * spec.p))
