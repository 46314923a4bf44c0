"""The limiting equations of a spec, solved: a Trajectory on the same times and from the same start as SGD."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from sgdode.equations.full import System
from sgdode.equations.infinite_width import finer
from sgdode.equations.solvers import Solution, solve
from sgdode.equations.systems import system
from sgdode.equations.validity import beyond_theory, plan
from sgdode.errors import Defect, RunError, SpecError, Stopped
from sgdode.model.clock import Grid, saved_grid
from sgdode.model.starts import Start, start, teacher_overlap
from sgdode.results.checkpoint import Keeper, undisturbed
from sgdode.results.trajectory import Array, Trajectory
from sgdode.spec.checks import located, require, saved_names
from sgdode.spec.provenance import attributes, provenance
from sgdode.spec.schema import Spec

Progress = Callable[[float, float], None]
#: Of more overlaps than this the Jacobian along a path takes hours.
MOST_FLUCTUATING = 2000
#: A relative change of the risk on finer particles that is worth a warning.
_PARTICLES_CONVERGED = 1e-3
#: Its own error is far below what that looks for, and it costs a third less than at the usual 1e-8.
_CHECK_RTOL = 1e-6


@located
def integrate(spec: Spec, *, progress: Progress | None = None, keeper: Keeper | None = None) -> Trajectory:
    """Solve the equations of ``spec``.

    Returns a Trajectory with time (T,) in t = ν γ/(pd), risk (T,), M (T,p,k) and Q (T,p,p) or q (T,p). A state that
    grows without bound ends it with status "diverged". ``progress(done, total)`` counts saved times. With a ``keeper``
    the states reached are kept from time to time and when a signal stops the solver, and gone on from.
    Raises SpecError for a spec that cannot be integrated, RunError where the tolerance cannot be met.
    """
    require(spec, "integrate")
    grid, choice = saved_grid(spec), plan(spec)
    beginning = start(spec) if math.isfinite(spec.p) else None
    problem = system(spec, beginning, choice.equations)
    _refuse_fluctuations(spec, problem)
    P = teacher_overlap(spec) if beginning is None else beginning.overlaps.P
    solution = _kept_solve(spec, problem, grid, P, progress, keeper)
    report, warnings = dict(problem.report), [*problem.warnings, *beyond_theory(spec, choice.equations)]
    if beginning is None:
        _check_particles(spec, problem, solution, grid, report, warnings)
    else:
        warnings = [*beginning.warnings, *warnings]
    if problem.error > spec.integrate.rtol:
        warnings.append(
            f"the right-hand side is known to {problem.error:.1g}: solved at that tolerance, "
            f"not at the {spec.integrate.rtol:.1g} asked for"
        )
    spreads, notes = _fluctuations(spec, beginning, problem, grid.time[: len(solution.states)])
    warnings += notes
    found = _attributes(spec, problem, solution) | report | {"equations_reason": choice.reason}
    return _trajectory(spec, problem, solution, grid, P, found, warnings, spreads)


def _kept_solve(
    spec: Spec, problem: System, grid: Grid, P: Array, progress: Progress | None, keeper: Keeper | None
) -> Solution:
    """Solve, from the states that ``keeper`` has, and with checkpoints of those reached."""
    states = [] if keeper is None or keeper.resumed is None else list(keeper.resumed.state["states"])

    def keep() -> None:
        if keeper is not None and states:
            reached = Solution(np.array(states))
            partial = _trajectory(spec, problem, reached, grid, P, _attributes(spec, problem, reached), [], {})
            partial.state = {"states": reached.states}
            keeper.keep(partial)

    def at(time: float) -> None:
        if progress is not None:
            progress(float(np.searchsorted(grid.time, time)), float(len(grid.time) - 1))
        if keeper is not None and keeper.due():
            keep()

    try:
        return _solve(spec, problem, grid, at, states)
    except (Stopped, KeyboardInterrupt):
        with undisturbed():
            keep()
        raise


def _solve(
    spec: Spec,
    problem: System,
    grid: Grid,
    at: Callable[[float], None],
    states: list[Array] | None = None,
    loosest: float = 0.0,
) -> Solution:
    chosen, rtol = spec.integrate, max(_rtol(spec, problem), loosest)
    solution = solve(problem.rhs, problem.y0, grid.time, chosen.solver, rtol, chosen.atol, at, states)
    if solution.failed:
        raise RunError(f"integrate: {solution.failed}; loosen integrate.rtol, or choose another integrate.solver")
    return solution


def _refuse_fluctuations(spec: Spec, problem: System) -> None:
    """Before anything is solved, what would be refused after it."""
    if not spec.integrate.fluctuations:
        return
    if problem.name != "full":
        reason = f"only along equations: full; auto takes {problem.name} here: set integrate.equations: full"
        raise SpecError([Defect("", "integrate.fluctuations", reason)])
    if len(problem.y0) > MOST_FLUCTUATING:
        reason = f"fluctuations of {len(problem.y0)} overlaps are out of reach (up to {MOST_FLUCTUATING}); lower it"
        raise SpecError([Defect("", "student.width", f"{reason}, or set integrate.fluctuations: false")])


def _fluctuations(
    spec: Spec, beginning: Start | None, problem: System, times: Array
) -> tuple[dict[str, Array], list[str]]:
    """The predicted standard deviations over runs, where the spec asks for them, and their warnings."""
    if not spec.integrate.fluctuations or beginning is None or len(times) < 2:
        return {}, []
    from sgdode.equations.fluctuations.linear_noise import fluctuations

    found = fluctuations(spec, beginning, problem, times)
    return found.curves, found.warnings


def _rtol(spec: Spec, problem: System) -> float:
    """The tolerance follows the error of the right-hand side."""
    return max(spec.integrate.rtol, problem.error)


def _check_particles(
    spec: Spec, problem: System, solution: Solution, grid: Grid, report: dict[str, Any], warnings: list[str]
) -> None:
    """Solve once more with more particles; the change of the risk is reported, and warned of where it is large."""
    count = finer(spec, int(report["particles"]))
    check = system(spec, None, problem.name, count)
    finest = _solve(spec, check, grid, lambda _: None, loosest=_CHECK_RTOL)
    times = min(len(solution.states), len(finest.states))
    risk, finer_risk = (part.curves(states[:times])["risk"] for part, states in
                        ((problem, solution.states), (check, finest.states)))  # fmt: skip
    change = float(np.max(np.abs(risk - finer_risk) / np.maximum(np.abs(finer_risk), 1e-300)))
    report |= {"particle_error": change, "particle_error_against": int(check.report["particles"])}
    if change > _PARTICLES_CONVERGED:
        worst = grid.time[int(np.argmax(np.abs(risk - finer_risk) / np.maximum(np.abs(finer_risk), 1e-300)))]
        warnings.append(
            f"particles not converged: the risk changes by up to {change:.1%} (at t = {worst:.3g}) from "
            f"{report['particles']} to {report['particle_error_against']} particles; raise integrate.particles"
        )


def _trajectory(
    spec: Spec,
    problem: System,
    solution: Solution,
    grid: Grid,
    P: Array,
    found: dict[str, Any],
    warnings: list[str],
    spreads: dict[str, Array],
) -> Trajectory:
    with np.errstate(all="ignore"):
        curves = problem.curves(solution.states) | spreads
    good = _finite(curves, len(solution.states))
    diverged_at = solution.diverged_at
    if diverged_at is None and good < len(solution.states):
        diverged_at = float(grid.time[good])
    if diverged_at is not None:
        warnings = [*warnings, f"diverged: the overlaps grew without bound at t = {diverged_at:.6g}"]
    return Trajectory(
        kind="integration",
        time=grid.time[:good],
        step=None if grid.step is None else grid.step[:good],
        P=P,
        curves={name: curve[:good] for name, curve in _kept(spec, curves, len(grid.time), P).items()},
        particle_weight=problem.particle_weight,
        status="complete" if diverged_at is None else "diverged",
        diverged_at=diverged_at,
        attributes=attributes(spec, "integrate") | found,
        provenance=provenance(spec),
        warnings=warnings,
    )


def _finite(curves: dict[str, Array], times: int) -> int:
    """The number of leading times at which every curve is finite."""
    good = np.ones(times, dtype=bool)
    for curve in curves.values():
        good &= np.isfinite(curve.reshape(times, -1)).all(axis=1)
    return times if good.all() else int(np.argmin(good))


def _kept(spec: Spec, curves: dict[str, Array], times: int, P: Array) -> dict[str, Array]:
    """The curves that ``save`` asks for; the mean-field systems have q where the others have Q."""
    names = set(saved_names(spec, times, 1))
    if "Q" in names and "Q" not in curves:
        names.add("q")
    if "q" in names and "q" not in curves:
        M, Q = curves["M"], curves["Q"]
        inside = np.einsum("tir,rs,tis->ti", M, np.linalg.pinv(P, rcond=1e-8, hermitian=True), M)
        curves["q"] = np.maximum(np.einsum("tii->ti", Q) - inside, 0.0)
    names.add("output_weights")
    return {name: curve for name, curve in curves.items() if name.removesuffix("_std").removesuffix("_shift") in names}


def _attributes(spec: Spec, problem: System, solution: Solution) -> dict[str, Any]:
    return {
        "equations": problem.name,
        "solver": solution.method,
        "rtol": _rtol(spec, problem),
        "atol": spec.integrate.atol,
        "solver_steps": solution.steps,
        "right_hand_sides": solution.evaluations,
        "right_hand_side_error": problem.error,
    }
