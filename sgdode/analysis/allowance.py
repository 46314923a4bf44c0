"""What a right theory may be off by: the deviation of the mean of SGD that does not count against the equations.

The mean of SGD over runs is not the solution of the equations. At finite d it lies off

- by 1/d of the risk at that time: what E‖x‖² and the finite step leave out;
- by the curvature of what the noise moves: the spread c of the risk over runs, relative to the risk at that time, gives
  ½ c² (the mean of an exponential is not the exponential of the mean), and the spread s of the overlaps gives 4 s c, as
  on the way out of a plateau, where the risk bends on the scale of its drop and not of its size; at most 0.7 c;
- by what the file of the equations states as the error of its risk, and by the tolerance of its solver.

Where c is above one half the mean is that of the few largest runs, and ½ c² says little: there the mean of the
logarithm of the risk is judged too, by the same rule for its own spread.

Where the integration has fluctuations it predicts the shift of the mean: the deviation is taken from theory + shift,
and half of the shift, 0.3/d for 1/d, ½ c² and the stated errors are allowed. Nothing is taken from another time than
the one that is judged. The numbers were chosen on one half of the settings of tests/analysis/calibrate_compare.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgdode.analysis.deviation import Deviation, spread_of
from sgdode.errors import UsageError
from sgdode.results.alignment import norms
from sgdode.results.trajectory import LARGEST_RISK_ERROR, Array, Trajectory

#: Of 1/d, without and with a predicted shift of the mean; of c²; of s c, and of c at most; of the predicted shift.
FINITE_SIZE, FINITE_SIZE_LEFT, CURVATURE, ESCAPE, ESCAPE_MOST, SHIFT_LEFT = 1.0, 0.3, 0.5, 4.0, 0.7, 0.5
#: From this relative spread of the risk on, its logarithm is judged too.
WIDE = 0.5
#: Above this spread of an overlap the runs have gone different ways, and the theory follows one of them.
PARTED = 0.15
#: However loose the solver, only a risk below this share of the first one is none at all.
NOTHING = 1e-6
#: Nothing is claimed of a risk below this share of the first one: round-off, by the precision of the simulation.
_ROUND_OFF = {"float64": 1e-9, "float32": 1e-5}


@dataclass(frozen=True)
class Sides:
    """A simulation of S seeds and an integration on the same T saved times after t = 0."""

    simulation: Trajectory
    integration: Trajectory
    times: int

    def of_average(self) -> Sides:
        """The same with the risk of the averaged weights in place of that of the iterate."""
        runs, theory = (
            replace(side, curves={**side.curves, "risk": side.curves["risk_average"]})
            for side in (self.simulation, self.integration)
        )
        return Sides(runs, theory, self.times)

    @property
    def seeds(self) -> int:
        """S."""
        return len(self.simulation.risk)

    @property
    def time(self) -> Array:
        """The saved times (T,)."""
        return self.simulation.time[1 : self.times]

    def has(self, name: str) -> bool:
        """Whether both sides have the curve."""
        return name in self.simulation.curves and name in self.integration.curves

    def runs(self, name: str) -> Array:
        """The curve of every seed, (S,T,...)."""
        return np.asarray(self.simulation.curves[name][:, 1 : self.times], dtype=float)

    def theory(self, name: str) -> Array:
        """The curve of the equations, (T,...)."""
        return np.asarray(self.integration.curves[name][1 : self.times], dtype=float)

    def predicted(self, name: str, what: str = "std") -> Array:
        """The predicted standard deviation of one run or ``shift`` of the mean, (T,...); NaN where none is known."""
        curve = self.integration.predicted(name, what)
        return np.full_like(self.theory(name), np.nan) if curve is None else np.asarray(curve[1 : self.times])

    def shift(self, name: str) -> Array:
        """The predicted shift of the mean (T,...), 0 where none is predicted."""
        return np.nan_to_num(self.predicted(name, "shift"))

    @property
    def finite_size(self) -> float:
        """The relative order at which the equations leave something out: 1/d, or δt = γ/(pd) where that is larger;
        where inputs have blocks, 1/d_eff = Σ π_b c_b²/d, or c_max δt."""
        run = self.simulation
        steps = [0.0] if run.step is None else np.diff(run.time) / np.maximum(np.diff(run.step), 1)
        c, fraction = (run.by_block.get(name, np.ones(1)) for name in ("eigenvalue", "fraction"))
        spread = float(np.sum(fraction * c * c)) / float(run.attributes.get("dimension", np.inf))
        return max(spread, float(np.max(c)) * float(np.max(steps)))

    @property
    def tolerance(self) -> float:
        """Relative: what solver and round-off leave open of the overlaps, and of the risk at the start."""
        precision = str(self.simulation.attributes.get("precision", "float64"))
        return max(_ROUND_OFF[precision], float(self.integration.attributes.get("rtol", 0.0)))

    @property
    def floor(self) -> float:
        """The risk below which nothing is claimed: the solver's tolerance and round-off."""
        atol = float(self.integration.attributes.get("atol", 0.0))
        return self.tolerance * float(self.integration.risk[0]) + max(atol, 1e-15)

    @property
    def well_known(self) -> NDArray[np.bool_]:
        """Where (T,) the stated error of the risk is small enough for a verdict."""
        return np.asarray(self.stated() <= LARGEST_RISK_ERROR * np.maximum(self.theory("risk"), self.floor))

    def stated(self) -> Array:
        """The absolute error (T,) that the files state of their risks."""
        theory = self.integration.attributes
        share = float(theory.get("risk_error", theory.get("right_hand_side_error", 0.0)))
        share += float(self.simulation.attributes.get("risk_error", 0.0))
        return np.asarray(share * np.abs(self.theory("risk")))


