"""``exit_times`` as users call it: how long SGD stays on a plateau, predicted and simulated."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sgdode.analysis.kaplan_meier import Passages
from sgdode.equations.exits.law import ExitLaw
from sgdode.equations.exits.observable import Observable, first_passage, specialisation
from sgdode.equations.exits.plateau import Passed, exit_law, plateau_of
from sgdode.equations.fixed_points.flow import Flow, flow
from sgdode.errors import Defect, RunError, SpecError, UsageError
from sgdode.machine import processors
from sgdode.model.clock import Saving
from sgdode.model.problem import Problem
from sgdode.model.start_laws import start
from sgdode.reporting import Progress
from sgdode.runs.engines import sampling
from sgdode.spec.build import build
from sgdode.spec.checks import located, require
from sgdode.spec.schema import Spec

#: Without a level: this share of the plateau's risk.
_SHARE = 0.5
#: Times, evenly up to time.stop, between which a passage is interpolated.
_POINTS = 800
#: A share of runs that time.stop cuts off, from which on it is told of.
_CUT = 0.01
_SHARES = {"q10": 0.1, "q50": 0.5, "q90": 0.9}


@dataclass(frozen=True)
class ExitTimes:
    """The time t at which runs pass the level of ``observable``: ``law``, as predicted, and ``simulated`` (None: no
    runs). ``plateau``: the point that they leave, and how the start lies to it. ``samples_per_time``: samples per
    dimension in a unit of t."""

    spec: Spec = field(repr=False)
    observable: Observable
    plateau: Passed = field(repr=False)
    law: ExitLaw = field(repr=False)
    simulated: Passages | None
    samples_per_time: float

    @property
    def growth_per_decade(self) -> float:
        """By how much t grows where d grows tenfold: log 10/(2r), because the noise is ∝ d^(−1/2)."""
        return math.log(10.0) / (2.0 * self.plateau.left.rate)

    @property
    def agreement(self) -> float | None:
        """The p-value of the Kolmogorov–Smirnov test of the runs against the law; None where some are censored."""
        if self.simulated is None or self.simulated.censored or self.law.never:
            return None
        from scipy.stats import kstest

        return float(kstest(self.simulated.times, lambda t: 1.0 - self.law.survival(t)).pvalue)

    def summary(self) -> dict[str, Any]:
        """As JSON takes it: mean, std and quantiles of t, predicted and simulated (null: none, or beyond the end)."""
        left, law = self.plateau.left, self.law
        predicted = {"mean": law.mean, "std": law.std} | {
            name: _finite(law.quantile(share)) for name, share in _SHARES.items()
        }
        return {
            "observable": self.observable.name,
            "level": self.observable.level,
            "plateau": self.plateau.point.name,
            "plateau_risk": self.plateau.point.risk,
            "escape_rate": left.rate,
            "directions": left.right.shape[1],
            "noise": np.sqrt(np.diag(left.covariance)).tolist(),
            "law": law.kind,
            "growth_per_decade": self.growth_per_decade,
            "predicted": predicted | {"never": law.never},
            "simulated": None if self.simulated is None else _summary(self.simulated),
            "ks_p": self.agreement,
        }

    def save(self, path: str | Path) -> Path:
        """Write an HDF5 file of both distributions. Raises FileError."""
        from sgdode.runs.exit_file import write_exit

        return write_exit(self, Path(path))


@located
def exit_times(
    spec: Spec,
    *,
    below: float | None = None,
    specialisation: float | None = None,
    runs: int | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> ExitTimes:
    """The distribution of the time t at which SGD leaves the plateau that the start of ``spec`` lies on, or passes.

    It is left when the risk falls ``below`` a level, or the specialisation rises above one; by default when half of the
    plateau's risk is left. Predicted by linear noise along the unstable directions of the plateau and the orbits of
    ``full`` after it, and simulated with ``runs`` seeds (None: ``simulate.seeds``; 0: none) up to ``time.stop``, where
    runs that have not passed are censored. Raises SpecError for a spec without such a prediction, UsageError for a
    level that is not passed on leaving, RunError where there is no plateau.
    """
    require(spec, "integrate")
    problem = build(spec)
    _refuse(problem, runs)
    flowing = flow(problem, start(problem), "full")
    passed = plateau_of(flowing, spec.time.stop)
    asked = _observable(passed, below, specialisation)
    law = exit_law(flowing, passed, asked)
    if law.never == 1.0:
        told = f"is not passed on leaving the {passed.point.name} point, of risk {passed.point.risk:.6g}"
        raise UsageError(f"{_option(asked)}: {told}: give a level nearer to it")
    seeds = spec.simulate.seeds if runs is None else runs
    measured = None if not seeds else _simulated(spec, problem, flowing, asked, seeds, jobs or processors(), progress)
    scale = problem.rule.batch / (problem.step_size * problem.d)
    return ExitTimes(spec, asked, passed, law, measured, scale)


def _refuse(problem: Problem, runs: int | None) -> None:
    if not math.isfinite(problem.p):
        raise SpecError([Defect("", "student.width", "got inf; exit times are of a finite width")])
    if not math.isfinite(problem.d):
        reason = "got inf: without noise a plateau is never left; t grows by log d/(2r), give a finite dimension"
        raise SpecError([Defect("", "dimension", reason)])
    if runs is not None and runs < 0:
        raise UsageError(f"--runs: got {runs}; must be 0 or more")


def _observable(passed: Passed, below: float | None, specialised: float | None) -> Observable:
    """What is asked for. Raises UsageError for a level that the plateau has passed already."""
    if below is not None and specialised is not None:
        raise UsageError("--below and --specialisation: give one of them")
    point = passed.point
    if specialised is not None:
        if not 0.0 < specialised < 1.0:
            raise UsageError(f"--specialisation: got {specialised:g}; must be between 0 and 1")
        return Observable("specialisation", specialised)
    level = _SHARE * point.risk if below is None else below
    if not 0.0 < level < point.risk:
        told = f"must be above 0 and below the risk of the plateau, {point.risk:.6g} ({point.name})"
        raise UsageError(f"--below: got {level:g}; {told}")
    return Observable("risk", level)


def _option(asked: Observable) -> str:
    return f"--{'below' if asked.name == 'risk' else asked.name} {asked.level:g}"


def _simulated(
    spec: Spec, problem: Problem, flowing: Flow, asked: Observable, seeds: int, jobs: int, progress: Progress | None
) -> Passages:
    """First passages of ``seeds`` runs of SGD."""
    from sgdode.simulation.simulate import simulate

    require(spec, "simulate")
    stop = spec.time.stop
    names = ("risk",) if asked.name == "risk" else ("Q", "M")
    saving = Saving(stop / _POINTS, stop, _POINTS, False, names)
    run = simulate(problem, saving, replace(sampling(spec), seeds=seeds), jobs=jobs, progress=progress)
    if run.status == "diverged":
        raise RunError(f"exit: a run diverged at t = {run.diverged_at:.4g}: lower learning_rate.gamma")
    values = run.risk if asked.name == "risk" else specialisation(run.Q, run.M, flowing.start.overlaps.P)
    return Passages(first_passage(run.time, asked.margin(values)), float(run.time[-1]))


def _summary(measured: Passages) -> dict[str, Any]:
    mean, std = measured.mean, measured.std
    found: dict[str, Any] = {
        "runs": measured.runs,
        "censored": measured.censored,
        "stop": measured.stop,
        "mean": None if mean is None else mean.value,
        "mean_interval": None if mean is None else [mean.low, mean.high],
        "std": None if std is None else std.value,
        "std_interval": None if std is None else [std.low, std.high],
        "restricted_mean": measured.restricted_mean,
    }
    for name, share in _SHARES.items():
        value, low, high = measured.quantile(share).summary()
        found |= {name: value, f"{name}_interval": [low, high]}
    return found


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def cut_off(found: ExitTimes) -> str | None:
    """A sentence where time.stop cuts off more than a percent of the runs that are predicted."""
    stop = found.spec.time.stop
    late = float(found.law.survival(np.array([stop]))[0])
    if late <= _CUT:
        return None
    least = found.law.quantile(1.0 - _CUT)
    advice = f"; time.stop = {least:.3g} keeps 99 % of them" if math.isfinite(least) else ""
    return f"time.stop = {stop:g} comes before {100 * late:.3g} % of runs are predicted to pass{advice}"
