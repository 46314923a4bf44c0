"""From a spec to what is behind the door: starts, equations, saved times, and SGD with the options that tests alone
set."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from sgdode.equations.system import System
from sgdode.equations.systems import system
from sgdode.equations.validity import plan
from sgdode.model.clock import Grid, saved_grid
from sgdode.model.start_laws import Start, start
from sgdode.results.trajectory import Trajectory
from sgdode.runs.engines import method, sampling
from sgdode.simulation import simulate as simulation
from sgdode.spec.build import build, saving
from sgdode.spec.schema import Spec


def started(spec: Spec) -> Start:
    """The start of a spec of finite width."""
    return start(build(spec))


def equations_of(
    spec: Spec, name: str | None = None, beginning: Start | None = None, particles: int | None = None
) -> System:
    """The equations ``name`` of a spec (default: those it asks for), from its start or from another one."""
    problem, how = build(spec), method(spec)
    if beginning is None and math.isfinite(problem.p):
        beginning = start(problem)
    name = name or plan(problem, how.equations).equations
    return system(problem, beginning, name, how if particles is None else replace(how, particles=particles))


def grid_of(spec: Spec) -> Grid:
    """The saved times of a spec."""
    problem = build(spec)
    return saved_grid(saving(spec), problem.clock, problem.finite)


def engine_simulate(spec: Spec, **options: Any) -> Trajectory:
    """The simulation behind the door, with its own options: ``block`` and ``way``."""
    return simulation.simulate(build(spec), saving(spec), sampling(spec), **options)
