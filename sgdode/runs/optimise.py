"""``optimise`` as users call it: the best schedule of the learning rate for the risk at the end of a run."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sgdode.equations.optimal.controlled import Controlled
from sgdode.equations.optimal.search import (
    Best,
    RateBounds,
    best_constant,
    best_hold_power,
    best_table,
    node_samples,
)
from sgdode.equations.validity import plan
from sgdode.errors import Defect, RunError, SpecError, UsageError
from sgdode.model.learning import told_rule
from sgdode.model.start_laws import start
from sgdode.results.atomic import aside
from sgdode.runs.engines import Progress, integrate, method, simulate
from sgdode.signals import stop_if_asked
from sgdode.spec.build import build, clock
from sgdode.spec.checks import located, require
from sgdode.spec.schema import Spec
from sgdode.spec.spectrum import followed_by_block

#: Where the rate may lie by default, relative to that of the spec.
LOWEST, HIGHEST = 1e-3, 30.0
_FEWEST_NODES, _MOST_NODES = 3, 200
#: Gradients that a search takes, for the bar.
_EXPECTED = 250.0


@dataclass(frozen=True)
class Simulated:
    """The excess risk at the end of every run (S,)."""

    risks: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Its mean over runs."""
        return float(np.mean(self.risks))

    @property
    def standard_error(self) -> float:
        """That of the mean."""
        return float(np.std(self.risks, ddof=1) / math.sqrt(len(self.risks)))


@dataclass(frozen=True)
class Candidate:
    """The best of a family: its ``spec``, which runs, the excess ``risk`` of the equations at its end, every start of
    the search with where it led to, and runs of SGD where they were asked for."""

    name: str
    spec: Spec = field(repr=False)
    risk: float
    starts: tuple[tuple[str, float], ...]
    simulated: Simulated | None = None

    def above(self, other: Candidate) -> tuple[float, float]:
        """The mean by which its simulated risk is above that of another, and how many standard errors this is: run by
        run, for both draw the same random numbers."""
        if self.simulated is None or other.simulated is None:
            raise UsageError("nothing was simulated; give verify")
        difference = np.array(self.simulated.risks) - np.array(other.simulated.risks)
        error = float(np.std(difference, ddof=1)) / math.sqrt(len(difference))
        return float(difference.mean()), float(difference.mean()) / max(error, 1e-300)

    def summary(self) -> dict[str, Any]:
        """As JSON takes it."""
        rate = self.spec.learning_rate
        found: dict[str, Any] = {
            "name": self.name,
            "gamma": rate.gamma,
            "schedule": "constant" if rate.schedule is None else rate.schedule.given,
            "risk": self.risk,
            "starts": [{"start": label, "risk": risk} for label, risk in self.starts],
        }
        if self.simulated is not None:
            found["simulated"] = {
                "mean": self.simulated.mean,
                "standard_error": self.simulated.standard_error,
                "runs": len(self.simulated.risks),
            }
        return found


@dataclass(frozen=True)
class Optimum:
    """The best constant, the best hold-power and the best table of ``samples`` per dimension, in this order.

    ``gradient_error``: what the gradients were off by, relative, 0 where ∂F/∂y is in closed form; ``seconds``: of the
    search.
    """

    candidates: tuple[Candidate, ...]
    samples: float
    gradient_error: float
    seconds: float

    @property
    def best(self) -> Candidate:
        """The table."""
        return self.candidates[-1]

    @property
    def spec(self) -> Spec:
        """That of the best."""
        return self.best.spec

    def summaries(self) -> list[dict[str, Any]]:
        """As JSON takes them: one object a candidate, then one of the search."""
        told = [one.summary() for one in self.candidates]
        if self.best.simulated is not None:
            for one, found in zip(self.candidates[:-1], told[:-1], strict=True):
                found["above_optimum"], found["z"] = one.above(self.best)
        keys = ("samples", "gradient_error", "seconds")
        return [*told, {key: getattr(self, key) for key in keys}]

    def write(self, path: str | Path, force: bool = False) -> Path:
        """The spec of the best as YAML. Raises UsageError where a file is there, unless ``force``."""
        path = Path(path)
        if path.exists() and not force:
            raise UsageError(f"{path}: is there already; --force replaces it, or name another with -o")
        text = _beside(self.spec, path.parent).as_yaml()
        with aside(path) as part:
            part.write_text(text, encoding="utf-8")
        return path


