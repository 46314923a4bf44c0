"""Combinations of single valid values that make no experiment, each on the key to change."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from sgdode.errors import Defect, SpecError, UsageError
from sgdode.machine import machine_memory
from sgdode.model.starts import STARTS
from sgdode.model.systems import SYSTEMS
from sgdode.spec.memory import Command, memory, memory_by_key
from sgdode.spec.paths import Unusable, found_at
from sgdode.spec.rule_checks import algorithm_defects
from sgdode.spec.schema import Spec
from sgdode.spec.values import shown

if TYPE_CHECKING:
    from sgdode.model.overlaps import Array

Found = tuple[tuple[str, ...], str]
Rest = ParamSpec("Rest")
Result = TypeVar("Result")


def defects(spec: Spec) -> list[Found]:
    """Everything wrong with a spec as a whole: (path of the key, reason)."""
    return [found for check in CHECKS for found in check(spec)]


def _times(spec: Spec) -> Iterator[Found]:
    if spec.time.start is not None and spec.time.start >= spec.time.stop:
        yield ("time", "start"), f"got {spec.time.start:g}; must be below time.stop = {spec.time.stop:g}"


def _output_weights(spec: Spec) -> Iterator[Found]:
    for name, part in (("teacher", spec.teacher), ("student", spec.student)):
        value = part.output_weights
        if isinstance(value, tuple) and len(value) != part.width:
            yield (name, "output_weights"), f"got {len(value)} numbers; {name}.width is {part.width:g}"
        if isinstance(value, str) and math.isinf(part.width):
            yield (name, "output_weights"), f"got {value!r}; at width inf it diverges; give a number"


def _teacher(spec: Spec) -> Iterator[Found]:
    if spec.teacher.overlap is not None:
        yield from ((("teacher", "overlap"), reason) for reason in _overlap(spec))
    elif spec.k > spec.d and spec.initial.file is None:
        yield ("teacher", "width"), f"got {spec.k}; {spec.k} orthogonal teachers need dimension ≥ {spec.k}"


def _inputs(spec: Spec) -> Iterator[Found]:
    from sgdode.model.inputs import ISOTROPIC
    from sgdode.spec.spectrum import input_law, structured, teacher_blocks

    try:
        if not structured(spec):
            if spec.teacher.placement is not None and input_law(spec).inputs is ISOTROPIC:
                yield ("teacher", "placement"), "isotropic inputs have a single block; set inputs.spectrum"
            return
        if spec.teacher.overlap is None or _deep(spec.teacher.overlap) == 2:
            from sgdode.spec.build import teacher_overlap

            teacher_blocks(spec, teacher_overlap(spec))
    except SpecError as error:
        yield from ((tuple(defect.key.split(".")), defect.reason) for defect in error.defects)
        return
    B = input_law(spec).inputs.blocks
    given = {("teacher", "overlap"): spec.teacher.overlap}
    given |= {("initial", key): spec.initial.given.get(key) for key in ("Q", "M")}
    for key, value in given.items():
        if _deep(value) == 3 and value is not None and len(value) != B:
            yield key, f"got {len(value)} matrices; the inputs have {B} blocks"
    if spec.teacher.placement is not None and _deep(spec.teacher.overlap) == 3:
        yield ("teacher", "placement"), "teacher.overlap says it, block by block; remove one of them"
    yield from _held_back(spec, "isotropic inputs alone")


def _finite_size(spec: Spec) -> Iterator[Found]:
    if not spec.inputs.finite_size:
        return
    if spec.integrate.equations not in ("auto", "full"):
        reason = f"it corrects the term of γ/p in `full`; the spec has {spec.integrate.equations}"
        yield ("inputs", "finite_size"), reason
    if math.isinf(spec.p):
        yield ("inputs", "finite_size"), "it corrects `full`, which needs a finite student.width"
    if spec.integrate.fluctuations:
        yield ("integrate", "fluctuations"), "error bars are along `full` without inputs.finite_size; keep one of them"


def _changing(spec: Spec) -> Iterator[Found]:
    """Teachers that change in time."""
    from sgdode.spec.spectrum import changing

    if changing(spec):
        yield from _held_back(spec, "teachers that do not change in time")
    yield from _tasks(spec)
    turn = spec.teacher.rotation
    if turn is not None and (max(turn.plane) >= spec.k or turn.plane[0] == turn.plane[1]):
        yield ("teacher", "rotation", "plane"), f"got {list(turn.plane)}; must be two rows out of 0 to {spec.k - 1}"
    if turn is not None and spec.teacher.drift:
        yield ("teacher", "drift"), "rotation and drift exclude each other; keep one of them"


def _tasks(spec: Spec) -> Iterator[Found]:
    tasks, key = spec.teacher.tasks, ("teacher", "tasks")
    if tasks is None:
        return
    starts = [task.start for task in tasks]
    if not tasks or starts[0] != 0:
        yield key, "the first task must have start: 0"
    if any(later <= earlier for earlier, later in pairwise(starts)):
        yield key, f"got the starts {starts}; they must increase"
    for at, task in enumerate(tasks):
        rows, weights = task.rows, task.output_weights
        if not rows or max(rows) >= spec.k or len(set(rows)) < len(rows):
            yield (*key, str(at), "rows"), f"got {list(rows)}; must be different rows out of 0 to {spec.k - 1}"
        elif isinstance(weights, tuple) and len(weights) != len(rows):
            yield (*key, str(at), "output_weights"), f"got {len(weights)} numbers; the task has {len(rows)} rows"


def _held_back(spec: Spec, alone: str) -> Iterator[Found]:
    """What is not there for inputs with blocks or teachers that change: it is for what is named ``alone``."""
    if math.isinf(spec.p):
        yield ("student", "width"), f"got inf; infinite width is for {alone}"
    record = SYSTEMS.get(spec.integrate.equations)
    if record is not None and record.by_block is None:
        known = ", ".join(name for name, system in SYSTEMS.items() if system.by_block is not None)
        reason = f"got {spec.integrate.equations!r}; it is for {alone}; allowed here: auto, {known}"
        yield ("integrate", "equations"), reason
    if spec.simulate.method == "leap":
        yield ("simulate", "method"), f"got 'leap'; it is for {alone}; use exact"
    elif spec.simulate.precision != "float64":
        yield ("simulate", "precision"), f"got {spec.simulate.precision!r}; it is for {alone}; use float64"
    if spec.integrate.fluctuations:
        reason = "the covariance of overlaps over runs is known by block of the inputs for none yet"
        yield ("integrate", "fluctuations"), f"error bars are for {alone} ({reason}); set it to false, or simulate"


def _deep(value: object) -> int:
    """How deep lists are nested: 2 for a matrix, 3 for one by block."""
    depth = 0
    while isinstance(value, (tuple, list)) and value:
        depth, value = depth + 1, value[0]
    return depth


def _by_block(spec: Spec) -> Iterator[Found]:
    """Overlaps by block, where there are no blocks."""
    from sgdode.spec.spectrum import structured

    given = {("teacher", "overlap"): spec.teacher.overlap}
    given |= {("initial", key): spec.initial.given.get(key) for key in ("Q", "M")}
    deep = [key for key, value in given.items() if _deep(value) == 3]
    try:
        if deep and not structured(spec):
            yield deep[0], "got matrices by block; the inputs are isotropic: give one matrix, or set inputs.spectrum"
    except SpecError:
        return


def _overlap(spec: Spec) -> Iterator[str]:
    import numpy as np

    P = np.array(spec.teacher.overlap)
    for b, block in enumerate(P) if P.ndim == 3 else ():
        yield from (f"block {b}: {reason}" for reason in _one_overlap(spec, block))
    if P.ndim == 2:
        yield from _one_overlap(spec, P)


def _one_overlap(spec: Spec, P: Array) -> Iterator[str]:
    import numpy as np

    from sgdode.model.overlaps import TOLERANCE, allowance, asymmetry

    if P.shape != (spec.k, spec.k):
        yield f"got a {P.shape[0]}×{P.shape[1]} matrix; teacher.width is {spec.k}, so {spec.k}×{spec.k} is needed"
        return
    allowed = allowance(spec.initial.tolerance, P)
    if asymmetry(P) > max(allowed, 1e-10):
        yield "not symmetric; P_rs = w*_r·w*_s/d must equal P_sr"
        return
    values = np.linalg.eigvalsh((P + P.T) / 2)
    if values[0] < -allowed * abs(values).max():
        yield (
            f"not positive semidefinite: its smallest eigenvalue is {values[0]:.3g}, its largest {values[-1]:.3g} "
            f"(allowed: down to -{allowed:g} of the largest; initial.tolerance sets it)"
        )
    elif int(np.sum(values > TOLERANCE * values[-1])) > spec.d:
        yield f"its rank is above dimension = {spec.d:g}"


def _initial(spec: Spec) -> Iterator[Found]:
    start, law = spec.initial, STARTS[spec.initial.kind]
    for key in sorted(key for key, value in start.given.items() if key not in law.keys and value is not None):
        kinds = " or ".join(kind for kind, other in STARTS.items() if key in other.keys)
        yield ("initial", key), f"belongs to initial.kind {kinds}; the kind here is {start.kind}"
    if law.refusal and math.isinf(spec.d):
        yield ("initial", "kind"), law.refusal
    if law.given and math.isinf(spec.p):
        yield ("initial", "kind"), f"{start.kind} needs a finite student.width; use gaussian or in-teacher-span"
    if law.neuron == "sphere" and spec.teacher.overlap is not None and not any(map(any, spec.teacher.overlap)):
        yield (
            ("initial", "kind"),
            f"{start.kind} needs teachers that span something; teacher.overlap is zero: use gaussian",
        )
    yield from _given(spec)


def _given(spec: Spec) -> Iterator[Found]:
    start, values = spec.initial, spec.initial.given
    given = values.get("Q") is not None or values.get("M") is not None
    if start.kind == "weights" and start.file is None:
        yield ("initial", "file"), "required by initial.kind weights: an npz file with arrays W (p,d) and W_star (k,d)"
    if start.kind == "overlaps":
        if given and start.file is not None:
            yield ("initial", "file"), "Q and M, or file: keep one of them"
        elif not given and start.file is None:
            yield ("initial", "kind"), "overlaps needs Q and M as matrices, or file: run.h5"
        elif start.file is None and math.isfinite(spec.p):
            for key, shape in (("Q", (spec.p, spec.p)), ("M", (spec.p, spec.k))):
                value = values.get(key)
                yield from _shape(value[0] if value is not None and _deep(value) == 3 else value, key, shape)
            if _deep(values.get("Q")) != _deep(values.get("M")) and None not in (values.get("Q"), values.get("M")):
                yield ("initial", "M"), "Q and M must both be matrices, or both lists of matrices by block"
    if start.file is not None:
        try:
            found_at(spec.folder, start.file)
        except Unusable as error:
            yield ("initial", "file"), f"got {shown(start.file)}; {error}"


def _shape(value: tuple[tuple[float, ...], ...] | None, key: str, shape: tuple[float, float]) -> Iterator[Found]:
    if value is None:
        yield ("initial", key), f"required with initial.kind overlaps: a {shape[0]:g}×{shape[1]:g} matrix"
    elif (len(value), len(value[0])) != shape:
        yield ("initial", key), f"got a {len(value)}×{len(value[0])} matrix; {shape[0]:g}×{shape[1]:g} is needed"


def _learning_rate(spec: Spec) -> Iterator[Found]:
    rate = spec.learning_rate
    if not math.isfinite(spec.gamma_over_p):
        yield (
            ("learning_rate",),
            f"γ/p = {rate.gamma:g} · d^{rate.d_exponent:g} · p^{rate.p_exponent - 1:g} diverges at d = {spec.d:g}, "
            f"p = {spec.p:g}; lower the exponents",
        )
    elif spec.finite and spec.step_size <= 0:
        yield ("learning_rate",), "δt = γ/(p d) vanishes in double precision; raise gamma or the exponents"


def _steps(spec: Spec) -> Iterator[Found]:
    schedule = spec.learning_rate.schedule
    if spec.time.unit == "samples" or (schedule is not None and schedule.law is not None):
        yield from _samples(spec)
    elif spec.finite and math.isfinite(spec.gamma_over_p) and spec.step_size > 0:
        import numpy as np

        from sgdode.spec.build import clock

        with np.errstate(all="ignore"):
            steps = float(clock(spec).step(spec.time.stop))
        if not steps < 2**53:
            yield ("time", "stop"), f"got {spec.time.stop:g}; that is {steps:.3g} SGD steps, more than 2^53"


def _samples(spec: Spec) -> Iterator[Found]:
    """Where a schedule or the end is told in samples per dimension."""
    from sgdode.spec.build import clock

    if not 0 < spec.gamma_over_p < math.inf:
        key = ("time", "unit") if spec.time.unit == "samples" else ("learning_rate", "schedule")
        if spec.gamma_over_p == 0:
            yield key, "γ/p is 0 at this width: t does not move with samples; tell it in t, or raise p_exponent"
        return
    found, stop = clock(spec), spec.time.stop
    samples = stop if spec.time.unit == "samples" else float(found.samples_at(stop))
    if math.isinf(samples):
        most = float(found.at_samples(1e18))
        reason = f"got {stop:g}; with this schedule t stays below {most:.6g}: lower it, or set time.unit: samples"
        yield ("time", "stop"), reason
    elif spec.finite and not samples / found.per_step < 2**53:
        yield ("time", "stop"), f"got {stop:g}; that is {samples / found.per_step:.3g} SGD steps, more than 2^53"
    elif found.at_samples(samples) == 0:
        yield ("time", "stop"), f"got {stop:g}; with this schedule nothing has moved until then"
    elif spec.simulate.method == "leap" and (at := found.stands_still(samples)) is not None:
        reason = f"leaps need a rate above 0; γ is 0 at {at:g} samples per dimension: use exact"
        yield ("simulate", "method"), f"got 'leap'; {reason}"
    elif spec.integrate.fluctuations and (at := found.stands_still(samples)) is not None:
        reason = f"error bars follow t, which stands still where γ is 0, as at {at:g} samples per dimension"
        yield ("integrate", "fluctuations"), f"{reason}: let the schedule stay above 0, or set it to false"


def _equations(spec: Spec) -> Iterator[Found]:
    name, key = spec.integrate.equations, ("integrate", "equations")
    record = SYSTEMS.get(name)  # None: auto
    field = [other for other, system in SYSTEMS.items() if not system.full_overlaps]
    if math.isinf(spec.p) and record is not None and record.infinite_width is None:
        yield key, f"got {name!r}; width inf needs {' or '.join(field)} (or auto)"
    if math.isinf(spec.d) and record is not None and not record.infinite_dimension:
        yield key, f"got {name!r}; dimension inf needs mean-field-high-d (or auto)"
    if spec.integrate.fluctuations and name not in ("auto", "full"):
        yield ("integrate", "fluctuations"), f"the theory of fluctuations is along `full`; the spec has {name}"
    without_it = math.isfinite(spec.p) if record is None else record.full_overlaps
    if spec.integrate.noise_correction and without_it:
        reason = f"belongs to {' and '.join(field)} (here: {name}); `full` and gradient-flow-noise hold it"
        yield ("integrate", "noise_correction"), reason
    if spec.integrate.particles is not None and math.isfinite(spec.p):
        yield ("integrate", "particles"), f"particles stand for student.width inf; here it is {spec.p:g}"
    if spec.integrate.fluctuations and not spec.finite:
        yield ("integrate", "fluctuations"), "needs a finite student.width and dimension: they vanish at inf"


def _leaps(spec: Spec) -> Iterator[Found]:
    asked = spec.simulate
    if asked.method != "leap":
        if asked.leap != type(asked.leap)():
            yield ("simulate", "leap"), f"belongs to simulate.method leap; the method here is {asked.method}"
        return
    if asked.precision != "float64":
        yield ("simulate", "precision"), f"got {asked.precision!r}; leaps (simulate.method: leap) are in float64"


CHECKS: list[Callable[[Spec], Iterator[Found]]] = [
    _times,
    _output_weights,
    _inputs,
    _by_block,
    _finite_size,
    _changing,
    _teacher,
    _initial,
    _learning_rate,
    _steps,
    _equations,
    _leaps,
    algorithm_defects,
]


def located(engine: Callable[Concatenate[Spec, Rest], Result]) -> Callable[Concatenate[Spec, Rest], Result]:
    """An engine whose SpecErrors, found after its spec was read, name the file and line of the key too."""

    @functools.wraps(engine)
    def run(spec: Spec, *args: Rest.args, **kwargs: Rest.kwargs) -> Result:
        try:
            return engine(spec, *args, **kwargs)
        except SpecError as error:
            defects = [replace(defect, place=defect.place or spec.place(defect.key)) for defect in error.defects]
            raise SpecError(defects) from None

    return run


@located
def require(spec: Spec, command: Command) -> None:
    """Refuse what ``command`` cannot run. Raises SpecError, and UsageError for what is no Spec."""
    if not isinstance(spec, Spec):
        raise UsageError(f"{command} needs a Spec, got a {type(spec).__name__}; sgdode.load_spec makes one")
    found: list[tuple[str, str]] = []
    if command == "simulate":
        if spec.teacher.drift and spec.simulate.method != "explicit":
            reason = "drifting teachers leave the frame of the exact method; set simulate.method: explicit"
            found.append(("teacher.drift", reason))
        for key, value in (("dimension", spec.d), ("student.width", spec.p)):
            if math.isinf(value):
                found.append((key, "inf is for integrate alone; a simulation needs a finite number"))
    if not found and (needed := memory(spec, command)) > (available := machine_memory()):
        parts = memory_by_key(spec, command)
        found.append(
            (
                max(parts, key=lambda key: parts[key]),
                f"{command} needs {needed / 2**30:.3g} GiB of memory and this machine has {available / 2**30:.3g}; "
                "lower it, or another size (widths, dimension, batch_size, seeds, points, particles), or save less",
            )
        )
    if found:
        raise SpecError([Defect("", key, reason) for key, reason in found])
