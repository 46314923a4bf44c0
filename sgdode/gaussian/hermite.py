"""Hermite coefficients of an activation of one's own, to paste into a spec."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from sgdode.errors import UsageError
from sgdode.gaussian.mehler import TERMS, hermite_table


def hermite_coefficients(f: Callable[[Any], Any], n: int) -> list[float]:
    """c_0 .. c_{n−1} of f = Σ_m c_m h_m, with h_m = He_m/√m! orthonormal under N(0,1): c_m = E[f(ξ) h_m(ξ)].

    ``f`` takes and returns a NumPy array. The list stands in a spec as ``activation: {hermite: [...]}``.
    Raises UsageError where f is not finite, or n is not between 1 and 512.
    """
    if not 1 <= n <= TERMS:
        raise UsageError(f"hermite_coefficients: n is {n}; must be a whole number from 1 to {TERMS}")
    half, weight = hermite_table()[:2]
    x, w = np.concatenate([half, -half]), np.concatenate([weight, weight])
    values = np.broadcast_to(np.asarray(f(x), dtype=float), x.shape)
    if not np.isfinite(values).all():
        raise UsageError("hermite_coefficients: f is not finite everywhere on −12 ≤ x ≤ 12")
    previous, current, found = np.zeros_like(x), np.ones_like(x), []
    for m in range(n):
        found.append(float(w @ (values * current)))
        previous, current = current, (x * current - math.sqrt(m) * previous) / math.sqrt(m + 1)
    return found
