"""Simulation against equations: how far apart, in standard errors, and whether chance explains it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from sgdode.errors import UsageError
from sgdode.identity import settings
from sgdode.trajectory import Array, Trajectory

#: Default of ``max_z``: chance exceeds it once in 16000 comparisons, after the correction for many points.
MAX_Z = 4.0
_OWN = ("name", "seed", "save", "simulate.", "integrate.")


@dataclass(frozen=True)
class Comparison:
    """Deviations at every saved t > 0, T of them.

    ``time`` (T,); for the excess risk ``mean``, ``standard_error``, ``theory``, ``z``, ``observed_std`` (T,) and
    ``predicted_std`` (T,) where the integration has fluctuations. ``largest_z`` is the largest |z| of all ``points``
    (risk, M and Q at every time), at ``where``; ``max_z`` is its equivalent for a single point, after correction.
    """

    time: Array
    mean: Array
    standard_error: Array
    theory: Array
    z: Array
    observed_std: Array
    predicted_std: Array | None
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
            f"simulation and equations {word}: largest of {self.points} deviations {self.largest_z:.2f} standard errors, "
            f"{self.where}; corrected for their number {self.max_z:.2f} (allowed {threshold:g})"
        )


def compare(simulation: Trajectory, integration: Trajectory) -> Comparison:
    """Deviation of the mean over seeds from the equations.

    z uses the predicted standard deviation where the integration has one (``integrate.fluctuations``), else the
    observed one, with Student's t turned into its normal equivalent.
    Raises UsageError for files of different problems (and says what differs), or where z needs more seeds.
    """
    _check(simulation, integration)
    times = min(len(simulation.time), len(integration.time))
    scores = {
        name: _scores(simulation.curves[name][:, 1:times], integration, name, times)
        for name in ("risk", "M", "Q")
        if name in simulation.curves and name in integration.curves
    }
    if not scores:
        raise UsageError("the files share no saved quantity; save risk, M or Q in both")
    points = int(sum(np.isfinite(z).sum() for z in scores.values()))
    name, largest, index = max(
        (
            (name, float(np.nanmax(np.abs(z))), np.unravel_index(np.nanargmax(np.abs(z)), z.shape))
            for name, z in scores.items()
        ),
        key=lambda item: item[1],
    )
    t = simulation.time[1 + index[0]]
    inner = "".join(f"[{i}]" for i in index[1:])
    risk = (
        simulation.risk[:, 1:times] if "risk" in scores else np.full((len(simulation.curves[name]), times - 1), np.nan)
    )
    spread = risk.std(axis=0, ddof=1) if len(risk) > 1 else np.zeros(times - 1)
    return Comparison(
        time=simulation.time[1:times],
        mean=risk.mean(axis=0),
        standard_error=spread / np.sqrt(len(risk)),
        theory=integration.risk[1:times],
        z=scores["risk"],
        observed_std=spread,
        predicted_std=integration.curves["risk_std"][1:times] if "risk_std" in integration.curves else None,
        seeds=len(risk),
        points=points,
        largest_z=largest,
        where=f"{name}{inner} at t = {t:.4g}",
        max_z=_corrected(largest, points),
    )


def _scores(runs: Array, integration: Trajectory, name: str, times: int) -> Array:
    """z of the mean over seeds, shape (T, ...); NaN where nothing fluctuates."""
    from scipy import stats

    seeds = len(runs)
    theory = integration.curves[name][1:times]
    deviation = runs.mean(axis=0) - theory
    predicted = integration.curves.get(f"{name}_std")
    if predicted is not None:
        error = predicted[1:times] / np.sqrt(seeds)
    elif seeds > 1:
        error = runs.std(axis=0, ddof=1) / np.sqrt(seeds)
    else:
        raise UsageError("one seed has no observed spread; simulate more seeds, or set integrate.fluctuations: true")
    floor = 1e-9 * np.maximum(np.abs(theory), 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(error > floor, deviation / error, np.where(np.abs(deviation) > 1e3 * floor, np.inf, np.nan))
    if predicted is not None:
        return np.asarray(ratio)
    return np.asarray(np.sign(ratio) * stats.norm.isf(stats.t.sf(np.abs(ratio), seeds - 1)))


def _corrected(z: float, points: int) -> float:
    """The single-point z that is as unlikely as a largest |z| over ``points`` (Šidák)."""
    from scipy import stats

    chance = -np.expm1(points * np.log1p(-2.0 * stats.norm.sf(z))) if z < 37 else 0.0
    return float(stats.norm.isf(chance / 2.0)) if chance > 0 else min(z, 37.0)


def _check(simulation: Trajectory, integration: Trajectory) -> None:
    for run, kind in ((simulation, "simulation"), (integration, "integration")):
        if run.kind != kind:
            raise UsageError(
                f"compare needs a simulation, then an integration; {run.attributes.get('name')} is a {run.kind}"
            )
    if simulation.attributes.get("problem_hash") != integration.attributes.get("problem_hash"):
        raise UsageError("the files are of different problems: " + "; ".join(_differences(simulation, integration)))


def _differences(simulation: Trajectory, integration: Trajectory) -> list[str]:
    one, other = (settings(json.loads(run.provenance.get("resolved") or "{}")) for run in (simulation, integration))
    keys = [key for key in {**one, **other} if one.get(key) != other.get(key) and not key.startswith(_OWN)]
    return [f"{key} is {_short(one.get(key))} and {_short(other.get(key))}" for key in keys] or ["their starts differ"]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 40 else text[:37] + "..."
