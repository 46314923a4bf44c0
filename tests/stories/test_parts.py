"""Where the time of a run goes."""

import threading

import pytest

from sgdode import parts
from sgdode.parts import forget, part, spent, started
from sgdode.runs.check import beside, in_parts


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(parts, "clock", lambda: now[0])
    forget({})
    yield now
    forget({})


def test_a_part_inside_another_is_no_part_of_it(clock):
    with part("solve"):
        clock[0] += 1.0
        with part("compile"):
            clock[0] += 5.0
        clock[0] += 2.0
    assert spent() == {"compile": 5.0, "solve": 3.0}


def test_what_another_thread_compiles_is_not_waited_for_twice(clock):
    def compiles():
        with part("compile"):
            clock[0] += 4.0

    with part("steps"):
        thread = threading.Thread(target=compiles)
        thread.start()
        thread.join()
        clock[0] += 1.0
    assert spent() == {"compile": 4.0, "steps": 1.0}


def test_a_start_is_told_once(monkeypatch):
    monkeypatch.setattr(parts, "_starts", False)
    assert started() == {}
    monkeypatch.setattr(parts, "_starts", False)
    parts.command()
    assert started()["start"] > 0
    assert started() == {}


def test_promise_beside_fact():
    told = beside({"start": 0.4, "solve": 2.0}, {"start": 0.5, "compile": 3.0, "solve": 1.0})
    assert [line.split() for line in told.splitlines()] == [
        ["part", "expected", "took"],
        ["start", "0.4", "s", "0.5", "s"],
        ["compile", "-", "3", "s"],
        ["solve", "2", "s", "1", "s"],
        ["all", "2.4", "s", "4.5", "s"],
    ]
    assert in_parts({"start": 0.4, "errors": 1e-5, "solve": 200.0}) == "solve 3.33 min"
