"""The curves of one or several runs, ready to be drawn: averaged, selected, over the axis that was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sgdode.analysis.plateau import plateau
from sgdode.errors import OptionError, UsageError, nearest
from sgdode.plots.labels import differing, distinctions, engine, engine_settings, own_labels, phrase, same_problem
from sgdode.plots.view import ABSCISSAE, View
from sgdode.results.trajectory import Array, Trajectory


@dataclass(frozen=True)
class Series:
    """Runs that are drawn as one: a single file, or pooled files of different starts.

    ``hue`` numbers the problem (simulation and equations of one problem share it), ``problem`` says in what it differs
    from the others; ``maker`` is the engine that made the curves, ``rank`` numbers the makers of one kind; ``own`` is
    the label that the user gave it.
    """

    members: tuple[Trajectory, ...]
    hue: int
    problem: str
    maker: str
    rank: int = 0
    own: str | None = None
    note: str = ""

    @property
    def title(self) -> str:
        """What tells its curves from all others."""
        return self.own or ", ".join(filter(None, (self.problem, self.maker)))

    @property
    def first(self) -> Trajectory:
        """The run that stands for the others where they agree."""
        return self.members[0]

    @property
    def simulated(self) -> bool:
        """Whether these are runs of SGD: points rather than lines."""
        return self.first.kind == "simulation"

    @property
    def times(self) -> int:
        """The number of times that all members have reached."""
        return min(len(member.time) for member in self.members)

    def has(self, name: str) -> bool:
        """Whether every member has saved ``name``."""
        return all(name in member.curves for member in self.members)

    def samples(self, name: str, pick: Callable[[Array], Array] = lambda curve: curve) -> Array:
        """Independent samples (N,T,...) of ``pick(curve)``: the seeds of one file, or the means of pooled files.

        Runs from one start are not independent of each other as samples over starts: hence the average first.
        """
        return self.of(lambda member: pick(self._curve(member, name)))

    def of(self, measure: Callable[[Trajectory], Array]) -> Array:
        """Independent samples (N,T,...) of what ``measure`` makes of a member's curves, its seed axis kept."""
        curves = [measure(member) for member in self.members]
        if len(curves) == 1:
            return curves[0] if self.simulated else curves[0][np.newaxis]
        if self.simulated:
            curves = [curve.mean(axis=0) for curve in curves]
        return np.stack([curve[: self.times] for curve in curves])

    def abscissa(self, x: str) -> Array:
        """The horizontal values (T,)."""
        return abscissa(self.first, x)[: self.times]

    @staticmethod
    def _curve(member: Trajectory, name: str) -> Array:
        if name not in member.curves:
            raise UsageError(
                f"{label(member)}: {name} was not saved in this {member.kind} (saved: {', '.join(member.curves)}); "
                f"add it to `save` in the spec"
            )
        return np.asarray(member.curves[name], dtype=float)


def label(trajectory: Trajectory) -> str:
    """A run as it is called in errors."""
    return str(trajectory.attributes.get("name", trajectory.kind))


def mean_and_error(samples: Array) -> tuple[Array, Array | None]:
    """Mean over the samples (N,...) and its standard error, None for a single one."""
    count = len(samples)
    if count == 1:
        return samples[0], None
    with np.errstate(over="ignore", invalid="ignore"):
        return samples.mean(axis=0), samples.std(axis=0, ddof=1) / np.sqrt(count)


def abscissa(trajectory: Trajectory, x: str) -> Array:
    """The horizontal values (T,) of a run: t, step, samples = B·step, samples/d. Raises UsageError."""
    if x not in ABSCISSAE:
        raise OptionError("x", f"got {x!r}; allowed: {', '.join(ABSCISSAE)}{nearest(x, list(ABSCISSAE))}")
    if x == "t":
        return np.asarray(trajectory.time, dtype=float)
    if x == "samples/d" and trajectory.samples is not None:
        return np.asarray(trajectory.samples, dtype=float)
    if trajectory.step is None:
        why = "has no SGD steps (infinite width or dimension); t is what it has"
        raise OptionError("x", f"got {x!r}; {label(trajectory)} {why}")
    step = np.asarray(trajectory.step, dtype=float)
    if x == "step":
        return step
    samples = step * float(trajectory.attributes.get("batch_size", 1))
    return samples if x == "samples" else samples / _dimension_of(trajectory)


def _dimension_of(trajectory: Trajectory) -> float:
    if "dimension" not in trajectory.attributes:
        raise OptionError("x", f"got 'samples/d'; {label(trajectory)} does not say its dimension; t is what it has")
    return float(trajectory.attributes["dimension"])


