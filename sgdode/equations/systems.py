"""The limiting equations of a problem, by the name of their record in ``sgdode.model.systems``."""

from __future__ import annotations

import math
from typing import cast

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
    if not problem.inputs.isotropic:
        raise SpecError([Defect("", "inputs", "equations are for isotropic inputs alone; use spectrum: isotropic")])
    if math.isfinite(problem.p):
        return cast(System, found(record.right_hand_side)(problem, start, method))
    if record.infinite_width is None:
        raise SpecError([Defect("", "integrate.equations", f"got {name!r}; width inf needs mean-field equations")])
    return cast(System, found(record.infinite_width)(problem, method))
