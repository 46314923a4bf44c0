"""The limiting equations of a problem, solved: a Trajectory on the same times and from the same start as SGD."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgdode.equations.asymmetry import smallest_asymmetry, tolerances, unresolved
from sgdode.equations.block_flow import scales
from sgdode.equations.fluctuations.asked import asked_fluctuations, refuse_fluctuations
from sgdode.equations.in_samples import Course, course_of, with_rows_at_breaks
from sgdode.equations.pieces import Polled
from sgdode.equations.reached import Reached
from sgdode.equations.solvers import Solution, solve
from sgdode.equations.stated_error import Solved, path_error, stated_risk_error
from sgdode.equations.system import Method, System
from sgdode.equations.systems import system
from sgdode.equations.validity import beyond_theory, plan, right_hand_side_seconds
from sgdode.errors import RunError, Stopped
from sgdode.model.block_starts import binning, by_block
from sgdode.model.clock import Grid, Saving, saved_grid, saved_names
from sgdode.model.extra_rows import with_averages
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start, start
from sgdode.model.state import repacked, repacked_blocks
from sgdode.parts import part
from sgdode.results.alignment import squared_inside
from sgdode.results.checkpoint import Keeper, is_small
from sgdode.results.trajectory import LARGEST_RISK_ERROR, About, Trajectory
from sgdode.signals import postpone, stop_if_asked

Progress = Callable[[float, float], None]
NOTHING = About({}, {})
#: A relative change of the risk on finer particles that is worth a warning.
_PARTICLES_CONVERGED = 1e-3
#: A risk that is round-off squared.
_NOTHING = 1e-28
#: Its own error is far below what that looks for, and it costs a third less than at the usual 1e-8.
_CHECK_RTOL = 1e-6
#: The solver begins anew after about this many seconds (by the stated cost of a right-hand side, so that it is the same
#: everywhere), and these numbers of right-hand sides; seconds of other systems per number of their state.
_RENEWAL_SECONDS, _FEWEST, _MOST, _SECONDS_A_NUMBER = 30.0, 500, 20_000, 1e-6
#: A solution that took longer is kept while its errors are found.
_WORTH_KEEPING = 1.0


@dataclass(frozen=True)
class Integration:
    """One integration: the problem, how it is solved, what is saved, and the times of that. ``smallest``: the smallest
    asymmetry of its start, None where that has no small one."""

    problem: Problem
    method: Method
    saving: Saving
    grid: Grid
    smallest: float | None = None

    def course(self, equations: System) -> Course:
        """What the solver of ``equations`` goes along."""
        return course_of(self.problem, self.grid, equations)


def integrate(
    problem: Problem,
    saving: Saving,
    method: Method,
    *,
    progress: Progress | None = None,
    keeper: Keeper | None = None,
    about: About = NOTHING,
    times: Grid | None = None,
) -> Trajectory:
    """Solve the equations of ``problem``.

    Returns a Trajectory with time (T,) in t = ν γ/(pd), risk (T,), M (T,p,k) and Q (T,p,p) or q (T,p). A state that
    grows without bound ends it with status "diverged". ``progress(done, total)`` counts saved times. With a ``keeper``
    the states reached are kept from time to time and when a signal stops the solver, and gone on from, as those of a
    shorter run. ``about``: what the result carries besides. ``times``: the saved times in place of those of ``saving``.
    Raises SpecError for a problem that cannot be integrated, RunError where the tolerance cannot be met.
    """
    choice = plan(problem, method.equations)
    beginning = start(problem) if math.isfinite(problem.p) else None
    smallest = None if beginning is None else smallest_asymmetry(beginning)
    grid = times or saved_grid(saving, problem.clock, problem.finite)
    run = Integration(problem, method, saving, grid, smallest)
    equations = _polled(system(problem, beginning, choice.equations, method))
    refuse_fluctuations(method, equations)
    result = _Result(run, equations, beginning, about)
    with part("solve"):
        solution, reached = _kept_solve(result, progress, keeper)
    with part("errors"):
        report = equations.report | _errors(run, equations, solution, result.P)
    warnings = [*equations.warnings, *beyond_theory(problem, choice.equations)]
    if beginning is None:
        with part("errors"):
            _check_particles(run, equations, solution, report, warnings)
        warnings = [*problem.cautions, *warnings]
    else:
        warnings = [*beginning.warnings, *unresolved(smallest), *warnings]
    if _tolerances(run, equations)[0] > method.rtol:
        warnings.append(
            f"the right-hand side is known to {equations.error:.1g}: solved at that tolerance, "
            f"not at the {method.rtol:.1g} asked for"
        )
    if (unknown := float(report.get("risk_error", 0.0))) > LARGEST_RISK_ERROR:
        warnings.append(f"the risk is known to {unknown:.2g} of itself alone: its Gaussian averages are too coarse")
    with part("fluctuations"):
        reached_times = run.grid.time[: len(solution.states)]
        spreads, notes, told = asked_fluctuations(problem, beginning, equations, reached_times, method)
    report |= {"equations_reason": choice.reason, **told}
    found = result.trajectory(solution, report, [*warnings, *notes], spreads)
    found.state = dict(result.ended(reached, found))
    return found


@dataclass(frozen=True)
class _Result:
    """What the solution of an integration is made a Trajectory with."""

    run: Integration
    equations: System
    start: Start | None
    about: About

    @property
    def P(self) -> Array:
        """P (k,k) of the teachers' fields."""
        return self.run.problem.teacher.P if self.start is None else self.start.overlaps.P

    def as_partial(self, earlier: Trajectory) -> Mapping[str, NDArray[np.generic]]:
        """The state of a finished, shorter run as that of a checkpoint; empty where curves are missing in it."""
        times, states, y0 = len(earlier.time), self._states(earlier), self.equations.y0
        if not np.array_equal(earlier.time, self.run.grid.time[:times]):
            return {}
        if states is None or states.shape[1] != len(y0):
            return {}
        if np.allclose(states[0], y0, rtol=0.0, atol=1e-12):  # a curve q has no −1e-17
            states[0] = y0
        if "states" not in earlier.state:
            states = with_rows_at_breaks(self.run.course(self.equations), states)
        return {**earlier.state, "states": states}

    @property
    def _blocks(self) -> bool:
        return self.start is not None and bool(self.start.blocks)

    def _states(self, earlier: Trajectory) -> Array | None:
        """The states (T,size) of a finished run: those that it keeps, or else those of its curves; None where neither
        tells them."""
        curves, trained = earlier.curves, self.run.problem.rule.trained
        if "states" in earlier.state:
            return np.array(earlier.state["states"], dtype=float)
        if trained and "output_weights" not in curves:
            return None
        if self._blocks:
            told = {"Q_block", "M_block"} <= curves.keys() and not self.equations.breaks
            return repacked_blocks(curves, scales(self.run.problem), trained) if told else None
        return repacked(curves, trained) if "M" in curves and {"Q", "q"} & curves.keys() else None

    def ended(self, reached: Reached, found: Trajectory) -> Mapping[str, NDArray[np.generic]]:
        """What a longer run goes on from, where that is small: with the states where the curves do not tell them."""
        untold = self._blocks and (self.equations.breaks or not {"Q_block", "M_block"} <= found.curves.keys())
        state = reached.state() if untold else reached.end()
        return state if found.status == "complete" and is_small(state, found.curves) else {}

    def trajectory(
        self, solution: Solution, report: dict[str, Any], warnings: list[str], spreads: dict[str, Array]
    ) -> Trajectory:
        """The curves of a solution, as far as they are finite."""
        grid, problem = self.run.grid, self.run.problem
        with np.errstate(all="ignore"):
            curves = self.equations.seen(grid.time[: len(solution.states)], solution.states) | spreads
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
            samples=None if grid.samples is None else grid.samples[:good],
            P=self.P,
            curves={name: curve[:good] for name, curve in _kept(self.run, curves, self.P).items()},
            particle_weight=self.equations.particle_weight,
            by_block={} if self.start is None else by_block(self.run.problem, self.start),
            status="complete" if diverged_at is None else "diverged",
            diverged_at=diverged_at,
            attributes=self.about.attributes | _solved(self.run, self.equations, solution) | binning(problem) | report,
            provenance=dict(self.about.provenance),
            warnings=warnings,
        )


