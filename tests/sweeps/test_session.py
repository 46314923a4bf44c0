"""``run``, ``sweep`` and ``collect`` in Python do as the commands do."""

import numpy as np
import pytest
from support.specs import SMALL

import sgdode
from sgdode.errors import FileError, RunError, UsageError
from sgdode.runs.run import default_path
from sgdode.sweeps.session import run, sweep


def test_a_run_is_kept(tmp_path):
    spec = sgdode.load_spec(SMALL)
    both = run(spec, tmp_path)
    assert both.simulation.path == default_path(spec, "simulate", tmp_path)
    np.testing.assert_array_equal(both.integration.risk, sgdode.integrate(spec).risk)
    written = both.simulation.path.stat().st_mtime_ns
    assert run(SMALL, tmp_path).simulation.path.stat().st_mtime_ns == written
    assert "ipykernel" not in str(both.simulation.environment["command_line"])
    both.simulation.path.write_bytes(b"broken")
    with pytest.raises(UsageError, match=r"force= replaces it, folder= writes elsewhere"):
        run(spec, tmp_path)


def test_a_sweep_and_its_table(tmp_path):
    pytest.importorskip("pandas")
    spec = sgdode.load_spec(SMALL, time={"stop": 0.1}).replace(seed=3)
    paths = sweep(spec, {"student.width": [2, 3], "learning_rate.gamma": "log:0.1:1:2"}, tmp_path, jobs=1)
    assert len(paths) == 8
    assert paths[0].name.startswith("spec-student.width=2-learning_rate.gamma=0.1-simulate-")
    frame = sgdode.collect(tmp_path, thresholds=[0.05], varying=True)
    assert {"student.width", "learning_rate.gamma", "final_risk", "time_below_0.05"} < set(frame.columns)
    assert "seed" not in frame.columns, "it does not vary"
    assert len(frame) == 8
    long = sgdode.collect(paths, per_seed=True)
    assert len(long) == 4 * 2 + 4
    assert (long["seed"] == 3).all()
    one = sgdode.load(paths[0])
    rows = long[long["file"] == str(paths[0])]
    np.testing.assert_array_equal(rows["final_risk"], one.risk[:, -1])
    assert sgdode.collect(one)["final_risk_se"][0] == pytest.approx(one.risk[:, -1].std(ddof=1) / 2**0.5)
    with pytest.raises(FileError, match="no such file"):
        sgdode.collect(tmp_path / "none.h5")
    with pytest.raises(UsageError, match="command: got 'simulat'"):
        sweep(spec, {"seed": [1]}, tmp_path, command="simulat")


def test_what_fails_is_told_after_all_others(tmp_path):
    squares = {"activation": "square"}
    spec = sgdode.load_spec(SMALL, time={"stop": 20.0}, student=squares, teacher=squares)
    with pytest.raises(RunError, match="diverged"):
        sweep(spec, {"learning_rate.gamma": [0.01, 30.0]}, tmp_path, command="integrate", jobs=1)
    assert len(list(tmp_path.glob("*.h5"))) == 2


def test_points_and_grids_that_move_together(tmp_path):
    together = sweep(SMALL, {"p": [2, 3], "gamma": [0.1, 0.2]}, tmp_path, zip=[["p", "gamma"]], command="integrate")
    points = [{"p": 2, "gamma": 0.1}, {"p": 3, "gamma": 0.2}]
    assert sweep(SMALL, points, tmp_path, command="integrate") == together
    assert len(together) == 2
    for wrong in ({"zip": ["p,gamma"], "grid": {"p": [2]}}, {"grid": [{"p": 2}, {"gamma": 1}]}, {"grid": []}):
        with pytest.raises(UsageError, match=r"zip: got|a list of points"):
            sweep(SMALL, wrong.pop("grid"), tmp_path, **wrong)


def test_a_sweep_ends_without_a_word(tmp_path, capfd):
    sweep(SMALL, {"seed": [0, 1]}, tmp_path, command="simulate", jobs=2)
    assert capfd.readouterr().err == ""
