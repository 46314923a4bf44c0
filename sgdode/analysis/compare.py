"""Simulation against equations: how far apart, in standard errors, and whether chance explains it.

Every saved time is judged by what is there: the deviation of the mean over seeds counts where it exceeds what a right
theory may be off by at that time (`allowance`), in standard errors of the runs (`deviation`), and so do the means over
the quarters of the saved times and over their last half. One number, ``max_z``, is the largest of all these, corrected
for how many they are: for those of the risk, of its logarithm where runs spread widely, of the overlaps, and of the
risk of averaged weights, and for these being several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sgdode.analysis.allowance import (
    PARTED,
    RiskDeviation,
    Sides,
    overlap_deviation,
    require_spread,
    risk_deviation,
)
from sgdode.analysis.deviation import Scores, corrected, ratio, scores, single, spread_of, windows
from sgdode.analysis.matching import common_times
from sgdode.notebook import table
from sgdode.results.trajectory import LARGEST_RISK_ERROR, Array, Trajectory

Word = Literal["agree", "DISAGREE", "cannot decide"]

#: Default of ``max_z``: chance exceeds it once in a hundred comparisons of right equations.
MAX_Z = 2.6
#: A time is decided where a relative deviation of this size, at it or in the mean over its quarter, would be found.
LARGE = 0.5
#: The share of the saved times that must be decided for the word "agree".
MOST = 0.5
_CURVES = (
    "time", "mean", "standard_error", "theory", "shift", "raw_z", "allowed", "z", "detectable", "stated_error",
    "observed_std", "predicted_std",
)  # fmt: skip


@dataclass(frozen=True)
class Window:
    """The mean relative deviation of the risk over the times ``start`` to ``stop``; its numbers as in `Comparison`,
    ``allowed`` relative to the risk at each time. NaN where nothing in it is judged."""

    start: float
    stop: float
    raw_z: float
    allowed: float
    z: float
    detectable: float


@dataclass(frozen=True, repr=False)
class Comparison:
    """Deviations at every saved t > 0, T of them; ``z`` and ``detectable`` are NaN where the stated error of the risk
    leaves no verdict.

    For the excess risk, (T,) each: ``mean`` over runs, its ``standard_error``, ``theory``; ``shift``, the predicted
    deviation of the mean, and ``predicted_std`` of one run, None where the integration has no fluctuations;
    ``observed_std``; ``raw_z`` = (mean − theory − shift)/standard_error; ``allowed``, the deviation that a right theory
    may have at that time, in units of the risk; ``z`` of what exceeds it, 0 where nothing does; ``detectable``, the
    smallest deviation that would have been found (in every second try, at ``MAX_Z``), relative to the risk;
    ``stated_error`` of the risk, in its units; ``decided``, where ``detectable``, or that of the quarter of the times,
    is at most ``LARGE``, or all risks are zero to within round-off. ``windows``: the quarters of the times and the last
    half. ``parted`` (T,): where the overlaps of the runs differ by so much that they are not judged.

    ``largest_z`` is the largest z of all ``points``, at ``where``; ``risk_z`` and ``overlap_z`` are those of the risk
    (or its logarithm) and of the overlaps after correction for their number, ``max_z`` the larger one after correction
    for there being two of them, or three.
    """

    time: Array
    mean: Array
    standard_error: Array
    theory: Array
    shift: Array | None
    raw_z: Array
    allowed: Array
    z: Array
    detectable: Array
    stated_error: Array
    observed_std: Array
    predicted_std: Array | None
    decided: NDArray[np.bool_]
    parted: NDArray[np.bool_]
    windows: tuple[Window, ...]
    seeds: int
    points: int
    largest_z: float
    where: str
    risk_z: float
    overlap_z: float
    max_z: float

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.time)} times, {self.seeds} seeds: {self.verdict()}>"

    def _repr_html_(self) -> str:
        rows: list[Sequence[object]] = [("over t", "raw z", "allowed", "z", "finds")]
        for part in self.windows:
            numbers = (part.raw_z, part.allowed, part.z, part.detectable)
            rows.append((f"{part.start:.4g} to {part.stop:.4g}", *(f"{number:.3g}" for number in numbers)))
        return table(f"{self.word()}: {self.where}", rows, "\n".join([self.verdict(), *self.notes()]))

    def word(self, threshold: float = MAX_Z) -> Word:
        """DISAGREE beyond ``threshold``; agree where, besides, more than half of the times are decided."""
        if self.max_z > threshold:
            return "DISAGREE"
        return "agree" if self.decided.mean() > MOST else "cannot decide"

    def agrees(self, threshold: float = MAX_Z) -> bool:
        """Whether chance explains the largest deviation, and a large one would have been found."""
        return self.word(threshold) == "agree"

    def verdict(self, threshold: float = MAX_Z) -> str:
        """One line for a reader: the word, over which times it decides, and what would have been found."""
        return _sentence(self, threshold)

    def notes(self) -> list[str]:
        """Lines on where nothing is decided, or overlaps are not judged, and why."""
        return _notes(self)

    def summary(self, threshold: float = MAX_Z) -> dict[str, Any]:
        """As JSON: numbers alone, null for what is not judged."""
        parts = [{name: _plain(value) for name, value in vars(window).items()} for window in self.windows]
        return {
            "verdict": self.word(threshold),
            "text": " ".join([self.verdict(threshold), *self.notes()]),
            "agrees": self.agrees(threshold),
            "max_z": self.max_z,
            "threshold": threshold,
            "where": self.where,
            "largest_z": self.largest_z,
            "risk_z": self.risk_z,
            "overlap_z": self.overlap_z,
            "points": self.points,
            "seeds": self.seeds,
            **{name: _listed(getattr(self, name)) for name in _CURVES},
            "decided": self.decided.tolist(),
            "windows": parts,
        }


def compare(simulation: Trajectory | str | Path, integration: Trajectory | str | Path) -> Comparison:
    """Deviation of the mean over seeds from the equations, at every saved time and over windows of them; of results, or
    of the files that hold them.

    Raises FileError for a file that cannot be read, UsageError for files of different problems (and says what differs),
    or where z needs more seeds.
    """
    runs, theory = Trajectory.of(simulation), Trajectory.of(integration)
    sides = Sides(runs, theory, common_times(runs, theory))
    require_spread(sides)
    overlaps = overlap_deviation(sides)
    risk = risk_deviation(sides, overlaps.largest)
    families = [(scores(risk.deviation), ["risk"]), (scores(risk.logarithm), ["log risk"])]
    if overlaps.deviation is not None:
        families.append((scores(overlaps.deviation), overlaps.labels))
    if sides.has("risk_average"):
        averaged = risk_deviation(sides.of_average(), overlaps.largest)
        families.append((scores(averaged.deviation), ["risk_average"]))
    found = families[0][0]
    chances = [part.corrected() for part, _ in families]
    of_overlaps = [chance for chance, (_, labels) in zip(chances, families, strict=True) if labels is overlaps.labels]
    count = max(2, sum(part.points > 0 for part, _ in families))
    worst, labels = families[int(np.argmax(chances))]
    return Comparison(
        **_risk_columns(sides, risk, found, single(MAX_Z, count)),
        parted=overlaps.largest > PARTED if of_overlaps else np.zeros(sides.times - 1, dtype=bool),
        seeds=sides.seeds,
        points=sum(part.points for part, _ in families),
        largest_z=worst.largest,
        where=_where(sides, worst, labels),
        risk_z=max(chances[:2]),
        overlap_z=max(of_overlaps, default=0.0),
        max_z=corrected(max(chances), count),
    )


def _risk_columns(sides: Sides, risk: RiskDeviation, found: Scores, threshold: float) -> dict[str, Any]:
    """What a comparison says of the risk at the T times and over the windows; it finds what exceeds ``threshold``."""
    times, scale = sides.times - 1, risk.scale
    raw, z = ratio(found.mean, found.error)[:, 0], (np.sign(found.mean) * found.z)[:, 0]
    least = found.smallest_found(threshold)[:, 0]
    predicted = sides.predicted("risk")
    known = bool(np.isfinite(predicted).any())
    parts = zip(windows(times), raw[times:], found.allowed[times:, 0], z[times:], least[times:], strict=True)
    return {
        "time": sides.time,
        "mean": sides.runs("risk").mean(axis=0),
        "standard_error": found.error[:times, 0] * scale,
        "theory": sides.theory("risk"),
        "shift": sides.shift("risk") if known else None,
        "raw_z": raw[:times],
        "allowed": found.allowed[:times, 0] * scale,
        "z": z[:times],
        "detectable": least[:times],
        "stated_error": sides.stated(),
        "observed_std": spread_of(sides.runs("risk")),
        "predicted_std": predicted if known else None,
        "decided": (_decided(least, times) | risk.zero) & risk.deviation.judged,
        "windows": tuple(
            Window(float(sides.time[part][0]), float(sides.time[part][-1]), *map(float, values))
            for part, *values in parts
        ),
    }


def _decided(least: Array, times: int) -> NDArray[np.bool_]:
    """Where (T,) a large deviation would be found, of that time or of the quarter that it lies in, from the smallest
    ones that would be (T + 5,)."""
    found = least <= LARGE  # False where NaN
    decided = found[:times].copy()
    for part, enough in zip(windows(times)[:-1], found[times:-1], strict=True):
        decided[part] |= enough
    return np.asarray(decided)


def _where(sides: Sides, found: Scores, labels: list[str]) -> str:
    """The place of the largest z, for a reader."""
    if not found.points:
        return "nowhere"
    at, entry = np.unravel_index(np.nanargmax(found.z), found.z.shape)
    times = sides.time
    if at < len(times):
        return f"{labels[entry]} at t = {times[at]:.4g}"
    part = times[windows(len(times))[at - len(times)]]
    return f"{labels[entry]} over t = {part[0]:.4g} to {part[-1]:.4g}"


def _listed(curve: Array | None) -> list[float | None] | None:
    return None if curve is None else [_plain(value) for value in curve]


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _sentence(found: Comparison, threshold: float) -> str:
    """One line: the word, over which times it decides, and what would have been found."""
    word = found.word(threshold)
    reach = f"{_spans(found.time, found.decided)}" if found.decided.any() else "no time"
    last = found.windows[-1].detectable
    share = f"{100 * last:.2g}%" if last < 1 else f"{last:.2g} times"
    power = f"; an error of {share} of the risk over the last half would have been found" if np.isfinite(last) else ""
    start = {
        "DISAGREE": "simulation and equations DISAGREE",
        "agree": f"simulation and equations agree at {reach}{power}",
        "cannot decide": f"cannot decide whether simulation and equations agree (decided at {reach}{power})",
    }[word]
    return (
        f"{start}: largest z of {found.points} deviations {found.largest_z:.2f}, {found.where}; corrected for their "
        f"number {found.max_z:.2f} (allowed {threshold:g})"
    )


def _notes(found: Comparison) -> list[str]:
    """Lines on where nothing is decided, or overlaps are not judged, and why."""
    unknown = np.isnan(found.z)
    stated = unknown & (found.stated_error > LARGEST_RISK_ERROR * np.abs(found.theory))
    cases = (
        (stated, f"nothing is decided at {{}}: the stated error of the risk is above {LARGEST_RISK_ERROR:.0%} of it"),
        (unknown & ~stated, "nothing is decided at {}: one run, and no predicted spread"),
        (
            ~found.decided & ~unknown,
            f"nothing is decided at {{}}: only a risk off by more than {LARGE:.0%} would be found (more seeds help)",
        ),
        (
            found.parted,
            f"overlaps are not judged at {{}}: they differ between runs by more than {PARTED:g} of their scale, as "
            "where runs specialise to different teachers",
        ),
    )
    return [line.format(_spans(found.time, mask)) for mask, line in cases if mask.any()]


def _spans(time: Array, mask: NDArray[np.bool_]) -> str:
    """The times where ``mask``, as runs of neighbours: "t = 0.1 to 2, 8"."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    parts = zip(edges[::2], edges[1::2] - 1, strict=True)
    return "t = " + ", ".join(f"{time[a]:.3g}" if a == b else f"{time[a]:.3g} to {time[b]:.3g}" for a, b in parts)
