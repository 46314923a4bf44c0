"""How finely the angle ξ between neurons is averaged: the number of quadrature nodes, chosen by the error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sgdode.gaussian.quadrature import cosine
from sgdode.jit.pairs import Pair, dual
from sgdode.model.overlaps import Array

LADDER = (*range(2, 16), 16, 18, 20, 24, 28, 32, 40, 48, 64)
_FINEST = 256
_SMALLEST, _LARGEST = -40, 80

Rule = tuple[Array, Array]


class AngleRule:
    """``rule(q)``: nodes ξ and weights for students of orthogonal overlaps up to max ``q``.

    The hardest pair is two neurons without teacher components and with the largest q: its covariance q ξ comes nearest
    to the singularities of the kernel at ρ = ±1 and beyond (erf: at ξ = ±(1 + 1/q)). Its averages of K, K11, ξ K11 and
    K20 against those of 256 nodes decide: the fewest nodes whose relative error stays below ``tolerance``, else 64. One
    rule serves all q between two powers of √2. ``report`` keeps the most nodes used and the largest error.
    """

    def __init__(self, pair: Pair, dimension: float, tolerance: float):
        self.pair, self.dimension, self.tolerance = pair, dimension, tolerance
        self.known: dict[float, Rule] = {}
        self.report: dict[str, Any] = {"xi_nodes": 0, "xi_error": 0.0}

    def __call__(self, q: Array) -> Rule:
        largest = float(q.max(initial=0.0))
        half_octave = math.ceil(2 * math.log2(largest)) if 0 < largest < math.inf else _SMALLEST
        octave = min(max(half_octave, _SMALLEST), _LARGEST) / 2
        if octave not in self.known:
            self.known[octave], error = self._chosen(2.0**octave)
            self.report["xi_nodes"] = max(self.report["xi_nodes"], len(self.known[octave][0]))
            self.report["xi_error"] = max(self.report["xi_error"], error)
        return self.known[octave]

    def _chosen(self, q: float) -> tuple[Rule, float]:
        if self.dimension <= 1 or math.isinf(self.dimension):
            return cosine(self.dimension, 1), 0.0
        exact = self._averages(q, cosine(self.dimension, _FINEST))
        scale = exact[1]
        for count in LADDER:
            rule = cosine(self.dimension, count)
            difference = np.abs(self._averages(q, rule)[0] - exact[0])
            error = float((difference / np.where(scale > 0, scale, 1.0)).max())
            if error < self.tolerance:
                break
        return rule, error

    def _averages(self, q: float, rule: Rule) -> tuple[Array, Array]:
        """E of K, K11, K20 and ξ K11, and of their absolute values, (4,) each."""
        xi, weight = rule
        kernels = dual(self.pair, np.array([q]), np.full(len(xi), q), (q * xi)[None])[:, 0]
        values = np.vstack([kernels, xi * kernels[1]])
        return values @ weight, np.abs(values) @ weight
