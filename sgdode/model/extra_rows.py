"""Rows that a learning rule keeps beside the weights W: one class each, with its map in a step and in the flow.

All rows V = (W, ...) move by V ← 𝓛V + g c xᵀ, where 𝓛 (q,q) acts between the q groups of p rows and g (q,) is what of
the columns c a group takes; W itself has 𝓛 = 1 − ωδt and g = 1. In the flow dV/dt = 𝓐V + f c. Samples per dimension are
α = νB/d, and ``per_step`` = B/d is what a step adds to them (0 in the flow).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sgdode.model.record import Record

if TYPE_CHECKING:
    from sgdode.model.learning import LearningRule
    from sgdode.model.overlaps import Array


class ExtraRow(Protocol):
    """A group of p rows. ``copies``: whether it starts as W, else at 0. ``flows``: whether it is one of the flow, too.

    ``step(at, first, maps, forcing, per_step)``: fill in group ``at`` of maps (n,q,q) and forcing (n,q) of the steps
    ``first``, ``first`` + 1, ..., where the groups before it are filled; and what it changes of these.
    ``flow(at, A, f, pace, begun)``: the same of 𝓐 (q,q) and f (q,), with ``pace`` = dα/dt."""

    @property
    def copies(self) -> bool:
        """Whether it starts as W."""

    @property
    def flows(self) -> bool:
        """Whether the equations have it."""

    def step(self, at: int, first: int, maps: Array, forcing: Array, per_step: float) -> None:
        """Its map in steps."""

    def flow(self, at: int, A: Array, f: Array, pace: float, begun: bool) -> None:
        """Its map in the flow."""


@dataclass(frozen=True)
class Momentum(Record):
    """Heavy ball: Ũ ← βŨ + C xᵀ, W ← W + (1 − β) Ũ, so that γ is the effective rate γ_step/(1 − β).

    ``beta`` β, which is SGD in the flow; or ``rate`` κ, β = 1 − κB/d, a memory of 1/κ samples per dimension: with the
    velocity U = κŨ per unit of α, dU = −κU + κ (γ/(pB)) c, dW = U."""

    beta: float | None = None
    rate: float = 0.0

    copies = False

    @property
    def flows(self) -> bool:
        """A finite memory alone: that of a fixed β is gone at once."""
        return self.beta is None

    def step(self, at: int, first: int, maps: Array, forcing: Array, per_step: float) -> None:
        """Its map in steps."""
        beta = 1.0 - self.rate * per_step if self.beta is None else self.beta
        maps[:, at, at], forcing[:, at] = beta, 1.0
        maps[:, 0, at], forcing[:, 0] = (1.0 - beta) * beta, 1.0 - beta

    def flow(self, at: int, A: Array, f: Array, pace: float, begun: bool) -> None:
        """Its map in the flow, of U."""
        A[at, at], f[at] = -self.rate * pace, self.rate
        A[0, at], f[0] = pace, 0.0


@dataclass(frozen=True)
class Average(Record):
    """W̄ ← W̄ + r (W − W̄) after each step: r = 1/(ν − ν₀) after α₀ = ``start`` (Polyak & Ruppert; W̄ = W before), or
    r = κB/d, ``rate`` κ in units of 1/α. In the flow from α₀ on it is Ŵ = ∫ W dα, which is 0 at α₀ and has no
    singularity there; W̄ = Ŵ/(α − α₀)."""

    start: float | None = None
    rate: float = 0.0

    copies = True
    flows = True

    def step(self, at: int, first: int, maps: Array, forcing: Array, per_step: float) -> None:
        """Its map in steps."""
        if self.start is None:
            r = np.full(len(maps), self.rate * per_step)
        else:
            began = round(self.start / per_step)
            r = 1.0 / np.maximum(np.arange(first + 1, first + 1 + len(maps)) - began, 1)
        maps[:, at, :] = r[:, None] * maps[:, 0, :]
        maps[:, at, at] += 1.0 - r
        forcing[:, at] = r * forcing[:, 0]

    def flow(self, at: int, A: Array, f: Array, pace: float, begun: bool) -> None:
        """Its map in the flow: of W̄ for a rate, else of Ŵ."""
        if self.start is None:
            A[at, 0], A[at, at] = self.rate * pace, -self.rate * pace
        elif begun:
            A[at, 0] = pace

    def weight(self, samples: float) -> float | None:
        """W̄ = weight · row at α, in the flow; None before α₀, where W̄ = W."""
        if self.start is None:
            return 1.0
        return 1.0 / (samples - self.start) if samples > self.start else None


def with_averages(names: Sequence[str], rule: LearningRule) -> list[str]:
    """The quantities that are saved, with those of averaged iterates: the risk, and the overlaps that are saved of W,
    or all where ``average`` is asked for."""
    every = "average" in names
    found = [name for name in names if name != "average"]
    if rule.average is None:
        return found
    return [*found, "risk_average", *(f"{name}_average" for name in ("M", "Q") if every or name in found)]


def step_maps(rule: LearningRule, per_step: float, first: int, dt: Array) -> tuple[Array, Array]:
    """𝓛 (n,q,q) and g (n,q) of the steps ``first``, ..., of sizes ``dt`` (n,)."""
    q = 1 + len(rule.rows)
    maps, forcing = np.zeros((len(dt), q, q)), np.zeros((len(dt), q))
    maps[:, 0, 0], forcing[:, 0] = 1.0 - rule.decay * dt, 1.0
    for at, row in enumerate(rule.rows, 1):
        row.step(at, first, maps, forcing, per_step)
    return maps, forcing
