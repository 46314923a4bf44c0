"""Solvers of initial value problems, under one face: CVODE by default, SciPy's by name.

A solver is a function that appends the state at each of ``times`` to a list, tells ``at(t)`` how far it is, and notes
its steps in the Solution. It raises FloatingPointError where it cannot meet the tolerance.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgdode.equations.pieces import enter, is_break, next_break
from sgdode.equations.reached import Reached
from sgdode.stand_in import stand_in

Array = NDArray[np.float64]
Rhs = Callable[[float, Array, Array], None]
At = Callable[[float], None]
#: A state beyond this has left every regime of the equations.
DIVERGED = 1e12
#: A solver that gives up at a state grown this much has met a divergence, not a tolerance.
_RUNAWAY = 1e5
_DENSE_UP_TO = 60
_MOST_STEPS = 10_000_000


@dataclass
class Solution:
    """States at the times reached (≤T, size), with what it took."""

    states: Array
    evaluations: int = 0
    steps: int = 0
    method: str = ""
    diverged_at: float | None = None
    failed: str | None = None
    report: dict[str, Any] = field(default_factory=dict)


class Stretch(NamedTuple):
    """A part of a solve: from the state ``y`` at ``t`` over the ``times`` that are not reached yet. ``hint``: until
    when the first step of all is chosen for."""

    t: float
    y: Array
    times: Array
    hint: float


#: Where a solver has stopped to begin anew: t and the state.
Anchor = tuple[float, Array]


class _Diverged(Exception):
    pass


class _Counted:
    """A right-hand side that counts its calls and stops the solver when the state has diverged."""

    def __init__(self, rhs: Rhs, calls: int, renewal: float):
        self.rhs, self.calls, self.t, self.square = rhs, calls, 0.0, 0.0
        self.renewal, self.last = renewal, calls

    def worn(self) -> bool:
        """Whether the solver is to begin anew at a saved time."""
        return self.calls - self.last >= self.renewal

    def fill(self, t: float, y: Array, ydot: Array) -> None:
        self.calls += 1
        self.t = t
        self.square = float(y.dot(y))
        if not self.square < DIVERGED**2:
            raise _Diverged
        self.rhs(t, y, ydot)

    def __call__(self, t: float, y: Array) -> Array:
        ydot = np.empty_like(y)
        self.fill(t, y, ydot)
        return ydot


def solve(
    rhs: Rhs,
    y0: Array,
    times: Array,
    solver: str,
    rtol: float,
    atol: float,
    at: Callable[[float], None],
    reached: Reached | None = None,
    renewal: float = math.inf,
    hint: float | None = None,
    breaks: Sequence[float] = (),
) -> Solution:
    """States at ``times`` (the first is that of ``y0``).

    ``reached`` is kept up with the solve; what is in it already is gone on from. The solver begins anew after every
    ``renewal`` right-hand sides, and at those of ``times`` that are ``breaks``. Else the steps do not depend on
    ``times``; CVODE's first is chosen for a solve until ``hint`` (None: the first of the times).
    ``at(t)`` is told of every time reached. Where the state grows without bound the solution ends with ``diverged_at``;
    where the tolerance cannot be met, with ``failed``.
    """
    reached = reached or Reached()
    counted = _Counted(rhs, reached.evaluations, renewal)
    solver = "cvode" if solver == "auto" else solver
    states = reached.states
    if not states:
        states.append(np.array(y0, dtype=float))
    if reached.y is None:
        reached.t, reached.y = float(times[0]), states[0]
    solution = Solution(np.empty((0, len(y0))), steps=reached.steps)
    if len(y0) and len(times) > 1:
        solution.method = f"cvode BDF {_linear(len(y0))}" if solver == "cvode" else f"scipy {_SCIPY[solver]}"
    try:
        if not len(y0):
            states += [y0] * (len(times) - len(states))
        # CVODE prints its errors on stdout, which carries results alone; they are in what it raises, too.
        with np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
            while len(states) < len(times):
                counted.last = counted.calls
                enter(rhs, reached.t)
                end = next_break(times, reached.t, breaks)
                stretch = Stretch(reached.t, reached.y, times[len(states) : end + 1], hint or float(times[1]))
                anchor = SOLVERS[solver](counted, stretch, states, rtol, atol, at, solution)
                if len(states) > end and is_break(float(times[end]), breaks):
                    anchor = float(times[end]), states[end]
                if anchor is not None:
                    (reached.t, reached.y), reached.evaluations, reached.steps = anchor, counted.calls, solution.steps
    except _Diverged:
        solution.diverged_at = counted.t
    except FloatingPointError as error:
        if counted.square > _RUNAWAY**2 * (1.0 + float(y0 @ y0)):
            solution.diverged_at = counted.t
        else:
            solution.failed = str(error)
    solution.states = np.array(states)
    solution.evaluations = counted.calls
    return solution


def cvode(rhs: Rhs, size: int, rtol: float, atol: float) -> Any:
    """A CVODE solver (BDF) for a state of ``size`` numbers.

    What it says of errors would go to stdout, which carries results alone; all that matters is in what it returns.
    """
    for level in ("WARNING", "ERROR"):
        os.environ.setdefault(f"SUNLOGGER_{level}_FILENAME", os.devnull)
    with stand_in("scipy.optimize._numdiff", group_columns=None), stand_in("scipy.sparse"):  # for sparse Jacobians
        from sksundae.cvode import CVODE

    linear = _linear(size)
    krylov = {} if linear == "dense" else {"krylov_dim": min(size, 30)}
    return CVODE(rhs, rtol=rtol, atol=atol, max_nonlin_iters=4, linsolver=linear, **krylov)


def _linear(size: int) -> str:
    """The linear solver in CVODE for a state of ``size`` numbers."""
    return "dense" if size <= _DENSE_UP_TO else "gmres"


def _cvode(
    rhs: _Counted, stretch: Stretch, states: list[Array], rtol: float, atol: float, at: At, solution: Solution
) -> Anchor | None:
    solver = cvode(rhs.fill, len(stretch.y), rtol, atol)
    solver.init_step(stretch.t, stretch.y)
    reached, end, anchor = stretch.t, stretch.hint if stretch.t == 0 else 2 * stretch.t, None
    for time in stretch.times:
        while reached < time and anchor is None:
            result = solver.step(end, method="onestep")
            solution.steps += result.t > reached  # after a saved time it tells its last step once more
            reached, end = result.t, time
            if not result.success or solution.steps > _MOST_STEPS:
                raise FloatingPointError(f"CVODE stopped at t = {result.t:.6g}: {result.message}")
            if rhs.worn():
                anchor = reached, np.array(result.y)
        if reached < time:
            break
        states.append(np.array(solver.step(time).y))
        at(time)
    return anchor


def _scipy(name: str) -> Callable[..., Anchor | None]:
    def method(
        rhs: _Counted, stretch: Stretch, states: list[Array], rtol: float, atol: float, at: At, solution: Solution
    ) -> Anchor | None:
        from scipy import integrate

        times, next_time = stretch.times, 0
        solver = getattr(integrate, name)(rhs, stretch.t, stretch.y, math.inf, rtol=max(rtol, 2.3e-14), atol=atol)
        while next_time < len(times):
            before, message = solver.t, solver.step()
            solution.steps += 1
            if solver.status == "running" and solver.t == before:
                raise FloatingPointError(f"{name} stopped at t = {solver.t:.6g}: its step size vanished")
            if solver.status == "failed":
                raise FloatingPointError(f"{name} stopped at t = {solver.t:.6g}: {message}")
            calls, dense = rhs.calls, None
            while next_time < len(times) and times[next_time] <= solver.t:
                dense = dense or solver.dense_output()
                states.append(solver.y.copy() if times[next_time] == solver.t else dense(times[next_time]))
                next_time += 1
            rhs.calls = calls  # those for what is saved begin nothing anew
            at(solver.t)
            if rhs.worn():
                return float(solver.t), solver.y.copy()
        return None

    return method


_SCIPY = {"lsoda": "LSODA", "bdf": "BDF", "dop853": "DOP853"}
SOLVERS: dict[str, Callable[..., Anchor | None]] = {"cvode": _cvode} | {
    name: _scipy(found) for name, found in _SCIPY.items()
}
