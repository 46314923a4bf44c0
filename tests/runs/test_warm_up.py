"""`sgdode warm-up` compiles what common runs need, and a first run tells that it compiles."""

import os
import pty
import subprocess
import sys

import pytest
from support.processes import SPEC

from sgdode.errors import Stopped
from sgdode.jit.kept import any_kept
from sgdode.model.activations import ACTIVATIONS
from sgdode.runs import warm_up
from sgdode.spec.load import load_spec


def test_every_activation_and_variant_is_a_spec_that_runs():
    names = [name for name, _, _ in warm_up.runs()]
    assert set(ACTIVATIONS) < set(names)
    for _, values, _ in warm_up.runs():
        load_spec(values)


def test_what_it_runs_and_tells(monkeypatch):
    seen, told = [], []
    monkeypatch.setattr(warm_up, "integrate", lambda spec: seen.append(("integrate", spec.name)))
    monkeypatch.setattr(warm_up, "simulate", lambda spec: seen.append(("simulate", spec.name)))
    names = warm_up.warm_up(lambda done, total: told.append(done / total))
    assert len(told) == len(names) == len(list(warm_up.runs()))
    assert len([kind for kind, _ in seen if kind == "integrate"]) == len(names)
    assert told[0] == 0.0 < told[-1] < 1.0


def test_a_signal_ends_it(monkeypatch):
    def stopped():
        raise Stopped("SIGINT", 130)

    monkeypatch.setattr(warm_up, "stop_if_asked", stopped)
    with pytest.raises(Stopped):
        warm_up.warm_up()


def test_whether_there_is_machine_code(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not any_kept()
    (tmp_path / "sgdode-1").mkdir()
    assert not any_kept()
    (tmp_path / "sgdode-1" / "f.nbc").touch()
    assert any_kept()


def said_on_a_terminal(folder, *words):
    """What a command says on a terminal, before it ends."""
    ours, its = pty.openpty()
    env = os.environ | {"NUMBA_CACHE_DIR": str(folder / "code")}
    process = subprocess.Popen(
        [sys.executable, "-m", "sgdode", *words], cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=its
    )
    os.close(its)
    text = os.read(ours, 4096).decode()
    process.kill()
    process.wait()
    os.close(ours)
    return text


def test_a_first_run_on_a_terminal_tells_that_it_compiles(tmp_path):
    (tmp_path / "config.yaml").write_text(SPEC)
    assert said_on_a_terminal(tmp_path, "integrate").startswith("compiling, once: some seconds")
