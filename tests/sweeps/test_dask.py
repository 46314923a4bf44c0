"""A sweep on a real Dask scheduler with worker processes, one of which is killed in the middle."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from support.processes import SPEC, begin, eagerly, ended, until

from sgdode.errors import UsageError
from sgdode.reporting import Reporter
from sgdode.results.trajectory import Trajectory
from sgdode.sweeps.dask import on_cluster

pytest.importorskip("distributed")


@pytest.fixture
def cluster(tmp_path):
    """(scheduler file, two workers): on the loopback interface, in folders of their own."""
    file, home = tmp_path / "scheduler.json", tmp_path / "cluster"
    home.mkdir()
    log = (home / "log").open("w")
    common = {"cwd": home, "stdout": log, "stderr": log, "start_new_session": True, "env": eagerly()}
    dask = [sys.executable, "-m", "dask"]
    scheduler = [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", file]
    worker = [*dask, "worker", "--scheduler-file", file, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    worker += ["--host", "127.0.0.1", "--local-directory", home]
    processes = [subprocess.Popen(list(map(str, scheduler)), **common)]
    try:
        until(file.exists)
        processes += [subprocess.Popen(list(map(str, worker)), **common) for _ in range(2)]
        until(lambda: (home / "log").read_text().count("Registered to") == 2)
        yield file, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()
        log.close()


def test_a_worker_is_killed_and_every_file_is_there_and_right(cluster, tmp_path, sgdode):
    file, workers = cluster
    (tmp_path / "c.yaml").write_text(SPEC.replace("stop: 1.0", "stop: 500.0"))
    grid = ["sweep", "c.yaml", "--grid", "initial.seed=0:10", "--command", "simulate"]
    process = begin(tmp_path, *grid, "--out-dir", "dask", "--scheduler-file", file, "--json")
    until(lambda: len(list(tmp_path.glob("dask/*.h5"))) >= 2, process)
    workers[0].kill()
    status, out, err = ended(process)
    assert status == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == 10
    address = json.loads(file.read_text())["address"]
    again = sgdode(*grid, "--out-dir", "dask", "--scheduler", address, "--json")
    assert all(json.loads(line)["skipped"] for line in again.stdout.splitlines())
    local = sgdode(*grid, "--out-dir", "local")
    for one, other in zip(lines, local.stdout.split(), strict=True):
        remote, here = (Trajectory.load(tmp_path / path) for path in (one["path"], other))
        np.testing.assert_array_equal(remote.M, here.M)
    # at most the empty-handed one of the killed worker, where it died between its file and its lock
    assert len(list(tmp_path.glob("dask/*.lock"))) <= 1


def test_a_signal_stops_what_runs_on_the_cluster(cluster, tmp_path):
    file, _ = cluster
    (tmp_path / "c.yaml").write_text(SPEC.replace("stop: 1.0", "stop: 1e6"))
    grid = ["sweep", "c.yaml", "--grid", "initial.seed=0:4", "--command", "simulate", "--scheduler-file", file]
    process = begin(tmp_path, *grid)
    until(lambda: len(list(tmp_path.glob("*.ckpt"))) == 2, process)
    process.send_signal(signal.SIGTERM)
    status, _, err = ended(process)
    assert status == 75, err
    assert "go on with: sgdode sweep" in err
    until(lambda: not list(tmp_path.glob("*.lock")))
    assert list(tmp_path.glob("*.ckpt"))
    assert not list(tmp_path.glob("*.h5"))


def test_no_scheduler_there(sgdode, tmp_path):
    (tmp_path / "c.yaml").write_text(SPEC)
    done = sgdode("sweep", "c.yaml", "--grid", "seed=0", "--scheduler-file", "absent.json")
    assert done.returncode == 2
    assert "dask scheduler --scheduler-file absent.json" in done.stderr
    done = sgdode("sweep", "c.yaml", "--grid", "seed=0", "--scheduler", "tcp:/nowhere")
    assert done.returncode == 2, done.stderr
    assert os.linesep not in done.stderr.strip()


def test_a_broken_scheduler_file_is_told(tmp_path):
    for text in ("", "{}", '{"address": "tcp://127.0.0.1:1"}'):
        (tmp_path / "s.json").write_text(text)
        with pytest.raises(UsageError, match="no Dask scheduler answers there"):
            list(on_cluster([], {"scheduler_file": str(tmp_path / "s.json")}, Reporter(quiet=True)))
