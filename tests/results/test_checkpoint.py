"""Checkpoints: restarted equals uninterrupted, whatever stops the run; a stopped run says how to go on."""

import os
import signal

import numpy as np
import pytest
from support.processes import begin, eagerly, ended, until
from support.specs import SMALL, merged

from sgdode import Trajectory, integrate, load_spec, simulate
from sgdode.errors import FileError, Stopped
from sgdode.reporting import Reporter
from sgdode.results.checkpoint import Keeper
from sgdode.spec.provenance import spec_hash

CASES = {
    "loops": {"dimension": 200, "student": {"width": 4}},
    "all dimensions kept": {"dimension": 5, "student": {"width": 3}},
    "blocks": {"dimension": 300, "student": {"width": 100}, "learning_rate": 40.0, "time": {"stop": 6.0}},
    "explicit": {"simulate": {"method": "explicit"}},
    "float32": {
        "dimension": 300,
        "student": {"width": 100},
        "learning_rate": 40.0,
        "time": {"stop": 6.0},
        "simulate": {"precision": "float32"},
    },
    "trained, batch, schedule": {
        "batch_size": 3,
        "student": {"train_output": 0.5},
        "learning_rate": {"gamma": 1.0, "schedule": {"power": 0.5, "time": 1.0}},
    },
    "samples, rows": {
        "time": {"unit": "samples"},
        "algorithm": {"momentum": {"rate": 2.0}, "average": {"from": 2.0}},
        "learning_rate": {"gamma": 1.0, "schedule": {"hold": 3.0, "power": 1.0}},
    },
}


class Impatient(Keeper):
    """Is stopped after a few opportunities, and takes a checkpoint at the last two."""

    def __init__(self, path, spec, stops, command="simulate"):
        super().__init__(path, spec_hash(spec, command), self.name)
        self.stops, self.kept = stops, 0

    def name(self, trajectory):
        trajectory.attributes["spec_hash"] = self.spec_hash

    def due(self):
        self.kept += 1
        if self.kept > self.stops:
            raise Stopped("the test", 75)
        return self.kept > self.stops - 2


@pytest.mark.parametrize("case", CASES)
def test_restarted_equals_uninterrupted_bit_by_bit(case, tmp_path, monkeypatch):
    monkeypatch.setattr("sgdode.simulation.simulate._CHUNK_SECONDS", 1e-4)
    monkeypatch.setattr("sgdode.simulation.simulate._POLL_SECONDS", 1e-3)
    spec = load_spec(merged(merged(SMALL, {"simulate": {"seeds": 3}, "time": {"stop": 20.0}}), CASES[case]))
    whole = simulate(spec)
    for stops in (1, 3, 10, 30):
        keeper = Impatient(tmp_path / "run.h5", spec, stops)
        try:
            restarted = simulate(spec, jobs=2, keeper=keeper)
        except Stopped:
            partial = Trajectory.load(keeper.path)
            assert partial.status == "partial"
            assert 1 <= len(partial.time) <= len(whole.time)
            np.testing.assert_array_equal(partial.risk, whole.risk[:, : len(partial.time)])
    restarted = simulate(spec, jobs=3, keeper=Impatient(tmp_path / "run.h5", spec, 10_000))
    for name, curve in whole.curves.items():
        np.testing.assert_array_equal(restarted.curves[name], curve)


EQUATIONS = {
    "full": {},
    "square": {"teacher": {"activation": "square"}, "student": {"activation": "square"}, "learning_rate": 0.1},
    "gradient flow": {"integrate": {"equations": "gradient-flow"}},
    "mean field": {"integrate": {"equations": "mean-field"}},
    "lsoda": {"integrate": {"solver": "lsoda"}},
    "bdf": {"integrate": {"solver": "bdf"}},
    "dop853": {"integrate": {"solver": "dop853"}},
    "trained": {"student": {"train_output": 0.5}},
    "in samples": {
        "time": {"unit": "samples"},
        "learning_rate": {"gamma": 1.0, "schedule": {"hold": 20.0, "power": 1.0}},
    },
}


