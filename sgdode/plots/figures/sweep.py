"""A sweep: the final risk, a plateau or a time to threshold against one key of the spec, or as a map over two."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from sgdode.analysis.plateau import Plateau, floor, plateau
from sgdode.errors import OptionError, UsageError, nearest
from sgdode.plots.labels import SYMBOLS, differing, engine, own_labels, parameters, phrase
from sgdode.plots.style import MARKERS, hues, lighter, log_axis, log_limits, place_legend, plain_numbers, single_axes
from sgdode.plots.view import View
from sgdode.results.crossing import times_below
from sgdode.results.trajectory import Array, Trajectory

#: Settings that the attributes of a file hold in their resolved form, by their symbol's key.
_RESOLVED = {
    "dimension": "dimension",
    "student.width": "student_width",
    "teacher.width": "teacher_width",
    "teacher.noise": "noise",
    "learning_rate.gamma": "gamma",
}
_SYMBOLS = {"d": "dimension", "p": "student.width", "k": "teacher.width", "gamma": "learning_rate.gamma"}
_SYMBOLS |= {"Delta": "teacher.noise"}
_SEEDS = ("initial.seed", "seed")


class Measure(NamedTuple):
    """What is drawn: its ``name``, and its value for each curve (S,T) of a run over its times, (S,)."""

    name: str
    of: Callable[[Array, Array], Array]


def draw_sweep(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """``view.of`` against the key ``view.x``: SGD as points, mean ± standard error over seeds and starts, the equations
    as lines, one colour for every setting of the other keys. Where runs have 10 values or more at a place, each is a
    faint point. With ``view.y`` a map over both keys: of SGD if there is, else of the equations.

    Raises UsageError for a key or a measure that there is not.
    """
    measure = measure_of(view.of)
    x, y = _key(trajectories, view.x, "x"), None if view.y is None else _key(trajectories, view.y, "y")
    axes = single_axes(figure, view)
    if y is None:
        _lines(axes, trajectories, view, measure, x)
    else:
        _map(figure, axes, trajectories, view, measure, (x, y))


def measure_of(of: str) -> Measure:
    """The measure by its name. Raises UsageError for another one."""
    name, _, level = of.partition(":")
    flat = {"plateau": plateau, "floor": floor}
    if name == "final_risk":
        return Measure("final excess risk", lambda time, risk: risk[..., -1])
    if name in flat:
        return Measure(f"excess risk of the {name}", lambda time, risk: _levels(flat[name], time, risk))
    try:
        below = float(level)
    except ValueError:
        below = -1.0
    if name != "time_below" or not 0 < below < math.inf:
        allowed = "final_risk, plateau, floor, time_below:R (as in time_below:1e-3)"
        raise OptionError(
            "of", f"got {of!r}; allowed: {allowed}{nearest(name, ['final_risk', 'plateau', 'time_below'])}"
        )
    return Measure(f"$t$ at which the risk falls below {below:g}", lambda time, risk: times_below(time, risk, below))


def _levels(find: Callable[[Array, Array], Plateau | None], time: Array, risk: Array) -> Array:
    """Of every curve (S,T) that has one, else NaN, (S,)."""
    found = [find(time, one) for one in risk]
    return np.array([math.nan if one is None else one.risk for one in found])


def _key(runs: Sequence[Trajectory], key: str, option: str) -> str:
    """The dotted key that is meant. Raises UsageError for one that no file has, or that is no number."""
    known = list(dict.fromkeys(name for run in runs for name in run.settings))
    varies = differing([dict(run.settings) for run in runs])
    told = f"; these differ: {', '.join(name for name in varies if name != 'name')}" if varies else ""
    if not key:
        raise OptionError(option, f"the figure sweep is drawn against a key of the spec{told}")
    key = _SYMBOLS.get(key, key)
    if key not in known:
        ends = [name for name in known if name.rpartition(".")[2] == key]
        if len(ends) != 1:
            raise OptionError(option, f"got {key!r}; no such key{nearest(key, known)}{told}")
        key = ends[0]
    for run in runs:
        if not isinstance(_value(run, key), int | float):
            raise OptionError(option, f"{key} is {_value(run, key)!r} in a file, and no number to draw against")
    return key


def _value(run: Trajectory, key: str) -> object:
    if key in _RESOLVED and _RESOLVED[key] in run.attributes and key != "learning_rate.gamma":
        return run.attributes[_RESOLVED[key]]
    value = run.settings.get(key)
    return math.inf if value == "inf" else value


def _number(run: Trajectory, key: str) -> float:
    value = _value(run, key)
    return float(value) if isinstance(value, int | float) else math.nan


def _samples(runs: Sequence[Trajectory], measure: Measure) -> Array:
    """One value a seed and start, (N,): those of a start are one sample where there are several starts."""
    found = []
    for run in runs:
        if "risk" not in run.curves:
            raise UsageError(
                f"{run.attributes.get('name', run.kind)}: risk was not saved; add it to `save` in the spec"
            )
        found.append(measure.of(run.time, np.atleast_2d(run.risk)))
    if len(found) == 1:
        return found[0]
    with np.errstate(all="ignore"):
        return np.array([np.nanmean(one) if np.isfinite(one).any() else math.nan for one in found])


def _lines(axes: Axes, runs: Sequence[Trajectory], view: View, measure: Measure, key: str) -> None:
    groups = _grouped(runs, key, view)
    colours = hues(1 + max(hue for hue, _, _ in groups))
    drawn, several = [], len({hue for hue, _, _ in groups}) > 1
    for hue, told, its in groups:
        at = sorted({_number(run, key) for run in its})
        samples = [_samples([run for run in its if _number(run, key) == x], measure) for x in at]
        name = told if several or view.labels else ""
        title = ", ".join(filter(None, [name, _maker(its, samples)]))
        drawn += _curve(axes, (np.array(at), samples), colours[hue], its[0].kind == "simulation", title)
    x, values = (np.concatenate(part) for part in zip(*drawn, strict=True))
    if not (values > 0).any():
        raise UsageError(f"nothing to draw: no {measure.name} in the files")
    _scale(axes, "x", x, view.xlim, view.log_x and _spread(x))
    if len(places := np.unique(x)) <= _FEW:
        axes.set_xticks(places, [f"{value:.3g}" for value in places])
        axes.set_xticks([], minor=True)
    _scale(axes, "y", values[np.isfinite(values)], view.ylim, view.log_y)
    axes.set(xlabel=key_label(key), ylabel=measure.name)
    handles, labels = axes.get_legend_handles_labels()
    place_legend(axes, handles, labels, view)


def _maker(runs: Sequence[Trajectory], samples: Sequence[Array]) -> str:
    counts = sorted({len(one) for one in samples})
    if runs[0].kind == "integration":
        return engine(runs[0]) + (f", mean of {counts[-1]} starts" if counts[-1] > 1 else "")
    many = " to ".join(str(count) for count in sorted({counts[0], counts[-1]}))
    return f"{engine(runs[0])}, mean ± s.e. of {many}" if counts[-1] > 1 else engine(runs[0])


def _curve(
    axes: Axes, data: tuple[Array, Sequence[Array]], colour: str, simulated: bool, title: str
) -> list[tuple[Array, Array]]:
    """One line; gives what it covers."""
    x, samples = data
    with np.errstate(all="ignore"):
        good = [one[np.isfinite(one)] for one in samples]
        mean = np.array([one.mean() if len(one) else math.nan for one in good])
        error = np.array([one.std(ddof=1) / math.sqrt(len(one)) if len(one) > 1 else 0.0 for one in good])
    if not simulated:
        axes.plot(x, mean, color=colour, label=title, marker="." if len(x) < 30 else None, zorder=3)
        return [(x, mean)]
    for place, one in zip(x, good, strict=True):
        if len(one) >= _MANY:
            axes.plot(np.full(len(one), place), one, ".", ms=2.5, color=lighter(colour, 0.6), zorder=2, label="_each")
    axes.errorbar(
        x,
        mean,
        yerr=error,
        fmt=MARKERS[0],
        color=colour,
        mfc=lighter(colour),
        mew=0.7,
        elinewidth=0.8,
        label=title,
        zorder=4,
    )
    every = [(np.full(len(one), place), one) for place, one in zip(x, good, strict=True) if len(one) >= _MANY]
    return [(x, mean), (x, mean + error), *every]


#: Values of a key that all stand at the axis.
_FEW = 8
#: Runs at one place of which each is drawn.
_MANY = 10


def _grouped(runs: Sequence[Trajectory], key: str, view: View) -> list[tuple[int, str, list[Trajectory]]]:
    """Runs of one line: (colour, label, runs); SGD and equations of the same settings share a colour."""
    own = own_labels(runs, view.labels)
    ignored = {key, *_SEEDS} | ({_RESOLVED[key]} if key in _RESOLVED else set())
    records = [{name: value for name, value in parameters(run).items() if name not in ignored} for run in runs]
    if key == "learning_rate.gamma":
        records = [{name: value for name, value in record.items() if name != "gamma"} for record in records]
    keys = differing(records)
    found: dict[str, dict[str, list[Trajectory]]] = {}
    for run, record in zip(runs, records, strict=True):
        told = own.get(id(run)) or ", ".join(phrase(name, record[name], 4) for name in keys if name in record)
        found.setdefault(told, {}).setdefault(engine(run), []).append(run)
    return [(hue, told, its) for hue, (told, makers) in enumerate(found.items()) for its in makers.values()]


def _map(
    figure: Figure, axes: Axes, runs: Sequence[Trajectory], view: View, measure: Measure, keys: tuple[str, str]
) -> None:
    """A map over two keys, the mean over all else."""
    kinds = {run.kind for run in runs}
    shown = [run for run in runs if run.kind == "simulation"] if "simulation" in kinds else list(runs)
    x, y = (sorted({_number(run, key) for run in shown}) for key in keys)
    values = np.full((len(y), len(x)), math.nan)
    for row, up in enumerate(y):
        for column, across in enumerate(x):
            its = [run for run in shown if (_number(run, keys[0]), _number(run, keys[1])) == (across, up)]
            its_values = _samples(its, measure) if its else np.array([])
            if np.isfinite(its_values).any():
                values[row, column] = np.nanmean(its_values)
    good = values[np.isfinite(values)]
    if not len(good):
        raise UsageError(f"nothing to draw: no {measure.name} in the files")
    log = view.log_y and bool((good > 0).all()) and _spread(good)
    norm = (LogNorm if log else Normalize)(good.min(), good.max())
    mesh = axes.pcolormesh(*_edges(x, y, view), values, norm=norm, cmap="viridis", rasterized=True)
    axes.set_facecolor("0.85")  # what no file tells of
    for axis, centres in (("x", x), ("y", y)):
        _ticks(axes, axis, np.array(centres))
    axes.set(xlabel=key_label(keys[0]), ylabel=key_label(keys[1]))
    engines = ", ".join(dict.fromkeys(engine(run) for run in shown))
    figure.colorbar(mesh, ax=axes, label=f"{measure.name}\n({engines})")


def _edges(x: Sequence[float], y: Sequence[float], view: View) -> tuple[Array, Array]:
    return _between(np.array(x)), _between(np.array(y))


def _between(centres: Array) -> Array:
    """Edges of cells around increasing centres, halfway in their logarithms where these are evenly spread."""
    if len(centres) == 1:
        return np.array([centres[0] / 1.5, centres[0] * 1.5]) if centres[0] > 0 else centres[0] + np.array([-0.5, 0.5])
    log = _spread(centres)
    place = np.log(centres) if log else centres
    inner = (place[1:] + place[:-1]) / 2
    edges = np.concatenate([[2 * place[0] - inner[0]], inner, [2 * place[-1] - inner[-1]]])
    return np.exp(edges) if log else edges


def _spread(values: Array) -> bool:
    """Whether values are over more than a factor of four, and above 0: then their logarithms count."""
    return bool((values > 0).all() and values.max() > 4 * values.min())


def _ticks(axes: Axes, axis: str, centres: Array) -> None:
    place = getattr(axes, f"{axis}axis")
    getattr(axes, f"set_{axis}scale")("log" if _spread(centres) else "linear")
    if len(centres) <= _FEW:
        getattr(axes, f"set_{axis}ticks")(centres, [f"{value:.3g}" for value in centres])
        getattr(axes, f"set_{axis}ticks")([], minor=True)
    elif _spread(centres):
        log_axis(place)


def _scale(axes: Axes, axis: str, values: Array, limits: tuple[float, float] | None, log: bool) -> None:
    place = getattr(axes, f"{axis}axis")
    if log:
        positive = values[values > 0]
        getattr(axes, f"set_{axis}scale")("log")
        getattr(axes, f"set_{axis}lim")(limits or log_limits(positive, 0.05))
        log_axis(place)
        return
    if limits is not None:
        getattr(axes, f"set_{axis}lim")(limits)
    elif axis == "y":
        axes.set_ylim(0.0, 1.05 * float(values.max()))
    plain_numbers(place)


def key_label(key: str) -> str:
    """A key as the label of an axis: its symbol, and what it is called in the spec."""
    symbol = SYMBOLS.get(_RESOLVED.get(key, key))
    return f"{key} ${symbol}$" if symbol else key
