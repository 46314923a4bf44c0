"""Stationary points: what they are called, how stable they are, and a search for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgdode.equations.fixed_points.flow import Flow
from sgdode.equations.fixed_points.guesses import guesses
from sgdode.equations.fixed_points.newton import newton
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array

#: Overlaps that are the same, and a risk that is none. A singular J leaves eight digits of a point.
ALIKE, _PERFECT = 1e-5, 1e-12
#: The share of a teacher's overlap with its own student that sets that apart from the others.
_OWN = 0.05


@dataclass(frozen=True)
class FixedPoint:
    """F(y) = 0 at ``y`` (m,): ``Q`` (p,p), ``M`` (p,k), the excess ``risk``.

    ``eigenvalues``: of ∂F/∂y, largest real part first, per unit of t; ``unstable``, ``neutral`` and ``stable``: how
    many of each. ``residual``: ‖F‖. ``name``: perfect, specialised, partial, unspecialised or collapsed.
    """

    name: str
    y: Array
    Q: Array
    M: Array
    risk: float
    eigenvalues: NDArray[np.complex128]
    unstable: int
    neutral: int
    residual: float

    @property
    def stable(self) -> int:
        """How many eigenvalues have a negative real part."""
        return len(self.eigenvalues) - self.unstable - self.neutral

    @property
    def escape_rate(self) -> float:
        """The largest real part of the eigenvalues, per unit of t."""
        return float(self.eigenvalues[0].real)

    def summary(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "name": self.name,
            "risk": self.risk,
            "Q": self.Q.tolist(),
            "M": self.M.tolist(),
            "stable": self.stable,
            "unstable": self.unstable,
            "neutral": self.neutral,
            "eigenvalues": [[float(one.real), float(one.imag)] for one in self.eigenvalues],
            "escape_rate": self.escape_rate,
            "residual": self.residual,
        }


def fixed_point(flow: Flow, y: Array) -> FixedPoint:
    """What there is to say of a stationary point."""
    J = flow.jacobian(y)[np.ix_(flow.free, flow.free)]
    values = np.linalg.eigvals(J).astype(complex)
    values = values[np.argsort(-values.real, kind="stable")]
    zero = flow.neutral * float(np.linalg.norm(J, 2))
    (Q, M), risk = flow.split(y), flow.risk(y)
    unstable, neutral = int(np.sum(values.real > zero)), int(np.sum(np.abs(values.real) <= zero))
    residual = float(np.linalg.norm(flow.velocity(y)))
    return FixedPoint(_named(flow, Q, M, risk), y, Q, M, risk, values, unstable, neutral, residual)


def _named(flow: Flow, Q: Array, M: Array, risk: float) -> str:
    """What the field calls it."""
    if risk < _PERFECT:
        return "perfect"
    if len(Q) > 1 and np.ptp(Q) < ALIKE and np.ptp(M, axis=0).max() < ALIKE:
        return "collapsed"
    size = np.sqrt(np.outer(np.diag(Q), np.diag(flow.start.overlaps.P)))
    rho = np.abs(M) / np.maximum(size, 1e-300)
    if np.ptp(M, axis=1).max() < ALIKE or (M.shape[1] == 1 and rho.max() < _OWN):
        return "unspecialised"
    best = rho.argmax(axis=1)
    others = np.sort(rho, axis=1)[:, -2] if M.shape[1] > 1 else np.zeros(len(Q))
    apart = rho.max(axis=1) - others > _OWN
    return "specialised" if apart.all() and len(set(best)) == M.shape[1] else "partial"


def invariants(flow: Flow, Q: Array, M: Array) -> Array:
    """Numbers that a point has under any names of its students and teachers; of even activations, under their signs."""
    even = all(_even(unit) for unit in flow.problem.activations)
    off = Q[np.triu_indices(len(Q), 1)]
    parts = (np.abs(off), np.abs(M)) if even else (off, M)
    own = np.concatenate([np.sort(np.diag(Q)), np.sort(parts[0]), np.sort(parts[1].ravel())])
    return np.concatenate([own, np.linalg.eigvalsh(Q), np.linalg.svd(M, compute_uv=False)])


def _even(unit: Activation) -> bool:
    """Whether σ(−λ) = σ(λ)."""
    x = np.linspace(0.1, 3.0, 7)
    return bool(np.allclose(unit.sample(x)[0], unit.sample(-x)[0], rtol=1e-14, atol=0.0))


def search(
    flow: Flow, stop: float, tries: int, progress: Callable[[float, float], None] | None = None
) -> list[FixedPoint]:
    """The stationary points that Newton's method finds from all guesses, each once: stable ones above the best risk
    first (learning ends there, short of the best), then by their risk. A search, not a proof that there are no more."""
    found: dict[int, FixedPoint] = {}
    prints: list[Array] = []
    for number, guess in enumerate(guesses(flow, stop, tries)):
        if progress is not None:
            progress(number, max(number + 1, tries))
        if (y := newton(flow, guess)) is None:
            continue
        own = invariants(flow, *flow.split(y))
        if all(np.abs(own - other).max() > ALIKE for other in prints):
            prints.append(own)
            found[len(found)] = fixed_point(flow, y)
    return ordered(list(found.values()))


def ordered(points: list[FixedPoint]) -> list[FixedPoint]:
    """Traps, stable points above the best risk, first; then by risk."""
    best = min((point.risk for point in points), default=0.0)

    def place(point: FixedPoint) -> tuple[bool, float]:
        return not (point.unstable == 0 and point.risk > best + _PERFECT), point.risk

    return sorted(points, key=place)


def is_trap(point: FixedPoint, points: list[FixedPoint]) -> bool:
    """Whether a point is stable and its risk above that of the best."""
    return point.unstable == 0 and point.risk > min(other.risk for other in points) + _PERFECT
