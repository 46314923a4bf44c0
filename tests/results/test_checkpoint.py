"""Checkpoints: restarted equals uninterrupted, whatever stops the run; a stopped run says how to go on."""

import contextlib
import os
import signal
from concurrent.futures import wait

import numpy as np
import pytest
from support.processes import begin, eagerly, ended, until
from support.specs import SMALL, merged

from sgdode import Trajectory, integrate, load_spec, simulate
from sgdode.errors import Stopped
from sgdode.results.checkpoint import Keeper
from sgdode.signals import stoppable
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
}


class Impatient(Keeper):
    """Takes a checkpoint at every opportunity, and is stopped after a few."""

    def __init__(self, path, spec, stops):
        super().__init__(path, spec_hash(spec, "simulate"), self.name)
        self.stops, self.kept = stops, 0

    def name(self, trajectory):
        trajectory.attributes["spec_hash"] = self.spec_hash

    def due(self):
        self.kept += 1
        if self.kept > self.stops:
            raise Stopped("the test", 75)
        return True


@pytest.mark.parametrize("case", CASES)
def test_restarted_equals_uninterrupted_bit_by_bit(case, tmp_path, monkeypatch):
    monkeypatch.setattr("sgdode.simulation.simulate._CHUNK_SECONDS", 1e-4)
    monkeypatch.setattr("sgdode.simulation.simulate._POLL_SECONDS", 1e-3)
    spec = load_spec(merged(merged(SMALL, {"simulate": {"seeds": 3}, "time": {"stop": 20.0}}), CASES[case]))
    whole = simulate(spec)
    for stops in (0, 3, 10, 30):
        keeper = Impatient(tmp_path / "run.h5", spec, stops)
        keeper.find()
        try:
            restarted = simulate(spec, jobs=2, keeper=keeper)
        except Stopped:
            partial = Trajectory.load(keeper.path)
            assert partial.status == "partial"
            assert 1 <= len(partial.time) <= len(whole.time)
            np.testing.assert_array_equal(partial.risk, whole.risk[:, : len(partial.time)])
    keeper = Impatient(tmp_path / "run.h5", spec, 10_000)
    keeper.find()
    restarted = simulate(spec, jobs=3, keeper=keeper)
    for name, curve in whole.curves.items():
        np.testing.assert_array_equal(restarted.curves[name], curve)


def test_more_signals_do_not_tear_the_checkpoint(tmp_path, monkeypatch):
    """They come while the runs end their last call, and while the state after it is being kept."""
    spec = load_spec(merged(SMALL, {"simulate": {"seeds": 2}, "time": {"stop": 5e3, "points": 3}}))
    whole, name, came = simulate(spec), spec_hash(spec, "simulate"), []

    def again():
        came.append(len(came))
        os.kill(os.getpid(), signal.SIGINT)

    def first(done, total):
        if not came and done:
            again()

    def ending(futures, *until):
        """``wait`` without a limit is for the end of the last calls."""
        if len(came) == 1 and not until:
            again()
        return wait(futures, *until)

    def complete(partial):
        again()
        partial.attributes.update(spec_hash=name)

    monkeypatch.setattr("sgdode.simulation.simulate.wait", ending)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    keeper = Keeper(tmp_path / "run.h5", name, complete)
    try:
        with pytest.raises(KeyboardInterrupt):
            simulate(spec, jobs=2, keeper=keeper, progress=first)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(came) == 3
    assert keeper.find()
    np.testing.assert_array_equal(simulate(spec, jobs=2, keeper=keeper).risk, whole.risk)


def test_a_signal_is_not_taken_for_an_error():
    def library():
        """Tries to import another."""
        with contextlib.suppress(Exception):
            signal.raise_signal(signal.SIGTERM)

    with stoppable(), pytest.raises(Stopped):
        library()


def test_equations_go_on_within_their_tolerance(tmp_path):
    spec = load_spec(merged(SMALL, {"time": {"stop": 100.0, "points": 30}}))
    whole = integrate(spec)
    keeper = Impatient(tmp_path / "run.h5", spec, 12)
    with pytest.raises(Stopped):
        integrate(spec, keeper=keeper)
    assert len(Trajectory.load(keeper.path).time) > 5
    keeper = Impatient(tmp_path / "run.h5", spec, 10_000)
    assert keeper.find()
    np.testing.assert_allclose(integrate(spec, keeper=keeper).M, whole.M, rtol=1e-5, atol=1e-7)


LONG = """
dimension: 1000
teacher: {width: 2}
student: {width: 4}
learning_rate: 0.5
time: {stop: 30.0, points: 10}
simulate: {seeds: 3}
"""


def simulating(folder, *options, **faults):
    return begin(folder, "simulate", "run.yaml", *options, env=eagerly(**faults))


def steps(folder):
    """Steps of all runs in the checkpoint; 0 without one."""
    return sum(int(Trajectory.load(path).state["step"].sum()) for path in folder.glob("*.ckpt"))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 75), (signal.SIGUSR1, 75)])
def test_a_signal_stops_a_run_of_hours_and_resume_goes_on(number, status, tmp_path):
    (tmp_path / "run.yaml").write_text(LONG)
    before = 0
    for _ in range(2):
        process = simulating(tmp_path, "--set", "time.stop=3e6", "--resume")
        until(lambda before=before: steps(tmp_path) > before, process)
        process.send_signal(number)
        answer, out, err = ended(process)
        assert (answer, out) == (status, ""), err
        assert f"stopped by {number.name}" in err
        assert steps(tmp_path) > before, "what was done until the signal is kept"
        before = steps(tmp_path)
    assert "going on from" in err
    assert "go on with: sgdode simulate run.yaml --set time.stop=3e6 --resume" in err
    assert not list(tmp_path.glob("*.h5"))


def test_a_stopped_and_resumed_process_gives_the_same_file(tmp_path):
    (tmp_path / "run.yaml").write_text(LONG)
    status, whole, err = ended(begin(tmp_path, "simulate", "run.yaml"))
    assert status == 0, err
    numbers = Trajectory.load(tmp_path / whole)
    os.rename(tmp_path / whole, tmp_path / "whole.h5")
    assert ended(simulating(tmp_path, stop=int(signal.SIGTERM)))[0] == 75
    assert steps(tmp_path) > 0
    status, again, err = ended(begin(tmp_path, "simulate", "run.yaml", "--resume", "-j", "1"))
    assert (status, again) == (0, whole), err
    np.testing.assert_array_equal(Trajectory.load(tmp_path / again).M, numbers.M)
    assert not list(tmp_path.glob("*.ckpt"))


def test_a_kill_leaves_nothing_broken_under_the_final_name(tmp_path):
    (tmp_path / "run.yaml").write_text(LONG)
    for touch in (1, 6, 11):
        assert ended(simulating(tmp_path, kill=touch))[0] == -signal.SIGKILL
        for path in tmp_path.glob("*.h5"):
            assert Trajectory.load(path).status == "complete"
    status, out, err = ended(begin(tmp_path, "simulate", "run.yaml", "--resume"))
    assert status == 0, err
    assert Trajectory.load(tmp_path / out).status == "complete"
