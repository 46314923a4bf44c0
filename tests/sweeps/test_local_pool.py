"""Workers that are killed."""

import os
import signal

import pytest
from support.processes import SPEC, begin, until


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "c.yaml").write_text(SPEC)
    return tmp_path


def test_a_killed_worker_costs_one_more_try(folder):
    (folder / "c.yaml").write_text(SPEC.replace("stop: 1.0", "stop: 300.0"))
    process = begin(folder, "sweep", "c.yaml", "--grid", "seed=0:6", "--command", "simulate", "-j", "1")
    until(lambda: list(folder.glob("*.h5")))
    locks = []
    until(lambda: locks.extend(folder.glob("*.lock")) or (locks and locks[-1].exists() and locks[-1].read_text()))
    os.kill(int(locks[-1].read_text().split()[1]), signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert len(out.split()) == 6
