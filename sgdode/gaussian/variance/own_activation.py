"""The variance term where a user's own activation takes part: quadrature, its error measured at the state."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from sgdode.gaussian.dual import PairKernel
from sgdode.gaussian.variance.adaptive import adaptive_variance
from sgdode.gaussian.variance.edge_rule import barycentric_rule
from sgdode.gaussian.variance.panels import panels
from sgdode.jit.pairs import held
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array

#: Nodes a panel, and those of the rules that the error is measured with.
_NODES, _COARSE, _FINE = 8, 6, 12
#: Panels of one activation that are affordable.
_MOST_PANELS = 160
_ROUND_OFF = 1e-12


def refusal(unit: Activation, largest: float) -> str | None:
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
    """V of any activations that are smooth on a scale that :func:`refusal` allows."""

    method = "quadrature on the scale of the activations"

    def __init__(self, student: Activation, teacher: Activation, p: int, st: PairKernel):
        self.units, self.p, self._kernel, self._pair = (student, teacher), p, st, held(st)
        self._edges = lru_cache(32)(lambda kind, largest: panels(self.units[kind], largest).edges)

    def _fill(self, Omega: Array, v: Array, noise: float, count: int, out: Array) -> Array:
        variances = np.diag(Omega)
        edges = []
        for kind, part in enumerate((variances[: self.p], variances[self.p :])):
            largest = math.sqrt(max(float(np.max(part, initial=0.0)), 1e-300))
            edges.append(self._edges(kind, 2.0 ** math.ceil(math.log2(largest))))
        bound = np.empty_like(out)
        same, nodes = self.units[0] == self.units[1], barycentric_rule(count)
        first, second = edges
        adaptive_variance(np.ascontiguousarray(Omega), v, noise, self._pair, first, second, same, nodes, out, bound)
        return bound

    def fill(self, Omega: Array, v: Array, noise: float, out: Array) -> None:
        """Fill ``out`` (p,p) with V_ij for Ω (n,n), v (n,) and Δ."""
        self._fill(Omega, v, noise, _NODES, out)

    def error(self, Omega: Array, v: Array, noise: float) -> Array:
        """Bounds (p,p) on |δV_ij| of :meth:`fill`."""
        return self.judged(Omega, v, noise)[1]

    def judged(self, Omega: Array, v: Array, noise: float) -> tuple[Array, Array]:
        """V (p,p) as :meth:`fill` has it, and bounds (p,p) on its error: what finer and coarser rules change, and what
        the series leaves out."""
        out, coarse, fine = (np.empty((self.p, self.p)) for _ in range(3))
        series = self._fill(Omega, v, noise, _NODES, out)
        self._fill(Omega, v, noise, _COARSE, coarse)
        self._fill(Omega, v, noise, _FINE, fine)
        size = np.sqrt(np.outer(np.diag(fine), np.diag(fine)))
        bound: Array = 3.0 * np.abs(out - fine) + 0.1 * np.abs(coarse - fine) + series + _ROUND_OFF * size
        return out, bound
