"""The door between the file format and the physics: from a Spec to a Problem, and to when and what to save.

Behind it (model, gaussian, equations, simulation) nothing knows what a spec is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sgdode.model.clock import Clock, Saving
from sgdode.model.inputs import INPUT_LAWS
from sgdode.model.learning import LOSSES, LearningRule
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem, Student, Teacher
from sgdode.model.starts import STARTS, Initial
from sgdode.spec.schema import Spec
from sgdode.spec.start_files import ReadStart, read_start


def build(spec: Spec) -> Problem:
    """The experiment of a spec, with what ``initial.file`` holds. Raises SpecError for a file that does not fit."""
    start = spec.initial
    initial = Initial(STARTS[start.kind], start.values, spec.start_seed, start.kind, start.tolerance)
    P, a = teacher_overlap(spec), np.array(spec.student_output_weights, dtype=float)
    if start.file is not None:
        P, a, initial = _from_file(spec, initial, read_start(spec, P, a))
    a_star = np.array(spec.teacher_output_weights, dtype=float)
    return Problem(
        d=spec.d,
        teacher=Teacher(spec.activation(spec.teacher.activation), a_star, P, spec.teacher.noise),
        student=Student(spec.activation(spec.student.activation), spec.p, a),
        gamma=spec.gamma,
        gamma_over_p=spec.gamma_over_p,
        clock=clock(spec),
        initial=initial,
        rule=rule(spec),
        inputs=INPUT_LAWS[spec.inputs.spectrum],
    )


def teacher_overlap(spec: Spec) -> Array:
    """P (k,k) as the spec gives it."""
    if spec.teacher.overlap is None:
        return np.eye(spec.k)
    P = np.array(spec.teacher.overlap)
    return np.asarray((P + P.T) / 2)


def rule(spec: Spec) -> LearningRule:
    """The learning rule of a spec. Keys of ``algorithm`` but the loss are numbers of the rule by the same name."""
    numbers = spec.algorithm.model_dump(exclude={"loss"})
    return LearningRule(
        loss=LOSSES[spec.algorithm.loss],
        batch=spec.batch_size,
        decay=spec.weight_decay,
        train_output=spec.student.train_output,
        spherical=spec.constraint == "spherical",
        **numbers,
    )


def clock(spec: Spec) -> Clock:
    """The clock of a spec."""
    schedule = spec.learning_rate.schedule
    if schedule is None:
        return Clock(spec.step_size)
    return Clock(spec.step_size, schedule.power, schedule.time)


def saving(spec: Spec) -> Saving:
    """When and what a run of a spec saves."""
    time = spec.time
    return Saving(time.first, time.stop, time.points, time.spacing == "log", spec.save)


def _from_file(spec: Spec, initial: Initial, read: ReadStart) -> tuple[Array, Array, Initial]:
    values = {**initial.values, "Q": read.Q, "M": read.M, "notes": read.notes, "each": read.each}
    return read.P, read.a, replace(initial, values=values)
