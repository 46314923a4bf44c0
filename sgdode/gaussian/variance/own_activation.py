"""The variance term where a user's own activation takes part: quadrature, its error measured at the state."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from sgdode.gaussian.dual import PairKernel
from sgdode.gaussian.variance.adaptive import adaptive_variance, rule
from sgdode.gaussian.variance.panels import panels
from sgdode.jit.pairs import held
from sgdode.jit.units import Unit
from sgdode.model.overlaps import Array

#: Nodes a panel, and those of the rules that the error is measured with.
_NODES, _COARSE, _FINE = 10, 8, 14
#: Panels of one activation that are affordable.
_MOST_PANELS = 160
_ROUND_OFF = 1e-12


def refusal(unit: Unit, largest: float) -> str | None:
    """Why a unit is too steep for fields of standard deviation up to ``largest``; None where it is not."""
    found = panels(unit, largest)
    if found.rough > 8:
        return (
            f"{unit.name} cannot be integrated: in {found.rough} places it does not become smooth on the scale of "
            f"{largest * 1e-11:.1g} (a jump or noise?)"
        )
    if len(found.edges) > _MOST_PANELS:
        width = float(np.min(np.diff(found.edges)))
        return (
            f"{unit.name} with gain {unit.gain:g} is too steep: it changes on the scale of {width:.2g}, in "
            f"{len(found.edges)} places, for fields of standard deviation up to {largest:.3g}; at most {_MOST_PANELS} "
            "are affordable"
        )
    return None


class AdaptiveRule:
    """V of any activations. Raises ValueError where one of them is too steep for ``largest`` (see :func:`refusal`)."""

    method = "quadrature on the scale of the activations"

    def __init__(self, student: Unit, teacher: Unit, p: int, st: PairKernel, largest: float = 10.0):
        for unit in (student, teacher):
            if (why := refusal(unit, largest)) is not None:
                raise ValueError(why)
        self.units, self.p, self._kernel, self._pair = (student, teacher), p, st, held(st)
        self._edges = lru_cache(32)(lambda kind, largest: panels(self.units[kind], largest).edges)

    def _fill(self, Omega: Array, v: Array, noise: float, count: int, out: Array) -> Array:
        variances = np.diag(Omega)
        edges = []
        for kind, part in enumerate((variances[: self.p], variances[self.p :])):
            largest = math.sqrt(max(float(np.max(part, initial=0.0)), 1e-300))
            edges.append(self._edges(kind, 2.0 ** math.ceil(math.log2(largest))))
        bound = np.empty_like(out)
        same, nodes = self.units[0] == self.units[1], rule(count)
        parts: Any = self._pair, *edges, same, nodes
        adaptive_variance(np.ascontiguousarray(Omega), v, noise, *parts, out, bound)
        return bound

    def fill(self, Omega: Array, v: Array, noise: float, out: Array) -> None:
        """Fill ``out`` (p,p) with V_ij for Ω (n,n), v (n,) and Δ."""
        self._fill(Omega, v, noise, _NODES, out)

    def error(self, Omega: Array, v: Array, noise: float) -> Array:
        """Bounds (p,p) on |δV_ij|: what finer and coarser rules change, and what the series leaves out."""
        out, coarse, fine = (np.empty((self.p, self.p)) for _ in range(3))
        series = self._fill(Omega, v, noise, _NODES, out)
        self._fill(Omega, v, noise, _COARSE, coarse)
        self._fill(Omega, v, noise, _FINE, fine)
        size = np.sqrt(np.outer(np.diag(fine), np.diag(fine)))
        bound: Array = 3.0 * np.abs(out - fine) + 0.1 * np.abs(coarse - fine) + series + _ROUND_OFF * size
        return bound
