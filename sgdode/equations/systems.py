"""The limiting equations of a problem, by the name of their record in ``sgdode.model.systems``."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

import numpy as np

from sgdode.equations.system import Method, System
from sgdode.errors import Defect, SpecError
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start
from sgdode.model.starts import found
from sgdode.model.systems import SYSTEMS


def system(problem: Problem, start: Start | None, name: str, method: Method) -> System:
    """The equations ``name`` of a problem from a start.

    At infinite width the start is a law, and ``start`` is not used. Raises SpecError where there are no such equations.
    """
    record = SYSTEMS[name]
    if method.finite_size and (name != "full" or start is None):
        reason = f"it corrects the term of γ/p in `full`; the equations here are {name}"
        raise SpecError([Defect("", "inputs.finite_size", f"{reason}: set it to false, or integrate.equations: full")])
    if method.finite_size and problem.teacher.blocks is None and start is not None:
        problem, start = single_block(problem, start)
    if problem.teacher.blocks is not None:
        return _by_block(problem, start, name, method)
    if math.isfinite(problem.p):
        return cast(System, found(record.right_hand_side)(problem, start, method))
    if record.infinite_width is None:
        raise SpecError([Defect("", "integrate.equations", f"got {name!r}; width inf needs mean-field equations")])
    return cast(System, found(record.infinite_width)(problem, method))


def single_block(problem: Problem, start: Start) -> tuple[Problem, Start]:
    """Isotropic inputs as a single block."""
    teacher = replace(problem.teacher, blocks=start.overlaps.P[np.newaxis])
    return replace(problem, teacher=teacher), replace(start, blocks=(start.overlaps,))


def _by_block(problem: Problem, start: Start | None, name: str, method: Method) -> System:
    """The equations of a problem whose inputs have blocks."""
    record = SYSTEMS[name]
    if record.by_block is None or start is None:
        known = ", ".join(other for other, system in SYSTEMS.items() if system.by_block is not None)
        reason = f"{name} is for isotropic inputs alone; with inputs.spectrum there are {known}"
        raise SpecError([Defect("", "integrate.equations", reason)])
    return cast(System, found(record.by_block)(problem, start, method))
