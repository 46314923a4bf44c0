"""The door between the file format and the physics: from a Spec to a Problem, and to when and what to save.

Behind it (model, gaussian, equations, simulation) nothing knows what a spec is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sgdode.model.clock import Clock, ClockInSamples, Saving
from sgdode.model.learning import LearningRule
from sgdode.model.lessons import Lesson, Rotation
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem, Student, Teacher
from sgdode.model.schedules import schedule_of
from sgdode.model.starts import STARTS, Initial
from sgdode.spec.schema import Spec, expanded
from sgdode.spec.spectrum import first_time, followed_by_block, input_law, teacher_blocks
from sgdode.spec.start_files import ReadStart, read_start


def build(spec: Spec) -> Problem:
    """The experiment of a spec, with what ``initial.file`` holds. Raises SpecError for a file that does not fit."""
    start = spec.initial
    initial = Initial(STARTS[start.kind], start.values, spec.start_seed, start.kind, start.tolerance)
    law = input_law(spec).inputs
    P, a = teacher_overlap(spec), np.array(spec.student_output_weights, dtype=float)
    blocks, notes = teacher_blocks(spec, P) if followed_by_block(spec) else (None, ())
    if start.file is not None:
        read = read_start(spec, P, a, blocks)
        P, a, initial = _from_file(spec, initial, read)
        blocks = read.blocks if blocks is not None else None
    notes = (*notes, *_told(spec, blocks))
    if notes:
        told = (*(initial.values.get("notes") or ()), *notes)
        initial = replace(initial, values={**initial.values, "notes": told})
    turn = spec.teacher.rotation
    a_star = np.array(spec.teacher_output_weights, dtype=float)
    return Problem(
        d=spec.d,
        teacher=Teacher(
            spec.activation(spec.teacher.activation),
            a_star,
            P,
            spec.teacher.noise,
            blocks,
            lessons(spec),
            None if turn is None else Rotation(turn.rate, *turn.plane),
            spec.teacher.drift,
        ),
        student=Student(spec.activation(spec.student.activation), spec.p, a),
        gamma=spec.gamma,
        gamma_over_p=spec.gamma_over_p,
        clock=clock(spec),
        initial=initial,
        rule=rule(spec),
        inputs=law,
    )


def _told(spec: Spec, blocks: Array | None) -> tuple[str, ...]:
    """What a reader is to know of teachers that change."""
    end, in_t = end_time(spec), "" if spec.time.unit == "t" else "t = "
    late = [task.start for task in spec.teacher.tasks or () if task.start >= end]
    told = [f"the task that starts at t = {late[0]:g} does not begin before time.stop = {in_t}{end:g}"] if late else []
    turn = spec.teacher.rotation
    if turn is not None and blocks is not None:
        one, other = (blocks[:, row, row] for row in turn.plane)
        if not np.allclose(one, other, rtol=1e-6):
            told.append(
                "teacher.rotation: the two rows differ in length in some block, so that they change it as they turn"
            )
    return tuple(told)


def lessons(spec: Spec) -> tuple[Lesson, ...]:
    """Which teachers teach from when; none where all do all the time."""
    teacher, found, known = spec.teacher, [], []
    for task in teacher.tasks or ():
        known += [] if task.same in known else [task.same]
        a = np.zeros(spec.k)
        own = teacher.output_weights if task.output_weights is None else task.output_weights
        if task.output_weights is None and isinstance(own, tuple):
            own = tuple(own[row] for row in task.rows)
        # y is the mean of the rows, and that over all k
        a[list(task.rows)] = np.array(expanded(own, len(task.rows))) * spec.k / len(task.rows)
        activation = spec.activation(task.activation or teacher.activation)
        noise = teacher.noise if task.noise is None else task.noise
        found.append(Lesson(task.start, known.index(task.same), activation, a, noise))
    return tuple(found)


def teacher_overlap(spec: Spec) -> Array:
    """P (k,k) as the spec gives it: of the fields, Σ_b c_b P_b, where it is given by block."""
    if spec.teacher.overlap is None:
        return np.eye(spec.k)
    P = np.array(spec.teacher.overlap)
    if P.ndim == 3:
        P = np.einsum("b,bij->ij", np.array(input_law(spec).inputs.eigenvalues), P)
    return np.asarray((P + P.T) / 2)


def rule(spec: Spec) -> LearningRule:
    """The learning rule of a spec."""
    return LearningRule(
        batch=spec.batch_size,
        decay=spec.weight_decay,
        train_output=spec.student.train_output,
        spherical=spec.constraint != "none",
        of_fields=spec.constraint == "spherical-fields",
        **spec.algorithm.numbers(),
    )


def clock(spec: Spec) -> Clock:
    """The clock of a spec."""
    schedule = spec.learning_rate.schedule
    power, scale = 0.0, 1.0
    per_step, rate = spec.batch_size / spec.d, spec.gamma_over_p / spec.batch_size
    if schedule is not None and schedule.law is not None:
        found = schedule_of(schedule.law, schedule.values)
        return ClockInSamples(spec.step_size, per_step=per_step, rate=rate, schedule=found)
    if schedule is not None:
        power, scale = schedule.given["power"], schedule.given["time"]
    return Clock(spec.step_size, power, scale, per_step, rate)


def end_time(spec: Spec) -> float:
    """t at the end of a run."""
    stop = spec.time.stop
    return float(clock(spec).at_samples(stop)) if spec.time.unit == "samples" else stop


def saving(spec: Spec) -> Saving:
    """When and what a run of a spec saves."""
    time = spec.time
    return Saving(first_time(spec), time.stop, time.points, time.spacing == "log", spec.save, time.unit == "samples")


def _from_file(spec: Spec, initial: Initial, read: ReadStart) -> tuple[Array, Array, Initial]:
    values = {**initial.values, "Q": read.Q, "M": read.M, "notes": read.notes, "each": read.each}
    return read.P, read.a, replace(initial, values=values)
