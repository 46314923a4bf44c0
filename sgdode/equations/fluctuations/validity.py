"""Where linear noise holds: where what SGD does about the equations is small enough to be Gaussian along them.

It fails in two ways. Along a flat manifold of solutions (square fields with p > k) the noise moves runs without bound
while their risk stays: a straight Gaussian leaves the curved manifold, and takes a risk of its own from where no run
is. That shows in the spread of the overlaps, and in the second-order term ½ tr(∇∇R C) of the mean.

In an escape from a plateau runs leave at times of their own. Linear noise moves the path by a time lag, of spread
s = std(R)/|dR/dt|; where the risk bends within a few s, the runs that are late hold a part of the old risk long after
a Gaussian has forgotten it, and the spread is larger than predicted. So an escape that is not sharp closes the
predictions, and they open again where even a run that is three s late has come down.

The numbers were chosen on settings 0 to 37 of tests/support/compare_settings.py, 192 to 256 runs each, so that what is
kept is within 30% of the spread of SGD.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgdode.model.overlaps import Array
from sgdode.model.state import entries

#: At most: the spread of an overlap relative to √(Ω_aa Ω_bb); ½ tr(∇∇R C) and the spread of the risk, relative to it.
MOST_OVERLAP, MOST_BENT, MOST_RISK = 0.2, 0.15, 0.3
#: A lag is that of the last fall by this factor, and a late run is so many of them late.
FALL, LATE = 1.5, 3.0
#: What a late run holds in excess, in standard deviations: where an escape closes, and opens again.
CLOSES, OPENS = 4.5, 0.3
#: So many times are looked at, at least: an escape may lie between two saved ones.
FEWEST = 48

FAILURES = "runs spread over states that the risk bends along, or leave a plateau at times of their own"
#: What gives a deviation there.
INSTEAD = (
    "runs give it: sgdode simulate SPEC --set simulate.seeds=256 --set simulate.method=leap (which says so where exact "
    "steps are as fast)"
)


class LinearNoise(NamedTuple):
    """Of the fluctuations at T times: ``deviations`` and ``shifts`` (T,size) of the state; of the risk, (T,) each, both
    terms of its variance, ``linear`` and ``curved``, and of its shift, ``moved`` and ``bent``. NaN where the covariance
    has grown beyond all numbers."""

    deviations: Array
    shifts: Array
    linear: Array
    curved: Array
    moved: Array
    bent: Array

    @property
    def risk_std(self) -> Array:
        """The standard deviation of the risk (T,)."""
        return np.asarray(np.sqrt(self.linear + self.curved))

    def at(self, kept: NDArray[np.int64]) -> LinearNoise:
        """Those at some of the times."""
        return LinearNoise(*(part[kept] for part in self))


def looked_at(times: Array) -> Array:
    """``times``, and where they are few others between them."""
    if len(times) >= FEWEST:
        return times
    others = np.geomspace(1e-3 * times[-1], times[-1], FEWEST)
    apart = np.abs(others[:, np.newaxis] - times).min(axis=1) > 1e-2 * others  # for a slope between neighbours
    return np.union1d(times, others[apart])


def lengths(states: Array, P: Array, p: int) -> Array:
    """√(Ω_aa Ω_bb) (T,entries) of the overlaps Ω_ab in packed states (T,size)."""
    owners, others = entries(p, len(P))
    squares = states[:, : len(owners)][:, owners == others]
    every = np.concatenate([squares, np.broadcast_to(np.diag(P), (len(states), len(P)))], axis=1)
    return np.sqrt(np.maximum(every[:, owners] * every[:, others], 0.0))


def holds(times: Array, risk: Array, scale: Array, found: LinearNoise) -> NDArray[np.bool_]:
    """Where (T,) linear noise holds along the ``risk`` (T,) of the equations; ``scale``: see :func:`lengths`."""
    std = found.risk_std
    near = (found.deviations[:, : scale.shape[1]] <= MOST_OVERLAP * scale).all(axis=1)  # NaN is near nothing
    near &= np.abs(found.bent) <= MOST_BENT * risk
    wide = ~(std <= MOST_RISK * risk)  # as is what is no number
    excess = _excess(times, risk, std)
    closed, late = np.zeros(len(times), dtype=bool), False
    for at in range(len(times)):
        late = bool(wide[at] or excess[at] > CLOSES or (late and excess[at] > OPENS))
        closed[at] = late
    return np.asarray(near & ~closed)


def _excess(times: Array, risk: Array, std: Array) -> Array:
    """(T,): what a late run holds above the risk, in standard deviations of the risk."""
    lags, logs = _lags(times, risk, std), np.log(np.maximum(risk, 1e-300))
    late = np.exp(np.interp(times - LATE * lags, times, logs))
    return np.where(std > 0, (late - risk) / np.where(std > 0, std, 1.0), 0.0)


def _lags(times: Array, risk: Array, std: Array) -> Array:
    """The spread (T,) of the time lag: the least std/|dR/dt| of the last fall of the risk, 0 before there is one."""
    lag = std / np.maximum(np.abs(np.gradient(risk, times)), 1e-300)
    found = np.zeros(len(times))
    for at in range(len(times)):
        above = np.flatnonzero(risk[: at + 1] >= FALL * risk[at])
        if len(above):
            found[at] = lag[above[-1] : at + 1].min()
    return found
