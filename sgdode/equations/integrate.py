"""The limiting equations of a problem, solved: a Trajectory on the same times and from the same start as SGD."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sgdode.equations.infinite_width import finer
from sgdode.equations.solvers import Solution, solve
from sgdode.equations.system import Method, System
from sgdode.equations.systems import system
from sgdode.equations.validity import beyond_theory, plan
from sgdode.errors import Defect, RunError, SpecError, Stopped
from sgdode.model.clock import Grid, Saving, saved_grid, saved_names
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start, start
from sgdode.results.alignment import squared_inside
from sgdode.results.checkpoint import Keeper
from sgdode.results.trajectory import About, Trajectory
from sgdode.signals import undisturbed

Progress = Callable[[float, float], None]
NOTHING = About({}, {})
#: Of more overlaps than this the Jacobian along a path takes hours.
MOST_FLUCTUATING = 2000
#: A relative change of the risk on finer particles that is worth a warning.
_PARTICLES_CONVERGED = 1e-3
#: Its own error is far below what that looks for, and it costs a third less than at the usual 1e-8.
_CHECK_RTOL = 1e-6


@dataclass(frozen=True)
class Integration:
    """One integration: the problem, how it is solved, what is saved, and the times of that."""

    problem: Problem
    method: Method
    saving: Saving
    grid: Grid


def integrate(
    problem: Problem,
    saving: Saving,
    method: Method,
    *,
    progress: Progress | None = None,
    keeper: Keeper | None = None,
    about: About = NOTHING,
) -> Trajectory:
    """Solve the equations of ``problem``.

    Returns a Trajectory with time (T,) in t = ν γ/(pd), risk (T,), M (T,p,k) and Q (T,p,p) or q (T,p). A state that
    grows without bound ends it with status "diverged". ``progress(done, total)`` counts saved times. With a ``keeper``
    the states reached are kept from time to time and when a signal stops the solver, and gone on from. ``about``:
    what the result carries besides.
    Raises SpecError for a problem that cannot be integrated, RunError where the tolerance cannot be met.
    """
    run = Integration(problem, method, saving, saved_grid(saving, problem.clock, problem.finite))
    choice = plan(problem, method.equations)
    beginning = start(problem) if math.isfinite(problem.p) else None
    equations = system(problem, beginning, choice.equations, method)
    _refuse_fluctuations(method, equations)
    result = _Result(run, equations, problem.teacher.P if beginning is None else beginning.overlaps.P, about)
    solution = _kept_solve(result, progress, keeper)
    report, warnings = dict(equations.report), [*equations.warnings, *beyond_theory(problem, choice.equations)]
    if beginning is None:
        _check_particles(run, equations, solution, report, warnings)
    else:
        warnings = [*beginning.warnings, *warnings]
    if equations.error > method.rtol:
        warnings.append(
            f"the right-hand side is known to {equations.error:.1g}: solved at that tolerance, "
            f"not at the {method.rtol:.1g} asked for"
        )
    spreads, notes = _fluctuations(run, beginning, equations, run.grid.time[: len(solution.states)])
    return result.trajectory(solution, report | {"equations_reason": choice.reason}, [*warnings, *notes], spreads)


@dataclass(frozen=True)
class _Result:
    """What the solution of an integration is made a Trajectory with."""

    run: Integration
    equations: System
    P: Array
    about: About

    def trajectory(
        self, solution: Solution, report: dict[str, Any], warnings: list[str], spreads: dict[str, Array]
    ) -> Trajectory:
        """The curves of a solution, as far as they are finite."""
        grid = self.run.grid
        with np.errstate(all="ignore"):
            curves = self.equations.curves(solution.states) | spreads
        good = _finite_times(curves, len(solution.states))
        diverged_at = solution.diverged_at
        if diverged_at is None and good < len(solution.states):
            diverged_at = float(grid.time[good])
        if diverged_at is not None:
            warnings = [*warnings, f"diverged: the overlaps grew without bound at t = {diverged_at:.6g}"]
        return Trajectory(
            kind="integration",
            time=grid.time[:good],
            step=None if grid.step is None else grid.step[:good],
            P=self.P,
            curves={name: curve[:good] for name, curve in _kept(self.run, curves, self.P).items()},
            particle_weight=self.equations.particle_weight,
            status="complete" if diverged_at is None else "diverged",
            diverged_at=diverged_at,
            attributes=self.about.attributes | _solved(self.run.method, self.equations, solution) | report,
            provenance=dict(self.about.provenance),
            warnings=warnings,
        )


def _kept_solve(result: _Result, progress: Progress | None, keeper: Keeper | None) -> Solution:
    """Solve, from the states that ``keeper`` has, and with checkpoints of those reached."""
    grid = result.run.grid
    states = [] if keeper is None or keeper.resumed is None else list(keeper.resumed.state["states"])

    def keep() -> None:
        if keeper is not None and states:
            partial = result.trajectory(Solution(np.array(states)), {}, [], {})
            partial.state = {"states": np.array(states)}
            keeper.keep(partial)

    def at(time: float) -> None:
        if progress is not None:
            progress(float(np.searchsorted(grid.time, time)), float(len(grid.time) - 1))
        if keeper is not None and keeper.due():
            keep()

    try:
        return _solve(result.run, result.equations, at, states)
    except (Stopped, KeyboardInterrupt):
        with undisturbed():
            keep()
        raise


def _solve(
    run: Integration,
    equations: System,
    at: Callable[[float], None],
    states: list[Array] | None = None,
    loosest: float = 0.0,
) -> Solution:
    method, rtol = run.method, max(_rtol(run.method, equations), loosest)
    solution = solve(equations.rhs, equations.y0, run.grid.time, method.solver, rtol, method.atol, at, states)
    if solution.failed:
        raise RunError(f"integrate: {solution.failed}; loosen integrate.rtol, or choose another integrate.solver")
    return solution


def _refuse_fluctuations(method: Method, equations: System) -> None:
    """Before anything is solved, what would be refused after it."""
    if not method.fluctuations:
        return
    if equations.name != "full":
        reason = f"only along equations: full; auto takes {equations.name} here: set integrate.equations: full"
        raise SpecError([Defect("", "integrate.fluctuations", reason)])
    if len(equations.y0) > MOST_FLUCTUATING:
        reason = f"fluctuations of {len(equations.y0)} overlaps are out of reach (up to {MOST_FLUCTUATING}); lower it"
        raise SpecError([Defect("", "student.width", f"{reason}, or set integrate.fluctuations: false")])


def _fluctuations(
    run: Integration, beginning: Start | None, equations: System, times: Array
) -> tuple[dict[str, Array], list[str]]:
    """The predicted standard deviations over runs, where they are asked for, and their warnings."""
    if not run.method.fluctuations or beginning is None or len(times) < 2:
        return {}, []
    from sgdode.equations.fluctuations.linear_noise import fluctuations

    found = fluctuations(run.problem, beginning, equations, times, run.method.atol)
    return found.curves, found.warnings


def _rtol(method: Method, equations: System) -> float:
    """The tolerance follows the error of the right-hand side."""
    return max(method.rtol, equations.error)


def _check_particles(
    run: Integration, equations: System, solution: Solution, report: dict[str, Any], warnings: list[str]
) -> None:
    """Solve once more with more particles; the change of the risk is reported, and warned of where it is large."""
    method = finer(run.problem, run.method, int(report["particles"]))
    check = system(run.problem, None, equations.name, method)
    finest = _solve(run, check, lambda _: None, loosest=_CHECK_RTOL)
    times = min(len(solution.states), len(finest.states))
    risk = equations.curves(solution.states[:times])["risk"]
    finer_risk = check.curves(finest.states[:times])["risk"]
    changes = np.abs(risk - finer_risk) / np.maximum(np.abs(finer_risk), 1e-300)
    change = float(np.max(changes))
    report |= {"particle_error": change, "particle_error_against": int(check.report["particles"])}
    if change > _PARTICLES_CONVERGED:
        worst = run.grid.time[int(np.argmax(changes))]
        warnings.append(
            f"particles not converged: the risk changes by up to {change:.1%} (at t = {worst:.3g}) from "
            f"{report['particles']} to {report['particle_error_against']} particles; raise integrate.particles"
        )


def _finite_times(curves: dict[str, Array], times: int) -> int:
    """The number of leading times at which every curve is finite."""
    good = np.ones(times, dtype=bool)
    for curve in curves.values():
        good &= np.isfinite(curve.reshape(times, -1)).all(axis=1)
    return times if good.all() else int(np.argmin(good))


def _kept(run: Integration, curves: dict[str, Array], P: Array) -> dict[str, Array]:
    """The curves that are to be saved; the mean-field systems have q where the others have Q."""
    names = set(saved_names(run.saving.names, run.problem.p, len(run.grid.time), 1))
    if "Q" in names and "Q" not in curves:
        names.add("q")
    if "q" in names and "q" not in curves:
        M, Q = curves["M"], curves["Q"]
        curves["q"] = np.maximum(np.einsum("tii->ti", Q) - squared_inside(M, P), 0.0)
    names.add("output_weights")
    return {name: curve for name, curve in curves.items() if name.removesuffix("_std").removesuffix("_shift") in names}


def _solved(method: Method, equations: System, solution: Solution) -> dict[str, Any]:
    """What the file tells of the solution."""
    return {
        "equations": equations.name,
        "solver": solution.method,
        "rtol": _rtol(method, equations),
        "atol": method.atol,
        "solver_steps": solution.steps,
        "right_hand_sides": solution.evaluations,
        "right_hand_side_error": equations.error,
    }
