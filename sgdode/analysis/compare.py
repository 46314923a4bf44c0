"""Simulation against equations: how far apart, in standard errors, and whether chance explains it.

The mean of SGD over runs is not the solution of the equations: at finite d it lies off by O(δt), δt = γ/(pd), and a
right theory must not fail for that with many seeds. Where the integration has fluctuations, it predicts this shift: the
deviation is taken from theory + shift, and half the shift, plus the spread of one run times the largest variance of an
overlap (the next order), is allowed. Without them 3 δt plus the largest observed variance of an overlap is allowed,
times the scale of the quantity (overlaps: 1, or their own size; risk: its largest value). z counts what lies beyond.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from sgdode.errors import UsageError
from sgdode.results.contents import by_dotted_key as settings
from sgdode.results.trajectory import Array, Trajectory

#: Default of ``max_z``: chance exceeds it once in 16000 comparisons, after the correction for many points.
MAX_Z = 4.0
#: The shift of the mean that is allowed, in units of δt.
SHIFT = 3.0
_QUANTITIES = ("risk", "M", "Q", "output_weights")
_SHOWN = ("time", "mean", "standard_error", "theory", "z", "allowance")
_OWN = ("name", "seed", "save", "simulate.", "integrate.")
_LARGEST = 37.0  # normal tails end here in double precision
_ROUND_OFF = {"float64": 1e-9, "float32": 1e-5}


@dataclass(frozen=True)
class Comparison:
    """Deviations at every saved t > 0, T of them.

    ``time`` (T,); for the excess risk ``mean``, ``standard_error``, ``theory``, ``z``, ``observed_std`` (T,) and
    ``predicted_std`` and ``shift`` (T,), the predicted deviation of the mean, where the integration has fluctuations;
    ``allowance`` (T,) is what a deviation of the risk from theory + shift may have before it counts in z. ``largest_z``
    is the largest |z| of all ``points`` (risk, M, Q and trained output weights at every time), at ``where``; ``max_z``
    is its equivalent for a single point, after correction for their number.
    """

    time: Array
    mean: Array
    standard_error: Array
    theory: Array
    z: Array
    observed_std: Array
    predicted_std: Array | None
    shift: Array | None
    allowance: Array
    seeds: int
    points: int
    largest_z: float
    where: str
    max_z: float

    def agrees(self, threshold: float = MAX_Z) -> bool:
        """Whether chance explains the largest deviation, at ``threshold`` normal standard deviations."""
        return self.max_z <= threshold

    def verdict(self, threshold: float = MAX_Z) -> str:
        """One line for a reader."""
        word = "agree" if self.agrees(threshold) else "DISAGREE"
        return (
            f"simulation and equations {word}: largest of {self.points} deviations {self.largest_z:.2f} standard "
            f"errors, {self.where}; corrected for their number {self.max_z:.2f} (allowed {threshold:g})"
        )

    def summary(self, threshold: float = MAX_Z) -> dict[str, Any]:
        """As JSON: numbers alone, none of them infinite."""
        curves = {name: getattr(self, name) for name in (*_SHOWN, "observed_std", "predicted_std", "shift")}
        return {
            "max_z": self.max_z,
            "where": self.where,
            "agrees": self.agrees(threshold),
            "verdict": self.verdict(threshold),
            "largest_z": self.largest_z,
            "points": self.points,
            "seeds": self.seeds,
            **{name: None if curve is None else curve.tolist() for name, curve in curves.items()},
        }


def compare(simulation: Trajectory, integration: Trajectory) -> Comparison:
    """Deviation of the mean over seeds from the equations.

    z uses the predicted standard deviation where the integration has one (``integrate.fluctuations``), else the
    observed one, with Student's t turned into its normal equivalent.
    Raises UsageError for files of different problems (and says what differs), or where z needs more seeds.
    """
    times = _check(simulation, integration)
    pair = _Pair(simulation, integration, times)
    scores = {name: pair.scores(name) for name in pair.names}
    points = int(sum(np.isfinite(z).sum() for z in scores.values()))
    name, index = max(
        ((name, np.unravel_index(np.nanargmax(np.abs(z)), z.shape)) for name, z in scores.items()),
        key=lambda item: abs(scores[item[0]][item[1]]),
    )
    largest = float(abs(scores[name][index]))
    inner = f"[{','.join(str(i) for i in index[1:])}]" if len(index) > 1 else ""
    risk = pair.runs("risk")
    return Comparison(
        time=simulation.time[1:times],
        mean=risk.mean(axis=0),
        standard_error=pair.standard_error("risk"),
        theory=integration.risk[1:times],
        z=scores["risk"],
        observed_std=_spread(risk),
        predicted_std=pair.predicted("risk"),
        shift=pair.predicted("risk", "shift"),
        allowance=pair.allowance("risk"),
        seeds=len(risk),
        points=points,
        largest_z=largest,
        where=f"{name}{inner} at t = {simulation.time[1 + index[0]]:.4g}",
        max_z=_corrected(largest, points),
    )


class _Pair:
    """A simulation and an integration on the same T saved times after t = 0."""

    def __init__(self, simulation: Trajectory, integration: Trajectory, times: int):
        self.simulation, self.integration, self.times = simulation, integration, times
        self.names = [name for name in _QUANTITIES if name in simulation.curves and name in integration.curves]
        if "risk" not in self.names:
            raise UsageError("compare needs the risk in both files; add it to `save`")
        self.seeds = len(simulation.risk)
        self.round_off = _ROUND_OFF[str(simulation.attributes.get("precision", "float64"))]
        self.step_size, self.variance = _step_size(simulation), self._variance()

    def runs(self, name: str) -> Array:
        """The simulated curves (S,T,...)."""
        return self.simulation.curves[name][:, 1 : self.times]

    def predicted(self, name: str, what: str = "std") -> Array | None:
        """The predicted standard deviation of one run, or shift of the mean (T,...)."""
        curve = self.integration.curves.get(f"{name}_{what}")
        return None if curve is None else curve[1 : self.times]

    def spread(self, name: str) -> Array:
        """The standard deviation of one run (T,...), predicted where it can be."""
        predicted = self.predicted(name)
        return _spread(self.runs(name)) if predicted is None else predicted

    def standard_error(self, name: str) -> Array:
        """That of the mean over runs (T,...)."""
        return self.spread(name) / np.sqrt(self.seeds)

    def _variance(self) -> Array:
        """The largest variance of an overlap (T,)."""
        if any(self.seeds < 2 and self.predicted(name) is None for name in self.names):
            raise UsageError(
                "one seed has no observed spread; simulate more seeds, or set integrate.fluctuations: true"
            )
        spreads = [self.spread(name).reshape(self.times - 1, -1) for name in self.names]
        return np.asarray(np.max(np.concatenate(spreads, axis=1), axis=1) ** 2)

    def allowance(self, name: str) -> Array:
        """The deviation (T,...) that shifts of the mean beyond the predicted one explain."""
        theory, shift = np.abs(self.integration.curves[name][1 : self.times]), self.predicted(name, "shift")
        variance = self.variance.reshape(-1, *[1] * (theory.ndim - 1))
        if shift is not None:
            return np.asarray(0.5 * np.abs(shift) + self.spread(name) * variance)
        scale = np.maximum(theory, theory.max() if name == "risk" else 1.0)
        return np.asarray(scale * (SHIFT * self.step_size + variance))

    def scores(self, name: str) -> Array:
        """z of the mean over seeds beyond the allowance, (T,...), finite; NaN below the diagonal of Q."""
        theory, shift = self.integration.curves[name][1 : self.times], self.predicted(name, "shift")
        deviation = self.runs(name).mean(axis=0) - theory - (0.0 if shift is None else shift)
        excess = np.maximum(np.abs(deviation) - self.allowance(name), 0.0)
        floor = self.round_off * np.maximum(np.abs(theory), 1e-3)
        ratio = excess / np.maximum(self.standard_error(name), floor)
        if self.predicted(name) is None:
            ratio = _normal_equivalent(ratio, self.seeds - 1)
        if name == "Q":
            ratio[:, *np.tril_indices(theory.shape[1], -1)] = np.nan
        return np.asarray(np.sign(deviation) * np.minimum(ratio, 1e6))


def _spread(runs: Array) -> Array:
    """Over runs (S,...); 0 for a single one."""
    return np.asarray(runs.std(axis=0, ddof=1)) if len(runs) > 1 else np.zeros(runs.shape[1:])


def _normal_equivalent(t: Array, degrees: int) -> Array:
    """The normal deviate that is as unlikely as Student's ``t`` ≥ 0."""
    from scipy import stats

    return np.minimum(stats.norm.isf(np.maximum(stats.t.sf(t, degrees), 1e-300)), _LARGEST)


