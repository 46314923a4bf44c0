"""``hermite_coefficients`` as users call it: the list for a spec, and a word about what it leaves out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from sgdode.gaussian import hermite
from sgdode.gaussian.mehler import TERMS
from sgdode.model.hermite_lists import growth

#: Shares of the variance below these are round-off: of differences, and of sums of squares.
_DIFFERENCE, _SUM = 1e-12, 1e-20
#: So many further coefficients tell of a share that differences do not.
_FURTHER = 64


def hermite_coefficients(f: Callable[[Any], Any], n: int) -> list[float]:
    """c_0 .. c_{n−1} of f = Σ_m c_m h_m, with h_m = He_m/√m! orthonormal under N(0,1): c_m = E[f(ξ) h_m(ξ)].

    ``f`` takes and returns a NumPy array. The list stands in a spec as ``activation: {hermite: [...]}``. Where f is no
    polynomial of degree < n, a warning tells the share of the variance of f that is cut off, and how the list grows.
    Raises UsageError where f is not finite, or n is not between 1 and 512.
    """
    found = hermite.hermite_coefficients(f, n)
    if share := _cut_off(f, found):
        warnings.warn(
            f"hermite_coefficients: {n} coefficients cut off {share:.2g} of the variance of f, and {growth(found)}; "
            "sgdode.Activation(f, df) takes f itself",
            stacklevel=2,
        )
    return found


def _cut_off(f: Callable[[Any], Any], found: list[float]) -> float:
    """The share of the variance of f beyond ``found``, 0 where it is round-off."""
    square = hermite.hermite_coefficients(lambda x: np.square(np.asarray(f(x), dtype=float)), 1)[0]
    variance, n = square - found[0] ** 2, len(found)
    if not variance > _DIFFERENCE * square:
        return 0.0
    share = 1.0 - sum(c * c for c in found[1:]) / variance
    if share > _DIFFERENCE:
        return share
    further = hermite.hermite_coefficients(f, min(n + _FURTHER, TERMS))[n:]
    share = sum(c * c for c in further) / variance
    return share if share > _SUM else 0.0
