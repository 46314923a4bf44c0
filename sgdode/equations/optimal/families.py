"""Schedules with free numbers: f = γ(α)/γ at given α, and its derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sgdode.model.overlaps import Array

#: A power that a hold-power schedule falls by.
_POWERS = (0.1, 3.0)


class Family(Protocol):
    """Schedules that differ in ``x`` (n,)."""

    name: str

    def bounds(self, low: float, high: float) -> list[tuple[float, float]]:
        """Of x, for f between ``low`` and ``high``."""

    def factor(self, x: Array, alpha: Array) -> tuple[Array, Array]:
        """f at ``alpha`` (...), and its derivatives (..., n) with respect to x."""

    def settings(self, x: Array, gamma: float) -> dict[str, Any]:
        """The section ``learning_rate`` of a spec, but for exponents; ``gamma``: that of f = 1."""


@dataclass(frozen=True)
class ConstantRates:
    """x = (log f,)."""

    name = "constant"

    def bounds(self, low: float, high: float) -> list[tuple[float, float]]:
        """Those of log f."""
        return [(float(np.log(low)), float(np.log(high)))]

    def factor(self, x: Array, alpha: Array) -> tuple[Array, Array]:
        """The same everywhere."""
        f = np.full(alpha.shape, np.exp(x[0]))
        return f, f[..., np.newaxis]

    def settings(self, x: Array, gamma: float) -> dict[str, Any]:
        """A constant."""
        return {"gamma": float(gamma * np.exp(x[0])), "schedule": "constant"}


@dataclass(frozen=True)
class HoldPowers:
    """x = (log g, log α0, β): f = g min(1, α0/α)^β."""

    end: float
    name = "hold-power"

    def bounds(self, low: float, high: float) -> list[tuple[float, float]]:
        """g as f; α0 within four decades below the end."""
        return [
            (float(np.log(low)), float(np.log(high))),
            (float(np.log(1e-4 * self.end)), float(np.log(self.end))),
            _POWERS,
        ]

    def factor(self, x: Array, alpha: Array) -> tuple[Array, Array]:
        """Held, then a power."""
        falling = np.maximum(np.log(np.maximum(alpha, 1e-300)) - x[1], 0.0)
        f = np.exp(x[0] - x[2] * falling)
        return f, f[..., np.newaxis] * np.stack([np.ones_like(f), x[2] * (falling > 0), -falling], axis=-1)

    def settings(self, x: Array, gamma: float) -> dict[str, Any]:
        """{hold, power}."""
        return {
            "gamma": float(gamma * np.exp(x[0])),
            "schedule": {"hold": float(np.exp(x[1])), "power": float(x[2])},
        }


@dataclass(frozen=True)
class RateTables:
    """x_j = log f at node j; linear in f between nodes, as ``{table: ...}`` is."""

    nodes: tuple[float, ...]
    name = "optimum"

    def bounds(self, low: float, high: float) -> list[tuple[float, float]]:
        """Those of log f at each node."""
        return [(float(np.log(low)), float(np.log(high)))] * len(self.nodes)

    def factor(self, x: Array, alpha: Array) -> tuple[Array, Array]:
        """Straight lines."""
        nodes, values = np.array(self.nodes), np.exp(x)
        left = np.clip(np.searchsorted(nodes, alpha, side="right") - 1, 0, len(nodes) - 2)
        u = (alpha - nodes[left]) / (nodes[left + 1] - nodes[left])
        slopes = np.zeros((*alpha.shape, len(nodes)))
        np.put_along_axis(slopes, left[..., np.newaxis], ((1 - u) * values[left])[..., np.newaxis], -1)
        np.put_along_axis(slopes, left[..., np.newaxis] + 1, (u * values[left + 1])[..., np.newaxis], -1)
        return slopes.sum(axis=-1), slopes

    def settings(self, x: Array, gamma: float) -> dict[str, Any]:
        """{table}, with the largest factor 1."""
        values = np.exp(x)
        top = float(values.max())
        rows = [[float(node), float(value / top)] for node, value in zip(self.nodes, values, strict=True)]
        return {"gamma": float(gamma * top), "schedule": {"table": rows}}