class RiskDeviation(NamedTuple):
    """``deviation``: that of the risk (E = 1), and of its ``logarithm``, judged where runs spread widely; ``scale``
    (T,) what the first is relative to; ``zero`` (T,): where the risks of the theory and of all runs are zero, as far as
    anybody can tell."""

    deviation: Deviation
    logarithm: Deviation
    scale: Array
    zero: NDArray[np.bool_]


class OverlapDeviation(NamedTuple):
    """``deviation``: that of all overlaps; ``labels``: their names, as "M[0,1]"; ``largest`` (T,): their largest
    spread over runs, inf where neither file nor runs have any."""

    deviation: Deviation | None
    labels: list[str]
    largest: Array


def risk_deviation(sides: Sides, overlaps: Array) -> RiskDeviation:
    """The risk in units of the risk at that time: of the theory, or the geometric mean over runs where that is larger.

    (A theory that is too small does not get its own size as a measure of what the noise may do.) ``overlaps`` (T,) is
    the largest spread of an overlap.
    """
    runs, theory, shift, floor = sides.runs("risk"), sides.theory("risk"), sides.shift("risk"), sides.floor
    typical = np.exp(np.log(np.maximum(runs, floor)).mean(axis=0))
    scale = np.maximum(np.maximum(theory, typical), floor)
    relative, predicted = (runs - theory - shift) / scale, sides.predicted("risk") / scale
    c, known = np.nan_to_num(np.fmax(spread_of(relative), predicted)), np.isfinite(predicted)
    escape = np.where(known, 0.0, np.minimum(ESCAPE * overlaps, ESCAPE_MOST))
    order = np.where(known, FINITE_SIZE_LEFT, FINITE_SIZE) * sides.finite_size
    noise = order + CURVATURE * c**2 + escape * c + SHIFT_LEFT * np.abs(shift) / scale
    zero = np.maximum(runs.max(axis=0), theory) <= min(floor, NOTHING * float(sides.integration.risk[0]))
    judged = sides.well_known & (known | (sides.seeds > 1))
    allowed = noise + (sides.stated() + floor) / scale
    column = (slice(None), np.newaxis)
    relative_deviation = Deviation(relative[..., np.newaxis], allowed[column], predicted[column], judged)
    wide = judged & (c > WIDE) & (sides.seeds > 1)
    return RiskDeviation(relative_deviation, _logarithm(sides, overlaps, wide), scale, zero)


