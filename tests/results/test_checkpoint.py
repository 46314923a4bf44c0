"""Checkpoints: restarted equals uninterrupted, whatever stops the run; a stopped run says how to go on."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import Trajectory, integrate, load_spec, simulate
from sgdode.errors import Stopped
from sgdode.results.checkpoint import Keeper, stoppable
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
    monkeypatch.setattr("sgdode.simulation.simulate._CHUNK_SECONDS", 0.3)
    spec = load_spec(merged(SMALL, {"simulate": {"seeds": 2}, "time": {"stop": 5e3, "points": 3}}))
    whole, name, came = simulate(spec), spec_hash(spec, "simulate"), []

    def again():
        came.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    def first(done, total):
        if not came and done:
            threading.Timer(0.05, again).start()
            again()

    def complete(partial):
        again()
        partial.attributes.update(spec_hash=name)

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


def begin(folder, *options):
    command = [sys.executable, "-m", "sgdode", "simulate", "run.yaml", *options]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return process


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 75), (signal.SIGUSR1, 75)])
def test_a_signal_stops_within_half_a_second_and_resume_goes_on(number, status, tmp_path):
    (tmp_path / "run.yaml").write_text(LONG)
    endless = ["--set", "time.stop=3e4"]
    before = 0
    for patience in (3, 4, 6, 12, 24, 60, 60):  # a machine that compiles first, or is busy, needs longer
        process = begin(tmp_path, *endless, "--resume")
        time.sleep(patience)
        began = time.perf_counter()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        stopping = time.perf_counter() - began
        assert (process.returncode, out) == (status, ""), err
        assert f"stopped by {number.name}" in err
        steps = sum(Trajectory.load(path).state["step"].sum() for path in tmp_path.glob("*.ckpt"))
        assert steps >= before
        if 0 < before < steps:
            break
        before = steps
    assert 0 < before < steps, "the resumed run has gone on"
    assert stopping < 2.0, "interruptible: 0.5 s on a quiet machine"
    assert "going on from" in err
    assert "go on with: sgdode simulate run.yaml --set time.stop=3e4 --resume" in err
    assert not list(tmp_path.glob("*.h5"))


def test_a_stopped_and_resumed_process_gives_the_same_file(tmp_path):
    (tmp_path / "run.yaml").write_text(LONG)
    whole = begin(tmp_path).communicate(timeout=120)[0].strip()
    numbers = Trajectory.load(tmp_path / whole)
    os.rename(tmp_path / whole, tmp_path / "whole.h5")
    process = begin(tmp_path)
    time.sleep(2.5)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    again = begin(tmp_path, "--resume", "-j", "1").communicate(timeout=120)[0].strip()
    assert again == whole
    np.testing.assert_array_equal(Trajectory.load(tmp_path / again).M, numbers.M)
    assert not list(tmp_path.glob("*.ckpt"))


def test_a_kill_leaves_nothing_broken_under_the_final_name(tmp_path):
    (tmp_path / "run.yaml").write_text(LONG)
    for seconds in (0.7, 1.5, 2.5):
        process = begin(tmp_path)
        time.sleep(seconds)
        process.kill()
        process.communicate()
        for path in tmp_path.glob("*.h5"):
            assert Trajectory.load(path).status == "complete"
    assert Trajectory.load(tmp_path / begin(tmp_path, "--resume").communicate(timeout=120)[0].strip())
