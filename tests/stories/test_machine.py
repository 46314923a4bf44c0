"""What this machine has, also where the system does not tell."""

import math
import os
import resource
import subprocess
import sys

import pytest
from support.processes import SPEC

from sgdode.errors import RunError, UsageError
from sgdode.machine import machine_memory, processors, require_means


def test_what_there_is():
    assert processors() >= 1
    assert machine_memory() > 2**27


def test_a_system_that_does_not_tell(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert processors() == os.cpu_count()
    assert machine_memory() == math.inf


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system has no affinity")
def test_processors_are_those_of_this_process(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5, 7})
    assert processors() == 3


@pytest.mark.parametrize("asked", ["1", "2", " 1 "])
def test_without_a_compiler_nothing_is_computed(asked, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", asked)
    with pytest.raises(UsageError, match=r"NUMBA_DISABLE_JIT=. is set") as caught:
        require_means()
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("asked", ["0", "", "00"])
def test_a_variable_that_disables_nothing_is_none(asked, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", asked)
    require_means()


@pytest.mark.parametrize("command", [["simulate"], ["check"], ["sweep", "--grid", "initial.seed=0:2"]])
def test_every_command_that_computes_names_the_variable(command, tmp_path):
    (tmp_path / "config.yaml").write_text(SPEC)
    done = subprocess.run(
        [sys.executable, "-m", "sgdode", *command],
        cwd=tmp_path,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "NUMBA_DISABLE_JIT" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit is not heeded")
@pytest.mark.parametrize("megabytes", [100, 300, 500, 900])
@pytest.mark.parametrize("command", ["integrate", "check"])
def test_a_small_limit_is_told_at_once(megabytes, command, tmp_path):
    (tmp_path / "config.yaml").write_text(SPEC)
    limit = megabytes * 2**20
    done = subprocess.run(
        [sys.executable, "-m", "sgdode", command],
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: out of memory")
    assert done.stderr.count("\n") == 1


def test_a_limit_counts_as_the_memory_that_there_is(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (2**28, 2**28))
    assert machine_memory() == 2**28
    monkeypatch.setattr("sgdode.machine._to_be_had", lambda _: False)
    with pytest.raises(RunError, match="out of memory"):
        require_means()
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    require_means()
