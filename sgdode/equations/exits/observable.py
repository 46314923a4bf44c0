"""What a run passes when it leaves a plateau: a risk, from above, or a specialisation, from below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sgdode.model.overlaps import Array


@dataclass(frozen=True)
class Observable:
    """``name``: "risk", which falls below ``level``, or "specialisation", which rises above it.

    The specialisation of a state is the largest, over students i, of |ρ_ir| of its best teacher less that of the next
    one, ρ_ir = M_ir/√(Q_ii P_rr); of a single teacher, |ρ_i|. It is 0 where no student tells teachers apart, 1 where
    one is a teacher.
    """

    name: Literal["risk", "specialisation"]
    level: float

    def margin(self, values: Array) -> Array:
        """How far ``values`` (...) of the observable are from the level: positive before it is passed. Of the risk in
        logarithms, which fall evenly."""
        if self.name == "risk":
            return np.asarray(np.log(np.maximum(values, 1e-300) / self.level))
        return np.asarray(self.level - values)


def specialisation(Q: Array, M: Array, P: Array) -> Array:
    """That of states Q (...,p,p), M (...,p,k) with teachers P (k,k): (...)."""
    squares = np.einsum("...ii->...i", Q)[..., :, np.newaxis] * np.diag(P)
    rho = np.sort(np.abs(M) / np.sqrt(np.maximum(squares, 1e-300)), axis=-1)
    apart = rho[..., -1] - rho[..., -2] if rho.shape[-1] > 1 else rho[..., -1]
    return np.asarray(apart.max(axis=-1))


def first_passage(time: Array, margin: Array) -> Array:
    """First t (S,) at which the margin (S,T) at ``time`` (T,) is at or below 0, straight between saved times; ∞ where
    it stays above."""
    passed = margin <= 0.0
    at = np.argmax(passed, axis=1)
    rows, before = np.arange(len(margin)), np.maximum(at - 1, 0)
    high, low = margin[rows, before], margin[rows, at]
    share = np.where(at > 0, high / np.where(high > low, high - low, 1.0), 0.0)
    found = time[before] + share * (time[at] - time[before])
    return np.where(passed.any(axis=1), found, np.inf)