def chosen(option: str, wanted: Iterable[int] | None, count: int, what: str, run: Trajectory) -> list[int]:
    """The zero-based indices ``wanted`` out of ``count``, all of them for None. Raises UsageError for another one."""
    if wanted is None:
        return list(range(count))
    indices = list(wanted)
    if not indices:
        raise OptionError(option, f"no index given; allowed: 0 to {count - 1}")
    if wrong := [index for index in indices if not 0 <= index < count]:
        raise OptionError(option, f"got {wrong[0]}; {label(run)} has {count} {what}, allowed: 0 to {count - 1}")
    return indices


def moments(view: View, runs: Sequence[Trajectory]) -> list[float]:
    """The times to show of the runs: that of a frame, those asked for, or t = 0, the last one and one between them, on
    a plateau if there is one.

    Raises UsageError for a time that a run has not reached.
    """
    if view.moment is not None:
        return [view.moment]
    last = min(float(run.time[-1]) for run in runs)
    if view.times is None:
        first = max(float(run.time[min(1, len(run.time) - 1)]) for run in runs)
        return [0.0, _middle(runs[0], first, last), last] if last > first else [0.0, last]
    for time in view.times:
        if not 0 <= time <= 1.001 * last:
            raise OptionError("times", f"got {time:g}; the files hold t = 0 to {last:g}")
    return list(view.times)


def _middle(run: Trajectory, first: float, last: float) -> float:
    """On the plateau, where there is one; else halfway in log t."""
    found = None
    if "risk" in run.curves:
        found = plateau(run.time, run.risk.mean(axis=0) if run.kind == "simulation" else run.risk)
    if found is not None and found.end is not None and found.end < last:
        first, last = found.start, found.end
    return math.sqrt(first * last)


def nearest_time(run: Trajectory, time: float) -> int:
    """The index of the saved time nearest to ``time``."""
    return int(np.argmin(np.abs(run.time - time)))


def arrange(trajectories: Sequence[Trajectory], view: View) -> list[Series]:
    """The runs as series: pooled where ``view.average`` asks for it, one hue a problem, one rank a maker."""
    problems = _gathered(trajectories, lambda a, b: same_problem(a, b, any_start=view.average))
    names = distinctions([problem[0] for problem in problems])
    found = []
    for hue, (problem, name) in enumerate(zip(problems, names, strict=True)):
        groups = _gathered(problem, _pooled_together) if view.average else [[run] for run in problem]
        _refuse_other_times(groups)
        found += [(tuple(group), hue, name, maker) for group, maker in zip(groups, _makers(groups), strict=True)]
    own = own_labels(trajectories, view.labels)
    ranks: dict[str, list[str]] = {"simulation": [], "integration": []}
    series = []
    for members, hue, name, maker in found:
        known = ranks[members[0].kind]
        if maker not in known:
            known.append(maker)
        series.append(Series(members, hue, name, maker, known.index(maker), own.get(id(members[0]))))
    return series


def _gathered(runs: Iterable[Trajectory], alike: Callable[[Trajectory, Trajectory], bool]) -> list[list[Trajectory]]:
    groups: list[list[Trajectory]] = []
    for run in runs:
        group = next((group for group in groups if alike(group[0], run)), None)
        if group is None:
            groups.append([run])
        else:
            group.append(run)
    return groups


def _pooled_together(one: Trajectory, other: Trajectory) -> bool:
    settings = [{key: value for key, value in engine_settings(run).items() if key != "seed"} for run in (one, other)]
    return one.kind == other.kind and engine(one) == engine(other) and settings[0] == settings[1]


def _refuse_other_times(groups: Sequence[Sequence[Trajectory]]) -> None:
    for group in groups:
        shortest = min(len(run.time) for run in group)
        for run in group[1:]:
            if not np.array_equal(run.time[:shortest], group[0].time[:shortest]):
                raise OptionError("average", f"{label(group[0])} and {label(run)} are saved at different times")


def _makers(groups: Sequence[Sequence[Trajectory]]) -> list[str]:
    """One label a group of one problem: its engine, and the settings in which it differs from the same engine."""
    names = [engine(group[0]) for group in groups]
    labels = []
    for group, name in zip(groups, names, strict=True):
        rivals = [engine_settings(other[0]) for other, its in zip(groups, names, strict=True) if its == name]
        mine = engine_settings(group[0])
        extra = [phrase(key.split(".")[-1], mine[key]) for key in differing(rivals) if key in mine]
        labels.append(", ".join([name, *extra]))
    return labels


def thinned(x: Array, most: int, phase: float = 0.0, log: bool = True) -> NDArray[np.int64]:
    """Indices of at most ``most`` of the increasing x, evenly spread in ``log`` x > 0, or in x; ``phase`` in [0, 1)
    shifts them."""
    if len(x) <= most:
        return np.arange(len(x))
    place = np.log(x / x[0]) if log else x - x[0]
    gap = place[-1] / most
    kept: list[int] = []
    foot = phase * gap
    for index, here in enumerate(place):
        if here >= foot - 1e-9 * gap and len(kept) < most:
            kept.append(index)
            foot = here + gap
    return np.array(kept, dtype=np.int64)