def _logarithm(sides: Sides, overlaps: Array, wide: NDArray[np.bool_]) -> Deviation:
    """log(R of a run/R of the theory), judged where ``wide`` (T,)."""
    theory = np.maximum(sides.theory("risk"), sides.floor)
    logs = np.log(np.maximum(sides.runs("risk"), sides.floor) / theory)
    c = np.nan_to_num(spread_of(logs))
    noise = FINITE_SIZE * sides.finite_size + CURVATURE * c**2 + np.minimum(ESCAPE * overlaps, ESCAPE_MOST) * c
    allowed = noise + (sides.stated() + sides.floor) / theory
    unknown = np.full((len(theory), 1), np.nan)
    return Deviation(logs[..., np.newaxis], allowed[:, np.newaxis], unknown, wide)


def overlap_deviation(sides: Sides) -> OverlapDeviation:
    """M/√(Q_ii P_rr), Q/√(Q_ii Q_jj) (or q/Q_ii) and trained output weights, each in units of itself, judged where
    the runs have not parted."""
    names = [
        name
        for name in ("M", "Q" if sides.has("Q") else "q", "output_weights", "M_average", "Q_average")
        if sides.has(name)
    ]
    if not names:
        return OverlapDeviation(None, [], np.full(sides.times - 1, np.inf))
    parts = [_entries(sides, name) for name in names]
    runs, predicted, shift = (np.concatenate([part[at] for part in parts], axis=-1) for at in (1, 2, 3))
    labels = [label for part in parts for label in part[0]]
    size = np.nan_to_num(np.fmax(spread_of(runs), predicted))
    largest = size.max(axis=1)
    known = np.isfinite(predicted)
    order = np.where(known, FINITE_SIZE_LEFT, FINITE_SIZE) * sides.finite_size
    stated = float(sides.integration.attributes.get("right_hand_side_error", 0.0)) + sides.tolerance
    allowed = order + CURVATURE * largest[:, np.newaxis] ** 2 + SHIFT_LEFT * np.abs(shift) + stated
    judged = (largest <= PARTED) & sides.well_known & (known.all(axis=1) | (sides.seeds > 1))
    return OverlapDeviation(Deviation(runs, allowed, predicted, judged), labels, largest)


def require_spread(sides: Sides) -> None:
    """Raises UsageError where the risk is not saved, or z needs more seeds."""
    if not sides.has("risk"):
        raise UsageError("compare needs the risk in both files; add it to `save`")
    if sides.seeds < 2 and not np.isfinite(sides.predicted("risk")).any():
        raise UsageError("one seed has no observed spread; simulate more seeds, or set integrate.fluctuations: true")


def _entries(sides: Sides, name: str) -> tuple[list[str], Array, Array, Array]:
    """Labels (E,), runs (S,T,E) − theory − shift, predicted spread and shift (T,E), in units of their scale."""
    theory, scale = sides.theory(name), _scale(sides, name)
    indices = [index for index in np.ndindex(theory.shape[1:]) if name[0] != "Q" or index[0] <= index[1]]
    pick = (..., *np.array(indices).T)
    shift, predicted = sides.shift(name) / scale, sides.predicted(name) / scale
    runs = (sides.runs(name) - theory) / scale - shift
    labels = [f"{name}[{','.join(map(str, index))}]" for index in indices]
    return labels, runs[pick], predicted[pick], shift[pick]


def _scale(sides: Sides, name: str) -> Array:
    """√(Q_ii Q_jj), √(Q_ii P_rr), Q_ii, and the largest output weight, of the theory at that time, (T,...)."""
    theory, curves = sides.theory(name), sides.integration.curves
    if name == "output_weights":
        return np.maximum(np.abs(theory).max(axis=1, keepdims=True), 1e-300)
    if "M" in curves and ("Q" in curves or "q" in curves):
        sizes = norms(sides.integration)[1 : sides.times]
    else:
        sizes = np.ones((len(theory), theory.shape[1]))
    sizes = np.maximum(sizes, 1e-300)
    if name == "q":
        return sizes
    other = sizes[:, np.newaxis, :] if name[0] == "Q" else np.diag(sides.integration.P)
    return np.sqrt(sizes[:, :, np.newaxis] * other)
