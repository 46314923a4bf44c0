"""log R at the end as a function of the rate at every stage of RK4, with its exact gradient: the discrete adjoint.

The gradient is that of the risk that RK4 computes, whatever its step: backward through the same stages,
k̄₄ = hμ/6, k̄₃ = hμ/3 + hȳ₄, k̄₂ = hμ/3 + hȳ₃/2, k̄₁ = hμ/6 + hȳ₂/2, ȳ_r = (∂rhs/∂y)ᵀ k̄_r, μ ← μ + Σ ȳ_r.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgdode.equations.optimal.controlled import Controlled
from sgdode.model.overlaps import Array

#: log R where the state is not finite: an optimiser steps back from it.
BEYOND = 50.0
_WEIGHTS = (1 / 6, 1 / 3, 1 / 3, 1 / 6)
_REACH = (0.0, 0.5, 0.5, 1.0)


class Steps(NamedTuple):
    """``start`` (S,) and ``size`` (S,) in α of the steps."""

    start: Array
    size: Array

    @property
    def stages(self) -> Array:
        """α (S,4) of the stages."""
        return np.asarray(self.start[:, np.newaxis] + self.size[:, np.newaxis] * np.array(_REACH))


def steps_between(nodes: Array, counts: NDArray[np.int64]) -> Steps:
    """Equal steps, ``counts`` (N − 1,) of them, between nodes (N,)."""
    sizes = np.repeat(np.diff(nodes) / counts, counts)
    within = np.concatenate([np.arange(count) for count in counts])
    return Steps(np.repeat(nodes[:-1], counts) + within * sizes, sizes)


class _Tape(NamedTuple):
    """States (S,4,m) and ∂(f F)/∂f (S,4,m) of the stages, and the state at the end."""

    states: Array
    rises: Array
    end: Array


def _forward(controlled: Controlled, steps: Steps, f: Array, kept: bool) -> _Tape | None:
    """None where the state grows without bound. Stages are on the tape where they are to be ``kept``."""
    c, y, factors = controlled.rate, controlled.y0.copy(), f.tolist()
    states = np.empty((*f.shape, len(y)) if kept else (0, 4, len(y)))
    rises = np.empty_like(states)
    for at, h in enumerate(steps.size.tolist()):
        change, here = np.zeros(len(y)), y
        for r in range(4):
            factor = factors[at][r]
            flow = controlled.flow(factor, here)
            if kept:
                states[at, r], rises[at, r] = here, controlled.rise(flow)
            flow *= c * factor
            change += _WEIGHTS[r] * flow
            if r < 3:
                here = y + (_REACH[r + 1] * h) * flow
        y = y + h * change
        if not y @ y < 1e12:
            return None
    return _Tape(states, rises, y)


def log_risk(controlled: Controlled, steps: Steps, f: Array) -> float:
    """log(R − Δ/2) at the end for f (S,4) at the stages."""
    with np.errstate(all="ignore"):
        tape = _forward(controlled, steps, f, kept=False)
        risk = math.nan if tape is None else controlled.risk(tape.end)
    return math.log(risk) if risk > 0 else BEYOND


def log_risk_and_gradient(controlled: Controlled, steps: Steps, f: Array) -> tuple[float, Array]:
    """The same, and its derivatives (S,4) with respect to f."""
    with np.errstate(all="ignore"):
        tape = _forward(controlled, steps, f, kept=True)
        risk = math.nan if tape is None else controlled.risk(tape.end)
        if tape is None or not risk > 0:
            return BEYOND, np.zeros_like(f)
        return math.log(risk), _backward(controlled, steps, f, tape, controlled.slope.gradient(tape.end) / risk)


def _backward(controlled: Controlled, steps: Steps, f: Array, tape: _Tape, mu: Array) -> Array:
    c, found = controlled.rate, np.empty_like(f)
    for at in range(len(f) - 1, -1, -1):
        h, pulled, total = float(steps.size[at]), np.zeros(len(mu)), mu.copy()
        for r in (3, 2, 1, 0):
            pull = h * _WEIGHTS[r] * mu
            if r < 3:
                pull += h * _REACH[r + 1] * pulled
            rate = float(f[at, r])
            found[at, r] = c * (pull @ tape.rises[at, r])
            pulled = (c * rate) * (pull @ controlled.slope_of_flow(rate, tape.states[at, r]))
            total += pulled
        mu = total
    return found
