"""``check`` and ``regimes``: derived numbers, the equations that `auto` takes and why, and costs that come true."""

import math
import time

import pytest
from support.specs import SMALL, merged

from sgdode import integrate, load_spec, simulate
from sgdode.equations.validity import expected_errors, plan
from sgdode.runs.check import as_text, forecast, placed
from sgdode.runs.cost import estimate

RUNS = {
    "small": {"dimension": 1000, "student": {"width": 4}, "learning_rate": 2.0, "time": {"stop": 100, "points": 50}},
    "wide": {"dimension": 1000, "student": {"width": 200}, "learning_rate": 100.0, "time": {"stop": 2, "points": 5}},
    "long": {"dimension": 1000, "student": {"width": 8}, "learning_rate": 2.0, "time": {"stop": 800, "points": 50}},
}


@pytest.mark.parametrize("name", RUNS)
def test_seconds_are_within_a_factor_of_two(name):
    """On a quiet machine; the best of three, as other programs may take the machine in between."""
    spec = load_spec(merged(SMALL, RUNS[name]))
    ratios = []
    for _ in range(3):
        expected = estimate(spec, "simulate", 1).seconds
        began = time.perf_counter()
        simulate(spec, jobs=1)
        ratios.append((time.perf_counter() - began) / expected)
        if 0.5 < ratios[-1] < 2:
            return
    pytest.fail(f"measured over estimated seconds: {ratios}")


def test_the_file_is_as_large_as_told(tmp_path):
    spec = load_spec(merged(SMALL, {"time": {"points": 500}, "student": {"width": 6}}))
    for command, engine in (("simulate", simulate), ("integrate", integrate)):
        size = engine(spec).save(tmp_path / "x.h5").stat().st_size
        assert 0.5 < estimate(spec, command, 1).bytes / size < 2


def test_auto_takes_what_suits_the_size():
    assert plan(load_spec(SMALL)).equations == "full"
    assert plan(load_spec(merged(SMALL, {"student": {"width": 2000}}))).equations == "mean-field"
    wide = {"student": {"width": "inf"}}
    assert plan(load_spec(merged(SMALL, wide))).equations == "mean-field"
    both = wide | {"dimension": "inf", "initial": {"kind": "in-teacher-span"}}
    assert plan(load_spec(merged(SMALL, both))).equations == "mean-field-high-d"
    asked = plan(load_spec(merged(SMALL, {"integrate": {"equations": "gradient-flow"}})))
    assert (asked.equations, asked.reason) == ("gradient-flow", "asked for in the spec")


def test_expected_errors_are_those_of_the_theorems():
    spec = load_spec(merged(SMALL, {"student": {"width": 400}}))
    errors = expected_errors(spec)
    step = math.sqrt(0.5 / (400 * 100))
    assert errors["full"] == pytest.approx(step)
    assert errors["mean-field"] == pytest.approx(step + 1 / 20 + 0.5 / 400)
    assert errors["mean-field-high-d"] == pytest.approx(errors["mean-field"] + 1 / 10)


def test_forecast_in_words_and_numbers():
    spec = load_spec(SMALL)
    found = forecast(spec, 1)
    assert (found["gamma"], found["dt"], found["steps"]) == (0.5, spec.step_size, 600)
    text = as_text(spec, found)
    assert "equations        full" in text
    assert "600 steps a seed" in text
    infinite = forecast(load_spec(merged(SMALL, {"student": {"width": "inf"}, "time": {"stop": 0.1}})), 1)
    assert infinite["steps"] is None
    assert [run["command"] for run in infinite["runs"]] == ["integrate"]
    assert "integrate alone" in infinite["warnings"][0]


def test_regimes_as_text():
    wide = load_spec(merged(SMALL, {"student": {"width": 2000}, "learning_rate": 1000, "name": "wide"}))
    text = placed([load_spec(SMALL), wide])
    assert "high-dimensional" in text
    assert "mean-field: p → ∞" in text
