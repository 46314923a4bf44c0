"""Schedules of the learning rate in samples per dimension α = νB/d, one record each, in one dict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sgdode.model.starts import Key

if TYPE_CHECKING:
    from sgdode.model.schedule import Schedule


@dataclass(frozen=True)
class ScheduleLaw:
    """``keys`` of the spec; ``pieces(values)``: the starts and shapes; ``form``: how it is written; ``meaning``: one
    line for a reader; ``fault(values)``: what is wrong with values that are each allowed, None where nothing is."""

    keys: Mapping[str, Key]
    pieces: Callable[[Mapping[str, Any]], Schedule]
    form: str
    meaning: str = ""
    fault: Callable[[Mapping[str, Any]], str | None] = field(default=lambda values: None)


def _power(values: Mapping[str, Any]) -> Schedule:
    from sgdode.model.schedule import Fall, Schedule

    return Schedule((0.0,), (Fall(values["samples"], values["power"], values["samples"]),))


def _hold(values: Mapping[str, Any]) -> Schedule:
    from sgdode.model.schedule import Fall, Line, Schedule

    return Schedule((0.0, values["hold"]), (Line(0.0, 1.0), Fall(values["hold"], values["power"])))


def _table(values: Mapping[str, Any]) -> Schedule:
    """Straight lines between the rows, constant before and after them."""
    from sgdode.model.schedule import Line, Schedule

    rows = values["table"]
    starts, shapes = [0.0], [Line(0.0, rows[0][1])]
    for (left, low), (right, high) in pairwise(rows):
        line = Line(left, low, (high - low) / (right - left))
        if left == 0.0:
            shapes[0] = line
        else:
            starts.append(left)
            shapes.append(line)
    if rows[-1][0] > 0.0:
        starts.append(rows[-1][0])
        shapes.append(Line(rows[-1][0], rows[-1][1]))
    return Schedule(tuple(starts), tuple(shapes))


def table_fault(values: Mapping[str, Any]) -> str | None:
    """What is wrong with the rows of a table."""
    rows = values["table"]
    if not rows or any(len(row) != 2 for row in rows):
        return "must be rows of two numbers, [[samples per dimension, factor of gamma], ...]"
    for place, (alpha, factor) in enumerate(rows):
        if not (math.isfinite(alpha) and math.isfinite(factor)):
            return f"row {place + 1}: got {alpha:g} and {factor:g}; must be finite numbers"
        if alpha < 0:
            return f"row {place + 1}: got {alpha:g} samples per dimension; must be 0 or above"
        if factor < 0:
            return f"row {place + 1}: got the factor {factor:g}; γ must be 0 or above"
        if place and alpha <= rows[place - 1][0]:
            return f"row {place + 1}: got {alpha:g} after {rows[place - 1][0]:g}; samples per dimension must increase"
    if not any(factor > 0 for _, factor in rows):
        return "all factors are 0: nothing would move"
    return None


def _cosine(values: Mapping[str, Any]) -> Schedule:
    from sgdode.model.schedule import HalfWave, Line, Schedule

    end, floor = values["cosine"], values["floor"]
    return Schedule((0.0, end), (HalfWave(end, floor), Line(end, floor)))


def _constant(values: Mapping[str, Any]) -> Schedule:
    from sgdode.model.schedule import Line, Schedule

    return Schedule((0.0,), (Line(0.0, 1.0),))


#: γ rises as α/warmup until there, in any of the schedules.
WARMUP = Key("number", None, 0.0, above=True, meaning="α_w: γ rises in proportion to α until there")

SCHEDULES: dict[str, ScheduleLaw] = {
    "power": ScheduleLaw(
        {
            "power": Key("number", None, 0.0, 1000.0, meaning="β of the power that γ falls by, of t or of α"),
            "samples": Key("number", None, 0.0, above=True, meaning="α0 of γ (1 + α/α0)^(−β), α samples per dimension"),
        },
        _power,
        "{power: β, samples: α0}",
        "γ (1 + α/α0)^(−β)",
    ),
    "hold": ScheduleLaw(
        {
            "hold": Key("number", None, 0.0, above=True, meaning="α0 until which γ is held; then it falls as α^(−β)"),
            "power": Key("number", None, 0.0, 1000.0, meaning="β of the power that γ falls by, of t or of α"),
        },
        _hold,
        "{hold: α0, power: β}",
        "γ min(1, α0/α)^β",
    ),
    "table": ScheduleLaw(
        {"table": Key("matrix", None, meaning="rows [α, factor of gamma], linear between, constant outside")},
        _table,
        "{table: [[α, factor], ...]}",
        "linear between the rows, constant outside",
        table_fault,
    ),
    "cosine": ScheduleLaw(
        {
            "cosine": Key("number", None, 0.0, above=True, meaning="α_end at which half a wave of cosine ends"),
            "floor": Key("number", 0.0, 0.0, 1.0, meaning="the factor of gamma that a cosine ends at, and stays"),
        },
        _cosine,
        "{cosine: α_end, floor: f}",
        "γ [f + (1 − f)(1 + cos(πα/α_end))/2], then γ f",
    ),
    "warmup": ScheduleLaw({"warmup": WARMUP}, _constant, "{warmup: α_w}", "γ min(1, α/α_w)"),
}


def schedule_of(name: str, values: Mapping[str, Any]) -> Schedule:
    """The schedule of a law of ``SCHEDULES`` with the values of its keys, and a warm-up where ``warmup`` is one."""
    from sgdode.model.schedule import warmed_up

    found = SCHEDULES[name].pieces(values)
    until = values.get("warmup")
    return found if until is None else warmed_up(found, until)
