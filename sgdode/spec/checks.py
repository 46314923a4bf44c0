"""Combinations of single valid values that make no experiment, each on the key to change."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeVar

from sgdode.errors import Defect, SpecError, UsageError
from sgdode.spec.schema import LARGEST_SAVED_Q, Spec

Found = tuple[tuple[str, ...], str]
Command = Literal["simulate", "integrate"]
Rest = ParamSpec("Rest")
Result = TypeVar("Result")

_KEYS_OF_KIND = {
    "scale": ("gaussian",),
    "epsilon": ("symmetric",),
    "q0": ("symmetric",),
    "spread": ("symmetric",),
    "Q": ("overlaps",),
    "M": ("overlaps",),
    "at": ("overlaps",),
    "file": ("overlaps", "weights"),
}


#: Numbers; what a simulation saves beyond that is on disk.
_SAVED_IN_MEMORY = 64e6
_FULL_Q = ("full", "gradient-flow", "gradient-flow-noise")


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


def _overlap(spec: Spec) -> Iterator[str]:
    import numpy as np

    from sgdode.model.overlaps import TOLERANCE

    P = np.array(spec.teacher.overlap)
    if P.shape != (spec.k, spec.k):
        yield f"got a {P.shape[0]}×{P.shape[1]} matrix; teacher.width is {spec.k}, so {spec.k}×{spec.k} is needed"
        return
    if not np.allclose(P, P.T, rtol=0, atol=1e-10 * abs(P).max()):
        yield "not symmetric; P_rs = w*_r·w*_s/d must equal P_sr"
        return
    values = np.linalg.eigvalsh((P + P.T) / 2)
    if values[0] < -TOLERANCE * abs(values).max() or values[-1] <= 0:
        yield f"not positive semidefinite: its smallest eigenvalue is {values[0]:.3g}, its largest {values[-1]:.3g}"
    elif int(np.sum(values > TOLERANCE * values[-1])) > spec.d:
        yield f"its rank is above dimension = {spec.d:g}"


def _initial(spec: Spec) -> Iterator[Found]:
    start = spec.initial
    for key in sorted(start.model_fields_set & set(_KEYS_OF_KIND)):
        if start.kind not in _KEYS_OF_KIND[key] and getattr(start, key) is not None:
            kinds = " or ".join(_KEYS_OF_KIND[key])
            yield ("initial", key), f"belongs to initial.kind {kinds}; the kind here is {start.kind}"
    if start.kind == "gaussian" and math.isinf(spec.d):
        yield (
            ("initial", "kind"),
            "gaussian at dimension inf gives M = 0, which the equations never leave; use in-teacher-span, "
            "symmetric or overlaps",
        )
    if start.kind in ("overlaps", "weights") and math.isinf(spec.p):
        yield ("initial", "kind"), f"{start.kind} needs a finite student.width; use gaussian or in-teacher-span"
    yield from _given(spec)


def _given(spec: Spec) -> Iterator[Found]:
    start = spec.initial
    given = start.Q is not None or start.M is not None
    if start.kind == "weights" and start.file is None:
        yield ("initial", "file"), "required by initial.kind weights: an npz file with arrays W (p,d) and W_star (k,d)"
    if start.kind == "overlaps":
        if given and start.file is not None:
            yield ("initial", "file"), "Q and M, or file: keep one of them"
        elif not given and start.file is None:
            yield ("initial", "kind"), "overlaps needs Q and M as matrices, or file: run.h5"
        elif start.file is None and math.isfinite(spec.p):
            for key, shape in (("Q", (spec.p, spec.p)), ("M", (spec.p, spec.k))):
                yield from _shape(getattr(start, key), key, shape)
    if start.file is not None and not (spec.folder / Path(start.file).expanduser()).is_file():
        yield ("initial", "file"), f"got {start.file!r}; no such file (paths are relative to the spec)"


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
    if spec.finite and math.isfinite(spec.gamma_over_p) and spec.step_size > 0:
        from sgdode.model.clock import clock

        steps = float(clock(spec).step(spec.time.stop))
        if not steps < 2**53:
            yield ("time", "stop"), f"got {spec.time.stop:g}; that is {steps:.3g} SGD steps, more than 2^53"


def _equations(spec: Spec) -> Iterator[Found]:
    name, key = spec.integrate.equations, ("integrate", "equations")
    if math.isinf(spec.p) and name not in ("auto", "mean-field", "mean-field-high-d"):
        yield key, f"got {name!r}; width inf needs mean-field or mean-field-high-d (or auto)"
    if math.isinf(spec.d) and name == "mean-field":
        yield key, "got 'mean-field'; dimension inf needs mean-field-high-d (or auto)"
    if spec.integrate.fluctuations and name not in ("auto", "full"):
        yield ("integrate", "fluctuations"), f"the theory of fluctuations is along `full`; the spec has {name}"
    if spec.integrate.noise_correction and (name in _FULL_Q or (name == "auto" and math.isfinite(spec.p))):
        reason = f"belongs to mean-field and mean-field-high-d (here: {name}); `full` and gradient-flow-noise hold it"
        yield ("integrate", "noise_correction"), reason
    if spec.integrate.particles is not None and math.isfinite(spec.p):
        yield ("integrate", "particles"), f"particles stand for student.width inf; here it is {spec.p:g}"
    if spec.integrate.fluctuations and not spec.finite:
        yield ("integrate", "fluctuations"), "needs a finite student.width and dimension: they vanish at inf"


CHECKS: list[Callable[[Spec], Iterator[Found]]] = [
    _times,
    _output_weights,
    _teacher,
    _initial,
    _learning_rate,
    _steps,
    _equations,
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
        for key, value in (("dimension", spec.d), ("student.width", spec.p)):
            if math.isinf(value):
                found.append((key, "inf is for integrate alone; a simulation needs a finite number"))
    if not found and (needed := memory(spec, command)) > (available := machine_memory()):
        parts = _memory(spec, command)
        found.append(
            (
                max(parts, key=lambda key: parts[key]),
                f"{command} needs {needed / 2**30:.3g} GiB of memory and this machine has {available / 2**30:.3g}; "
                "lower it, or another size (widths, dimension, batch_size, seeds, points, particles), or save less",
            )
        )
    if found:
        raise SpecError([Defect("", key, reason) for key, reason in found])


def saved_names(spec: Spec, times: int, seeds: int) -> tuple[str, ...]:
    """What ``save`` asks for: by default risk and M, and Q while its dataset stays below 256 MB."""
    if spec.save is not None:
        return spec.save
    small = spec.p**2 * times * seeds * 8 < LARGEST_SAVED_Q
    return ("risk", "M", "Q") if small else ("risk", "M")


def memory(spec: Spec, command: Command) -> float:
    """Bytes that a run holds at once, to within a small factor."""
    return sum(_memory(spec, command).values())


def _memory(spec: Spec, command: Command) -> dict[str, float]:
    """The bytes of a run by the key that they grow with."""
    wide = "student.width" if math.isfinite(spec.p) else "integrate.particles"
    p, k = (spec.p if math.isfinite(spec.p) else float(spec.integrate.particles or 2000)), float(spec.k)
    seeds = spec.simulate.seeds if command == "simulate" else 1
    names = saved_names(spec, spec.time.points + 1, seeds)
    numbers = {"risk": 1.0, "M": p * k, "Q": p * p, "q": p}
    saved = seeds * (spec.time.points + 1) * sum(numbers[name] for name in names)
    teacher = k * k + 8 * k * max(p, k)
    if command == "simulate":
        columns = spec.d if spec.simulate.method == "explicit" else min(spec.d, 3 * p + k)
        samples = min(columns, 3 * p + k) + 10 * (p + k) + 10
        saved = min(saved, _SAVED_IN_MEMORY)
        longest = "dimension" if spec.simulate.method == "explicit" else wide
        parts = {longest: 3 * p * columns + 4 * p * p, "batch_size": spec.batch_size * samples}
    else:
        size = p * (k + 1) if "mean-field" in spec.integrate.equations or math.isinf(spec.p) else p * (p + k)
        parts = {wide: 30 * size + 8 * p * p}
    return {key: 8 * number for key, number in {**parts, "teacher.width": teacher, "time.points": saved}.items()}


def machine_memory() -> float:
    """Bytes of physical memory of this machine."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return math.inf