def _step_size(simulation: Trajectory) -> float:
    """The largest δt of a simulation."""
    if simulation.step is None or len(simulation.time) < 2:
        raise UsageError("the simulation has no saved time after t = 0")
    return float(np.max(np.diff(simulation.time) / np.maximum(np.diff(simulation.step), 1)))


def _corrected(z: float, points: int) -> float:
    """The single-point z that is as unlikely as a largest |z| over ``points`` (Šidák)."""
    from scipy import stats

    if z <= 0 or z >= _LARGEST:
        return z
    chance = -np.expm1(points * np.log1p(-2.0 * stats.norm.sf(z)))
    return float(stats.norm.isf(chance / 2.0))


def _check(simulation: Trajectory, integration: Trajectory) -> int:
    """The number of saved times that both have. Raises UsageError for runs that cannot be compared."""
    for run, kind in ((simulation, "simulation"), (integration, "integration")):
        if run.kind != kind:
            got = f"{simulation.kind}, {integration.kind}"
            raise UsageError(f"compare needs a simulation, then an integration, in this order; got {got}")
    hashes = {run.attributes.get("problem_hash") for run in (simulation, integration)}
    if len(hashes - {None}) > 1:  # arrays of somebody's own have none
        raise UsageError("the files are of different problems: " + "; ".join(_differences(simulation, integration)))
    times = min(len(simulation.time), len(integration.time))
    if times < 2:
        raise UsageError("nothing to compare: a file has no saved time after t = 0")
    if not np.array_equal(simulation.time[:times], integration.time[:times]):
        raise UsageError("the files are of different problems: they are saved at different times")
    if simulation.P.shape != integration.P.shape or not np.array_equal(simulation.P, integration.P):
        raise UsageError("the files are of different problems: their teachers differ")
    return times


def _differences(simulation: Trajectory, integration: Trajectory) -> list[str]:
    one, other = (settings(json.loads(run.provenance.get("resolved") or "{}")) for run in (simulation, integration))
    keys = [key for key in {**one, **other} if one.get(key) != other.get(key) and not key.startswith(_OWN)]
    return [f"{key} is {_short(one.get(key))} and {_short(other.get(key))}" for key in keys] or [
        "a file that they refer to has changed between them"
    ]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 40 else text[:37] + "..."