def _kept_solve(result: _Result, progress: Progress | None, keeper: Keeper | None) -> tuple[Solution, Reached]:
    """Solve, from the states that ``keeper`` has, and with checkpoints of those reached."""
    grid, began = result.run.grid, time.monotonic()
    course = result.run.course(result.equations)
    times, saved = course.times, course.saved

    def read(state: Mapping[str, NDArray[np.generic]]) -> tuple[Reached, str] | None:
        found = Reached.of(state, result.equations.y0, times)
        return None if found is None else (found, f"{course.name} = {times[len(found.states) - 1]:.4g}")

    reached = (keeper and keeper.find(read, result.as_partial)) or Reached()

    def keep() -> None:
        if keeper is not None:
            states = np.array(reached.states)
            partial = result.trajectory(Solution(states[saved[: len(states)]]), {}, [], {})
            partial.state = reached.state()
            keeper.keep(partial)

    def at(t: float) -> None:
        if keeper is not None:
            postpone()
        stop_if_asked()
        if progress is not None:
            progress(float(np.searchsorted(times[saved], t)), float(len(grid.time) - 1))
        if keeper is not None and keeper.due():
            keep()

    try:
        solution = _solve(result.run, result.equations, at, reached)
    except Stopped:
        keep()
        raise
    if time.monotonic() - began > _WORTH_KEEPING and solution.diverged_at is None:
        keep()
    return solution, reached


