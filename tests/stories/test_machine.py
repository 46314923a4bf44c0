"""What this machine has, also where the system does not tell."""

import math
import os

import pytest

from sgdode.machine import machine_memory, processors


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
