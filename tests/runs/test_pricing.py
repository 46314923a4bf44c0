"""The cost of a run is told in a few seconds, whatever it would take to measure it."""

import os
import signal
import time

import pytest
import yaml
from support.specs import SMALL, merged

from sgdode import SpecError, integrate, load_spec, simulate
from sgdode.errors import Defect
from sgdode.jit.compiled import NotKeptError
from sgdode.runs import pricing
from sgdode.runs.check import as_text, forecast
from sgdode.runs.cost import estimate
from sgdode.runs.pricing import in_time, priced, reckoned
from sgdode.runs.speeds import Speeds


def test_what_ends_in_time_is_given_or_raised(monkeypatch, capfd):
    monkeypatch.setattr(pricing, "_PATIENCE", 60.0)

    def spoken():
        os.write(1, b"a library")
        os.write(2, b"speaks")
        return {"seconds": 1.5, "text": "x" * 200_000}

    def refused():
        raise SpecError([Defect("f.yaml:1", "initial", "a bad start")])

    assert in_time(spoken) == {"seconds": 1.5, "text": "x" * 200_000}
    with pytest.raises(SpecError, match=r"f\.yaml:1: initial: a bad start"):
        in_time(refused)
    assert in_time(lambda: 1 / 0) is None
    assert in_time(lambda: os.kill(os.getpid(), signal.SIGKILL)) is None
    assert capfd.readouterr() == ("", "")


def test_what_does_not_end_is_ended(monkeypatch):
    monkeypatch.setattr(pricing, "_PATIENCE", 0.05)
    children, fork = [], os.fork
    monkeypatch.setattr(os, "fork", lambda: children.append(fork()) or children[-1])
    assert in_time(lambda: time.sleep(600)) is None
    with pytest.raises(ChildProcessError):
        os.waitpid(children[0], os.WNOHANG)


@pytest.fixture
def stuck(monkeypatch):
    """Measuring does not end."""
    monkeypatch.setattr(pricing, "estimate", lambda *_: time.sleep(600))
    monkeypatch.setattr(pricing, "_PATIENCE", 0.05)


def test_what_does_not_end_is_reckoned_and_said_to_be(stuck):
    spec = load_spec(SMALL)
    began = time.monotonic()
    found = forecast(spec, 1)
    assert time.monotonic() - began < 20
    assert [run["measured"] for run in found["runs"]] == [False, False]
    assert all(run["seconds"] > 0 and run["bytes"] > 0 for run in found["runs"])
    assert as_text(spec, found).count("very roughly") == 2


def test_a_measured_cost_is_said_to_be(monkeypatch):
    monkeypatch.setattr(pricing, "_PATIENCE", 600.0)
    simulate(load_spec(SMALL)), integrate(load_spec(SMALL))  # compiled
    found = forecast(load_spec(SMALL), 1)
    assert all(run["measured"] for run in found["runs"])
    assert "roughly" not in as_text(load_spec(SMALL), found)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"student": {"width": 100}, "learning_rate": 50},
        {"student": {"width": 40}, "teacher": {"activation": "relu"}},
        {"simulate": {"method": "explicit"}, "dimension": 20_000, "learning_rate": 50},
        {"batch_size": 1000},
    ],
)
def test_what_is_reckoned_is_of_the_order_of_what_is_measured(changes):
    spec = load_spec(merged(merged(SMALL, {"time": {"stop": 10}}), changes))
    measured = min(estimate(spec, "simulate", 1).computing for _ in range(3))  # the first one loads its machine code
    assert 1 / 300 < reckoned(spec, "simulate", 1).computing / measured < 300


@pytest.mark.parametrize(
    "changes",
    [
        {"student": {"width": "inf"}},
        {"student": {"width": 15_000}, "save": ["risk"], "integrate": {"equations": "mean-field"}},
        {"integrate": {"equations": "mean-field"}},
    ],
)
def test_integrations_of_all_widths_are_reckoned_at_once(changes):
    began = time.monotonic()
    assert reckoned(load_spec(merged(SMALL, changes)), "integrate", 1).seconds > 0
    assert time.monotonic() - began < 20


def test_what_would_be_compiled_is_not_for_the_price(monkeypatch):
    def missing(*_):
        raise NotKeptError("simulation.small.steps_in_loops")

    monkeypatch.setattr(pricing, "_PATIENCE", 60.0)
    monkeypatch.setattr(pricing, "estimate", missing)
    monkeypatch.setattr(pricing, "speeds", Speeds)
    found = priced(load_spec(SMALL), "simulate", 1)
    assert not found.measured
    assert list(found.parts) == ["start", "compile", "steps", "write"]
    assert found.parts["compile"] == Speeds().compiling("simulate")


def test_what_cannot_run_is_refused(stuck):
    with pytest.raises(SpecError, match="integrate alone"):
        priced(load_spec(merged(SMALL, {"student": {"width": "inf"}})), "simulate", 1)
    for width in (10**6, 10**9):
        with pytest.raises(SpecError, match="memory"):
            forecast(load_spec(merged(SMALL, {"student": {"width": width}})), 1)


def test_a_start_that_takes_long_is_not_looked_at(stuck, monkeypatch):
    monkeypatch.setattr("sgdode.model.start_laws.start", lambda _: time.sleep(600))
    found = forecast(load_spec(merged(SMALL, {"student": {"width": 400}, "save": ["risk"]})), 1)
    assert "is not looked at here" in found["warnings"][0]


def test_many_saved_times_are_not_all_priced():
    spec = load_spec(merged(SMALL, {"time": {"points": 200_000, "stop": 1e6}, "save": ["risk"]}))
    began = time.monotonic()
    assert estimate(spec, "integrate", 1).seconds > 0
    assert time.monotonic() - began < 5


def test_a_spec_whose_measuring_does_not_end_is_told_on_stdout(sgdode, tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(SMALL))
    wide = ["--set", "student.width=300", "--set", "student.activation=tanh", "--set", "dimension=1e5"]
    done = sgdode("check", *wide)
    assert done.returncode == 0, done.stderr
    assert "  integrate " in done.stdout