@pytest.mark.parametrize(("case", "renewal"), [("full", (500, 20_000)), *((case, (20, 40)) for case in EQUATIONS)])
def test_equations_restarted_equal_uninterrupted_bit_by_bit(case, renewal, tmp_path, monkeypatch):
    """Also where the solver begins anew many times: then no more than that much is done again."""
    monkeypatch.setattr("sgdode.equations.integrate._FEWEST", renewal[0])
    monkeypatch.setattr("sgdode.equations.integrate._MOST", renewal[1])
    spec = load_spec(merged(merged(SMALL, {"time": {"stop": 100.0, "points": 60}}), EQUATIONS[case]))
    whole, anchors = integrate(spec), []
    for stops in (1, 8, 25):
        keeper = Impatient(tmp_path / "run.h5", spec, stops, "integrate")
        with pytest.raises(Stopped):
            integrate(spec, keeper=keeper)
        partial = Trajectory.load(keeper.path)
        assert partial.status == "partial"
        np.testing.assert_array_equal(partial.risk, whole.risk[: len(partial.time)])
        anchors.append(int(partial.state["taken"][0]))
    restarted = integrate(spec, keeper=Impatient(tmp_path / "run.h5", spec, 10_000, "integrate"))
    for name, curve in whole.curves.items():
        np.testing.assert_array_equal(restarted.curves[name], curve)
    assert restarted.attributes == whole.attributes
    assert (anchors[-1] > 0) == (renewal[1] < 100), anchors


def test_a_solver_that_begins_anew_stays_within_its_tolerance(monkeypatch):
    spec = load_spec(merged(SMALL, {"time": {"stop": 100.0, "points": 30}}))
    once = integrate(spec)
    monkeypatch.setattr("sgdode.equations.integrate._FEWEST", 20)
    monkeypatch.setattr("sgdode.equations.integrate._MOST", 40)
    often = integrate(spec)
    assert often.attributes["solver_steps"] > 1.2 * once.attributes["solver_steps"]
    np.testing.assert_allclose(often.M, once.M, rtol=1e-5, atol=1e-7)


class Telling(Reporter):
    def __init__(self):
        super().__init__()
        self.said = []

    def note(self, text):
        self.said.append(text)

    warn = note


def damaged(path):
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(bytes(text))


def of_another_run(path):
    kept = Trajectory.load(path)
    kept.attributes["spec_hash"] = "0" * 12
    kept.save(path)


def with_another_state(path):
    kept = Trajectory.load(path)
    if "W" in kept.state:
        kept.state["W"] = kept.state["W"][:, :-1]
    else:
        kept.state["states"] = kept.state["states"] + 1.0
    kept.save(path)


def unsealed(path):
    path.write_bytes(path.read_bytes()[:-40])


SPOILT = {
    damaged: "has changed since it was written",
    of_another_run: "is of another run",
    with_another_state: "holds the state of another run",
    unsealed: "",
}


@pytest.mark.parametrize("command", ["simulate", "integrate"])
@pytest.mark.parametrize("spoil", SPOILT)
def test_a_checkpoint_that_is_damaged_or_foreign_is_told_of_and_not_used(spoil, command, tmp_path, monkeypatch):
    monkeypatch.setattr("sgdode.simulation.simulate._CHUNK_SECONDS", 1e-4)
    monkeypatch.setattr("sgdode.simulation.simulate._POLL_SECONDS", 1e-3)
    spec = load_spec(merged(SMALL, {"time": {"stop": 1000.0, "points": 30}}))
    engine = {"simulate": simulate, "integrate": integrate}[command]
    whole = engine(spec)

    def go_on():
        keeper = Impatient(tmp_path / "run.h5", spec, 10_000, command)
        keeper.reporter = reporter = Telling()
        again = engine(spec, keeper=keeper)
        np.testing.assert_array_equal(again.M, whole.M)
        return keeper, reporter.said

    def stopped():
        for path in tmp_path.glob("run.h5*"):
            path.unlink()
        keeper = Impatient(tmp_path / "run.h5", spec, 9, command)
        with pytest.raises(Stopped):
            engine(spec, keeper=keeper)
        assert keeper.before.exists()
        return keeper

    keeper = stopped()
    spoil(keeper.path)
    said = go_on()[1]
    assert f"checkpoint not used: {keeper.path}: " in said[0]
    assert SPOILT[spoil] in said[0]
    assert said[1].startswith(f"going on from {keeper.before} ({'t = ' if command == 'integrate' else ''}"), said

    keeper = stopped()
    spoil(keeper.path)
    spoil(keeper.before)
    said = go_on()[1]
    assert [line.split(": ")[0] for line in said] == ["checkpoint not used"] * 2 + ["starting from zero"]


