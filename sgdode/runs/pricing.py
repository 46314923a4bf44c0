"""The cost of a run, told in a few seconds: measured where that ends in time, else reckoned from its operations."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, NoReturn, TypeVar

import numpy as np

from sgdode.equations.validity import full_seconds, plan
from sgdode.errors import Defect, SpecError
from sgdode.model.systems import SYSTEMS
from sgdode.runs.cost import Estimate, around, error_bars, estimate
from sgdode.runs.file_size import file_bytes, saved_times
from sgdode.runs.speeds import speeds
from sgdode.signals import at_the_end
from sgdode.spec.build import build
from sgdode.spec.checks import require
from sgdode.spec.memory import Command
from sgdode.spec.schema import Spec

Result = TypeVar("Result")
_PATIENCE = 1.5
#: Seconds of one multiplication in a matrix product, of one normal number, and of one pair of neurons in a mean: of
#: units with a closed form, and of others.
_PRODUCT, _NORMAL, _PAIR, _NUMERIC_PAIR = 2e-10, 5e-9, 3e-8, 1e-6
_RIGHT_HAND_SIDES = 3000
#: Leaps per unit of t at a tolerance of 1, in a unit of whose time overlaps change by themselves.
_LEAPS = 3.0
_PARTICLES = 1000.0


def priced(spec: Spec, command: Command, jobs: int) -> Estimate:
    """The cost of ``command``, and whether it was measured. Raises SpecError where it cannot run."""
    require(spec, command)
    found = in_time(lambda: _pilot(spec, command, jobs))
    if found is None or "not_kept" in found:
        rough = reckoned(spec, command, jobs)
        cold = {"compile": speeds().compiling(command)} if found else {}
        return replace(rough, parts={"start": rough.parts["start"], **cold, **rough.parts})
    return Estimate(**found)


def _pilot(spec: Spec, command: Command, jobs: int) -> dict[str, Any]:
    """The cost as measured, with nothing compiled for that."""
    from sgdode.jit.compiled import NotKeptError, nothing_compiled

    try:
        with nothing_compiled():
            return asdict(estimate(spec, command, jobs))
    except NotKeptError as error:
        return {"not_kept": str(error)}


def in_time(work: Callable[[], Result]) -> Result | None:
    """What ``work`` gives, as JSON holds it, where that ends in a few seconds; None where it does not, or fails.

    It is done by a process of its own, which can be ended at any moment. Raises the SpecError of ``work``.
    """
    ours, its = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(its, work)
    os.close(its)
    with at_the_end(lambda: _end(child)):
        answer = _read(ours, time.monotonic() + _PATIENCE)
        os.close(ours)
    if "defects" in answer:
        raise SpecError([Defect(*parts) for parts in answer["defects"]])
    found: Result | None = answer.get("found")
    return found


def _end(child: int) -> None:
    with contextlib.suppress(OSError):  # it has ended, or nobody may wait for it
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _answer(its: int, work: Callable[[], object]) -> NoReturn:
    """Do the work, say what it gave, and end this process, silently."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        try:
            answer: dict[str, object] = {"found": work()}
        except SpecError as error:
            answer = {"defects": [[defect.place, defect.key, defect.reason] for defect in error.defects]}
        with os.fdopen(its, "w") as file:
            json.dump(answer, file)
    finally:
        os._exit(0)


def _read(ours: int, end: float) -> dict[str, Any]:
    """An answer that is whole before ``end``; empty where there is none."""
    text = b""
    while select.select([ours], [], [], max(0.0, end - time.monotonic()))[0]:
        part = os.read(ours, 65536)
        if not part:
            answer: dict[str, Any] = json.loads(text) if text else {}
            return answer
        text += part
    return {}


def reckoned(spec: Spec, command: Command, jobs: int) -> Estimate:
    """The cost to an order of magnitude, with nothing computed that grows with the widths."""
    with np.errstate(all="ignore"):
        parts = _simulation(spec, jobs) if command == "simulate" else _integration(spec)
        size = file_bytes(spec, command)
        return Estimate(command, around(parts, size), size, measured=False)


def _simulation(spec: Spec, jobs: int) -> dict[str, float]:
    p, explicit = spec.p, spec.simulate.method == "explicit"
    rows = spec.d if explicit else min(spec.d, spec.k + 3 * p)
    grid = saved_times(spec)
    assert grid.step is not None
    steps = float(grid.step[-1])
    if spec.simulate.method == "leap":
        steps = min(steps, _LEAPS * spec.time.stop / spec.simulate.leap.tolerance) * (30 + 12 * p)
    seconds = (
        steps * spec.batch_size * (4 * (p + spec.k) * rows * _PRODUCT + (rows if explicit else min(rows, p)) * _NORMAL)
    )
    rounds = math.ceil(spec.simulate.seeds / max(1, min(jobs, spec.simulate.seeds)))
    return {"steps": rounds * (seconds + len(grid.time) * (p + spec.k) ** 2 * _PAIR)}


def _integration(spec: Spec) -> dict[str, float]:
    problem = build(spec)
    if SYSTEMS[plan(problem, spec.integrate.equations).equations].full_overlaps:
        bars = error_bars(spec)
        return {"solve": full_seconds(problem)} | ({"fluctuations": bars} if bars else {})
    p = spec.p if math.isfinite(spec.p) else float(spec.integrate.particles or _PARTICLES)
    closed = all(unit.degree is not None or unit.ramp is not None or unit.name == "erf" for unit in problem.activations)
    return {"solve": _RIGHT_HAND_SIDES * p * (p + spec.k) * (_PAIR if closed else _NUMERIC_PAIR)}
