"""The limiting equations of a problem, by the name of their record in ``sgdode.model.systems``."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

import numpy as np

from sgdode.equations.system import Method, System
from sgdode.errors import Defect, SpecError
from sgdode.model.learning import closed, told_rule
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start
from sgdode.model.starts import found
from sgdode.model.systems import SYSTEMS


def system(problem: Problem, start: Start | None, name: str, method: Method) -> System:
    """The equations ``name`` of a problem from a start.

    At infinite width the start is a law, and ``start`` is not used. Raises SpecError where there are no such equations.
    """
    record = SYSTEMS[name]
    _refuse_rule(problem, name, by_block=problem.teacher.blocks is not None or method.finite_size)
    if method.finite_size and (name != "full" or start is None):
        reason = f"it corrects the term of γ/p in `full`; the equations here are {name}"
        raise SpecError([Defect("", "inputs.finite_size", f"{reason}: set it to false, or integrate.equations: full")])
    if method.finite_size and problem.teacher.blocks is None and start is not None:
        problem, start = single_block(problem, start)
    if problem.teacher.blocks is not None:
        return _by_block(problem, start, name, method)
    if math.isfinite(problem.p):
        return _with_rule(problem, start, _plain(problem, start, name, method))
    if record.infinite_width is None:
        raise SpecError([Defect("", "integrate.equations", f"got {name!r}; width inf needs mean-field equations")])
    return cast(System, found(record.infinite_width)(problem, method))


def single_block(problem: Problem, start: Start) -> tuple[Problem, Start]:
    """Isotropic inputs as a single block."""
    teacher = replace(problem.teacher, blocks=start.overlaps.P[np.newaxis])
    return replace(problem, teacher=teacher), replace(start, blocks=(start.overlaps,))


def _plain(problem: Problem, start: Start | None, name: str, method: Method) -> System:
    """The equations of the weights alone."""
    if start is not None and not closed(problem.rule):
        from sgdode.equations.rule_flows import beside_sgd

        return beside_sgd(problem, start)
    return cast(System, found(SYSTEMS[name].right_hand_side)(problem, start, method))


def _with_rule(problem: Problem, start: Start | None, system: System) -> System:
    """With the rows that the rule keeps beside them."""
    if start is None or not problem.rule.rows:
        return system
    from sgdode.equations.rows_flow import with_rows

    return with_rows(problem, start, system)


def _refuse_rule(problem: Problem, name: str, by_block: bool) -> None:
    """Learning rules that the equations ``name`` do not hold."""
    rule, defects = problem.rule, []
    if rule.loss.share is not None and rule.keeps_kernels:
        return
    told = told_rule(rule)
    if by_block:
        reason = (
            f"{told}: there are equations for isotropic inputs of infinite size and teachers that do not change alone"
        )
        defects.append(Defect("", "algorithm", reason))
    elif not SYSTEMS[name].full_overlaps or (name != "full" and not closed(rule)):
        reason = f"{name} does not hold {told}; its equations are full"
        defects.append(Defect("", "integrate.equations", reason))
    if rule.trained and not closed(rule):
        defects.append(Defect("", "student.train_output", f"with {told} it is for simulate alone; set it to 0"))
    if rule.dropout and not rule.linear:
        defects.append(Defect("", "algorithm.dropout", f"with {told} it is for simulate alone; set it to 0"))
    if defects:
        raise SpecError(defects)


def _by_block(problem: Problem, start: Start | None, name: str, method: Method) -> System:
    """The equations of a problem whose inputs have blocks."""
    record = SYSTEMS[name]
    if record.by_block is None or start is None:
        known = ", ".join(other for other, system in SYSTEMS.items() if system.by_block is not None)
        reason = f"{name} is for isotropic inputs alone; with inputs.spectrum there are {known}"
        raise SpecError([Defect("", "integrate.equations", reason)])
    return cast(System, found(record.by_block)(problem, start, method))