@pytest.mark.parametrize(
    "change",
    [
        lambda kept: kept.state.update(W=kept.state["W"].astype("f4")),
        lambda kept: kept.state.update(m=kept.state["m"] + 10**6),
        lambda kept: kept.state.update(saved=kept.state["saved"] + 10**6),
        lambda kept: kept.state.update(a=kept.state["a"][:, :1]),
    ],
)
def test_a_state_that_does_not_fit_is_not_used(change, tmp_path, monkeypatch):
    """The compiled code looks at no shapes."""
    monkeypatch.setattr("sgdode.simulation.simulate._CHUNK_SECONDS", 1e-4)
    monkeypatch.setattr("sgdode.simulation.simulate._POLL_SECONDS", 1e-3)
    spec = load_spec(merged(SMALL, {"simulate": {"seeds": 2}, "time": {"stop": 1000.0}}))
    keeper = Impatient(tmp_path / "run.h5", spec, 3)
    with pytest.raises(Stopped):
        simulate(spec, keeper=keeper)
    for path in (keeper.path, keeper.before):
        kept = Trajectory.load(path)
        change(kept)
        kept.save(path)
    keeper = Impatient(tmp_path / "run.h5", spec, 10_000)
    keeper.reporter = Telling()
    np.testing.assert_array_equal(simulate(spec, keeper=keeper).M, simulate(spec).M)
    assert keeper.reporter.said[-1] == "starting from zero"


def test_restart_uses_no_checkpoint(tmp_path):
    spec = load_spec(merged(SMALL, {"time": {"stop": 100.0, "points": 30}}))
    with pytest.raises(Stopped):
        integrate(spec, keeper=Impatient(tmp_path / "run.h5", spec, 9, "integrate"))
    keeper = Impatient(tmp_path / "run.h5", spec, 10_000, "integrate")
    keeper.restart, keeper.reporter = True, Telling()
    integrate(spec, keeper=keeper)
    assert keeper.reporter.said == []


LONG = """
dimension: 1000
teacher: {width: 2}
student: {width: 4}
learning_rate: 0.5
time: {stop: 300.0, points: 10}
simulate: {seeds: 3}
"""


def simulating(folder, *options, **faults):
    return begin(folder, "simulate", "run.yaml", *options, env=eagerly(**faults))


def steps(folder):
    """Steps of all runs in the checkpoint; 0 without one, as for a moment between the one before and the next."""
    try:
        return sum(int(Trajectory.load(path).state["step"].sum()) for path in folder.glob("*.ckpt"))
    except FileError:
        return 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGHUP, 75)])
def test_a_signal_stops_a_run_of_hours_and_the_same_command_goes_on(number, status, tmp_path):
    (tmp_path / "run.yaml").write_text(LONG)
    before = 0
    for _ in range(2):
        process = simulating(tmp_path, "--set", "time.stop=3e6")
        until(lambda before=before: steps(tmp_path) > before, process)
        process.send_signal(number)
        answer, out, err = ended(process)
        assert (answer, out) == (status, ""), err
        assert f"stopped by {number.name}" in err
        assert steps(tmp_path) > before, "what was done until the signal is kept"
        before = steps(tmp_path)
    assert "going on from" in err
    assert "go on with: sgdode simulate run.yaml --set time.stop=3e6\n" in err
    assert not list(tmp_path.glob("*.h5"))


def test_a_stopped_and_resumed_process_gives_the_same_file(tmp_path):
    (tmp_path / "run.yaml").write_text(LONG)
    status, whole, err = ended(begin(tmp_path, "simulate", "run.yaml"))
    assert status == 0, err
    numbers = Trajectory.load(tmp_path / whole)
    os.rename(tmp_path / whole, tmp_path / "whole.h5")
    assert ended(simulating(tmp_path, stop=int(signal.SIGTERM)))[0] == 75
    assert steps(tmp_path) > 0
    status, again, err = ended(begin(tmp_path, "simulate", "run.yaml", "-j", "1"))
    assert (status, again) == (0, whole), err
    np.testing.assert_array_equal(Trajectory.load(tmp_path / again).M, numbers.M)
    assert not list(tmp_path.glob("*.ckpt"))


def test_a_kill_leaves_nothing_broken_under_the_final_name(tmp_path):
    (tmp_path / "run.yaml").write_text(LONG)
    for touch in (1, 11):
        assert ended(simulating(tmp_path, kill=touch))[0] == -signal.SIGKILL
        for path in tmp_path.glob("*.h5"):
            assert Trajectory.load(path).status == "complete"
    status, out, err = ended(begin(tmp_path, "simulate", "run.yaml"))
    assert status == 0, err
    assert Trajectory.load(tmp_path / out).status == "complete"