@located
def optimise(
    spec: Spec,
    *,
    nodes: int = 20,
    low: float | None = None,
    high: float | None = None,
    verify: int = 0,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Optimum:
    """The schedule that lowers the excess risk at the end of the equations `full` of ``spec`` most, next to the best
    constant and the best {hold, power}.

    The rate is a table of ``nodes`` numbers over samples per dimension, 0 and then geometric up to ``time.stop``, each
    between ``low`` and ``high`` (of learning_rate.gamma; by default from 1/1000 to 30 times that of the spec), found by
    L-BFGS-B from three starts, with the gradient of the discrete adjoint. ``verify``: simulate all three with so many
    seeds. ``progress(done, total)`` counts gradients. Raises SpecError for a spec that has no such problem, and
    RunError where no rate within the bounds learns.
    """
    require(spec, "integrate")
    _refuse(spec)
    if not _FEWEST_NODES <= nodes <= _MOST_NODES:
        raise UsageError(f"nodes: got {nodes}; must be {_FEWEST_NODES} to {_MOST_NODES}")
    began, gamma = time.perf_counter(), spec.learning_rate.gamma
    bounds = _bounds(gamma, low, high)
    problem = build(spec)
    controlled = Controlled(problem, start(problem), method(spec))
    samples = _samples(spec)
    places, count = node_samples(samples, nodes), _Gradients(progress)
    constant = best_constant(controlled, places, bounds, count)
    if not constant.risk < math.inf or constant.risk > 1e10:
        raise RunError("optimise: no constant rate between the bounds keeps the overlaps finite; lower them")
    hold = best_hold_power(controlled, places, constant, bounds, count)
    table = best_table(controlled, places, constant, hold, bounds, count)
    seconds = time.perf_counter() - began
    found = [_candidate(spec, best, samples) for best in (constant, hold, table)]
    if verify:
        found = [_verified(one, verify, jobs) for one in found]
    return Optimum(tuple(found), samples, controlled.gradient_error, seconds)


class _Gradients:
    """Called at every gradient."""

    def __init__(self, progress: Progress | None):
        self.progress, self.calls = progress, 0.0

    def __call__(self) -> None:
        stop_if_asked()
        self.calls += 1
        if self.progress is not None:
            self.progress(self.calls, max(_EXPECTED, self.calls + 1))


def _refuse(spec: Spec) -> None:
    found, rule = [], build(spec).rule
    if not rule.linear or rule.rows:
        reason = f"schedules are optimised for rules in closed form that keep W alone; here: {told_rule(rule)}"
        found.append(("algorithm", f"{reason}: leave it out"))
    if spec.learning_rate.schedule is not None:
        found.append(("learning_rate.schedule", "a schedule is what is looked for; set it to constant"))
    if not math.isfinite(spec.p):
        found.append(("student.width", "got inf; schedules are optimised along `full`, at a finite width"))
    elif followed_by_block(spec):
        found.append(("inputs", "schedules are optimised for isotropic inputs and teachers that do not change"))
    elif (name := plan(build(spec), spec.integrate.equations).equations) != "full":
        reason = f"schedules are optimised along `full`; here it is {name}: set integrate.equations: full"
        found.append(("integrate.equations", reason))
    if found:
        raise SpecError([Defect("", key, reason) for key, reason in found])


def _bounds(gamma: float, low: float | None, high: float | None) -> RateBounds:
    least, most = low or LOWEST * gamma, high or HIGHEST * gamma
    if not 0 < least < most < math.inf:
        raise UsageError(f"low, high: got {least:g} and {most:g}; rates must be above 0, and low below high")
    return RateBounds(least / gamma, most / gamma)


def _samples(spec: Spec) -> float:
    """Samples per dimension at the end of a run."""
    stop = spec.time.stop
    return stop if spec.time.unit == "samples" else float(clock(spec).samples_at(stop))


def _candidate(spec: Spec, best: Best, samples: float) -> Candidate:
    """With the risk that the tight solver gives."""
    rates = best.family.settings(best.x, spec.learning_rate.gamma)
    changes = {f"learning_rate.{key}": value for key, value in rates.items()}
    changes |= {"time.unit": "samples", "time.stop": samples, "name": f"{spec.name}-{best.family.name}"}
    if spec.time.unit == "t" and spec.time.start is not None:
        changes["time.start"] = float(clock(spec).samples_at(spec.time.start))
    own = spec.replace(changes)
    end = {"time.points": 1, "time.start": None, "save": ["risk"], "integrate.fluctuations": False}
    solved = integrate(own.replace({**end, "integrate.equations": "full"}), progress=False)
    if solved.status != "complete":
        raise RunError(f"optimise: the equations diverge with the {best.family.name} that was found; lower --high")
    return Candidate(best.family.name, own, float(solved.risk[-1]), best.starts)


def _verified(one: Candidate, seeds: int, jobs: int | None) -> Candidate:
    spec = one.spec.replace({"simulate.seeds": seeds, "time.points": 1, "time.start": None, "save": ["risk"]})
    runs = simulate(spec, jobs=jobs, progress=False)
    if runs.status != "complete":
        raise RunError(f"optimise: runs of the {one.name} diverge: {'; '.join(runs.warnings)}")
    risks = tuple(runs.risk[:, -1].tolist())
    return Candidate(one.name, one.spec, one.risk, one.starts, Simulated(risks))


def _beside(spec: Spec, folder: Path) -> Spec:
    """The spec with paths that are relative to ``folder``."""
    if spec.initial.file is None or Path(spec.initial.file).is_absolute():
        return spec
    return spec.replace({"initial.file": os.path.relpath(spec.folder / spec.initial.file, folder)})