def _polled(equations: System) -> System:
    """The same, stopped by a signal at any right-hand side."""
    return replace(equations, rhs=Polled(equations.rhs, stop_if_asked))


def _solve(
    run: Integration,
    equations: System,
    at: Callable[[float], None],
    reached: Reached | None = None,
    loosest: float = 0.0,
) -> Solution:
    rtol, atol = _tolerances(run, equations)
    solver, rtol, renewal = run.method.solver, max(rtol, loosest), _renewal(run, equations)
    course = run.course(equations)
    solution = solve(
        course.rhs, equations.y0, course.times, solver, rtol, atol, at, reached, renewal, course.hint, course.breaks
    )
    solution.states = solution.states[course.saved[: len(solution.states)]]
    if solution.diverged_at is not None and run.problem.clock.in_samples:
        solution.diverged_at = float(run.problem.clock.at_samples(solution.diverged_at))
    if solution.failed:
        why = solution.failed.replace("t =", f"{course.name} =")
        raise RunError(f"integrate: {why}; loosen integrate.rtol, or choose another integrate.solver")
    return solution


def _renewal(run: Integration, equations: System) -> float:
    """Right-hand sides after which the solver begins anew at a saved time."""
    full = equations.name == "full"
    seconds = right_hand_side_seconds(run.problem) if full else _SECONDS_A_NUMBER * max(len(equations.y0), 1)
    return min(max(round(_RENEWAL_SECONDS / seconds), _FEWEST), _MOST)


def _tolerances(run: Integration, equations: System) -> tuple[float, float]:
    """Those that are asked for and can be had, tighter where hidden units start nearly alike."""
    return tolerances(_rtol(run.method, equations), run.method.atol, run.smallest)


def _rtol(method: Method, equations: System) -> float:
    """The tolerance follows the error of the right-hand side."""
    return max(method.rtol, equations.error)


def _errors(run: Integration, equations: System, solution: Solution, P: Array) -> dict[str, float]:
    """The stated errors of the right-hand side and of the risk, relative to them."""
    states = solution.states[np.isfinite(solution.states).all(axis=1)]
    if len(states) == 0:
        return {}
    time = run.grid.time[: len(states)]
    error = path_error(equations, time, states)

    def solved(system: System) -> Array:
        return _solve(run, system, lambda _: stop_if_asked()).states

    risk_error = stated_risk_error(Solved(run.problem, P, time), equations, states, error, solved)
    return {"right_hand_side_error": error, "risk_error": risk_error}


def _check_particles(
    run: Integration, equations: System, solution: Solution, report: dict[str, Any], warnings: list[str]
) -> None:
    """Solve once more with more particles; the change of the risk is reported, and warned of where it is large."""
    from sgdode.equations.infinite_width import finer

    method = finer(run.problem, run.method, int(report["particles"]))
    check = system(run.problem, None, equations.name, method)
    finest = _solve(run, check, lambda _: None, loosest=_CHECK_RTOL)
    times = min(len(solution.states), len(finest.states))
    risk = equations.curves(solution.states[:times])["risk"]
    finer_risk = check.curves(finest.states[:times])["risk"]
    changes = np.abs(risk - finer_risk) / np.maximum(np.abs(finer_risk), _NOTHING)
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
    wanted = saved_names(run.saving.names, run.problem.p, len(run.grid.time), 1)
    names = set(with_averages(wanted, run.problem.rule))
    if "Q" in names and "Q" not in curves:
        names.add("q")
    if "q" in names and "q" not in curves:
        M, Q = curves["M"], curves["Q"]
        curves["q"] = np.maximum(np.einsum("tii->ti", Q) - squared_inside(M, P), 0.0)
    names |= {"output_weights", "task_risk"}
    quantity = {name: re.sub("_(std_valid|std|shift)$", "", name) for name in curves}
    return {name: curve for name, curve in curves.items() if quantity[name] in names}


def _solved(run: Integration, equations: System, solution: Solution) -> dict[str, Any]:
    """What the file tells of the solution."""
    rtol, atol = _tolerances(run, equations)
    return {
        "equations": equations.name,
        "solver": solution.method,
        "rtol": rtol,
        "atol": atol,
        "solver_steps": solution.steps,
        "right_hand_sides": solution.evaluations,
        "right_hand_side_error": equations.error,
    }
