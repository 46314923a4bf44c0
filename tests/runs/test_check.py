"""``check`` and ``regimes``: derived numbers, and the equations that `auto` takes and why."""

from support.specs import SMALL, merged

from sgdode import load_spec
from sgdode.runs.check import as_text, duration, forecast, placed


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


def test_a_step_beyond_the_equations_is_told_before_the_run(small):
    spec = small(dimension=10**9, student={"width": 200}, learning_rate=1000.0, integrate={"equations": "mean-field"})
    text = as_text(spec, forecast(spec, 2))
    assert "the step size is beyond mean-field" in text
    assert duration(4.92e6) == "56.9 days"
    ordinary = small()
    assert "beyond" not in as_text(ordinary, forecast(ordinary, 2))
