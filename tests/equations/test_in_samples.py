"""Equations of schedules in samples: references, the old clock, and rates of 0."""

import json
import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.specs import merged

from sgdode import compare, integrate, load_spec, simulate
from sgdode.equations.in_samples import InSamples
from sgdode.model.schedule import Line, Schedule
from sgdode.model.schedules import SCHEDULES, ScheduleLaw
from sgdode.model.starts import Key
from sgdode.spec.build import clock

REFERENCE = Path(__file__).parents[1] / "reference" / "rules"
BASE = {
    "dimension": 1000,
    "teacher": {"width": 1, "noise": 0.1},
    "student": {"width": 2},
    "initial": {"kind": "overlaps", "Q": [[1.0, 0.2], [0.2, 0.8]], "M": [[0.3], [0.1]]},
    "time": {"stop": 20.0, "unit": "samples", "points": 6, "spacing": "linear"},
    "simulate": {"seeds": 200},
}


def scheduled(value, **changes):
    return load_spec(merged(BASE, {"learning_rate": {"gamma": 1.0, "schedule": value}}), changes)


def test_hold_then_power_is_the_reference():
    told = json.loads((REFERENCE / "rules_hold_then_power.json").read_text())
    start = {"kind": "overlaps", "Q": told["Q"], "M": told["M"]}
    alpha = np.array(told["samples_per_dimension"])
    time = {"start": 1.0, "stop": 80.0, "points": 80, "spacing": "linear", "unit": "samples"}
    spec = merged(BASE, {"learning_rate": told["keys"]["learning_rate"], "initial": start, "time": time})
    found = integrate(load_spec(spec))
    whole = alpha >= 1.0
    at = alpha[whole].astype(int)
    np.testing.assert_allclose(found.samples[at], alpha[whole], rtol=1e-12)
    np.testing.assert_allclose(found.time[at], np.array(told["time"])[whole], rtol=1e-9)
    np.testing.assert_allclose(found.risk[at], np.array(told["risk"])[whole], rtol=1e-6)


@dataclass(frozen=True)
class Exponential:
    """Linear in log γ between two rows."""

    left: float
    right: float
    low: float
    high: float

    def __call__(self, alpha):
        return self.low * (self.high / self.low) ** ((alpha - self.left) / (self.right - self.left))

    def smooth_over(self, alpha):
        return self.right - self.left


def geometric(values):
    rows = values["geometric"]
    pairs = list(pairwise(rows))
    shapes = [Exponential(left, right, low, high) for (left, low), (right, high) in pairs]
    starts = (*(left for (left, _), _ in pairs), rows[-1][0])
    return Schedule(starts, (*shapes, Line(*rows[-1])))


def test_a_new_schedule_is_one_record_and_gives_the_optimal_table_of_the_reference(monkeypatch):
    law = ScheduleLaw({"geometric": Key("matrix", None)}, geometric, "{geometric: [[α, factor], ...]}")
    monkeypatch.setitem(SCHEDULES, "geometric", law)
    told = json.loads((REFERENCE / "rules_optimal_table.json").read_text())
    rows = [list(row) for row in zip(told["schedule"]["alpha"], told["schedule"]["gamma"], strict=True)]
    rows[-1][0] = 80.0
    time = {"start": 1.0, "stop": 80.0, "points": 80, "spacing": "linear", "unit": "samples"}
    found = integrate(scheduled({"geometric": rows}, **{"time": time, "integrate.rtol": 1e-11}))
    np.testing.assert_allclose(found.risk[np.array(told["alpha"]).astype(int)], told["ode_risk"], rtol=1e-6)


BLOCKS = {"inputs": {"spectrum": {"blocks": [[0.2, 3], [0.8, 0.5]]}}, "initial": {"kind": "gaussian"}}
SYSTEMS = {"full": {}, "mean field": {"integrate": {"equations": "mean-field"}}, "blocks": BLOCKS}


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_power_of_t_gives_what_the_power_of_samples_gives(name):
    power, scale, rate = 0.7, 0.8, 0.5
    old = {"gamma": 1.0, "schedule": {"power": power, "time": scale}}
    new = {"gamma": 1.0, "schedule": {"power": power / (1 + power), "samples": scale / ((1 + power) * rate)}}
    base = {**BASE, **SYSTEMS[name]}
    tight = {"integrate.rtol": 1e-11}
    one, other = (integrate(load_spec({**base, "learning_rate": rates}, tight)) for rates in (old, new))
    np.testing.assert_allclose(other.time, one.time, rtol=1e-12)
    np.testing.assert_allclose(other.risk, one.risk, rtol=1e-8)


def test_nothing_moves_where_the_rate_is_zero():
    spec = scheduled({"table": [[0, 1], [4, 0], [12, 0], [16, 1]]}, **{"time.points": 20})
    found, runs = integrate(spec), simulate(spec.replace({"simulate.seeds": 2}))
    still = (found.samples >= 4) & (found.samples <= 12)
    assert still.sum() > 5
    assert np.ptp(found.time[still]) == np.ptp(found.risk[still]) == 0.0
    assert np.ptp(runs.risk[:, still], axis=1).tolist() == [0.0, 0.0]
    assert found.risk[-1] < 0.8 * found.risk[still][0]


SCHEDULED = {
    "power": {"power": 0.5, "samples": 2.0},
    "hold": {"hold": 5.0, "power": 1.0},
    "table": {"table": [[0, 0.2], [3, 1.0], [8, 0.5], [10, 0], [12, 0], [15, 0.3]]},
    "cosine": {"cosine": 15.0, "floor": 0.1},
    "warmed up": {"hold": 8.0, "power": 1.0, "warmup": 4.0},
}


@pytest.mark.parametrize("name", SCHEDULED)
def test_sgd_follows_the_equations_of_each_schedule(name):
    """4 s.e. + 3 δt on 200 seeds, and twice as far from those of another schedule."""
    spec = scheduled(SCHEDULED[name])
    runs, theory = simulate(spec), integrate(spec)
    np.testing.assert_array_equal(runs.time, theory.time)
    error = runs.risk.std(axis=0, ddof=1) / math.sqrt(len(runs.risk))
    allowed = 4 * error + 3 * spec.step_size * theory.risk
    assert (np.abs(runs.risk.mean(axis=0) - theory.risk) <= allowed).all()
    assert compare(runs, theory).agrees()
    wrong = integrate(spec.replace({"learning_rate.gamma": 1.2}))
    assert (np.abs(runs.risk.mean(axis=0) - wrong.risk) > 2 * allowed).any()


def test_the_piece_of_the_solver_goes_on():
    found = clock(scheduled({"hold": 5.0, "power": 1.0}))

    def rhs(t, y, ydot):
        ydot[:] = found.factor(t)

    course, ydot = InSamples(rhs, found), np.empty(1)
    course(6.0, np.zeros(1), ydot)
    assert ydot[0] == 0.5
    course.enter(5.0)
    course(6.0, np.zeros(1), ydot)
    assert ydot[0] == pytest.approx(0.5 * (5 / 6) ** 2, rel=1e-14)


def test_error_bars_of_a_schedule_in_samples():
    spec = scheduled({"hold": 5.0, "power": 1.0}, **{"integrate.fluctuations": True})
    theory, runs = integrate(spec), simulate(spec)
    ratio = runs.risk.std(axis=0, ddof=1)[1:] / theory.predicted("risk")[1:]
    assert np.all(np.abs(np.log(ratio)) < 0.25)
