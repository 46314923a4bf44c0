"""What is remembered of the speed of this machine."""

import pytest

from sgdode.runs import speeds as module
from sgdode.runs.speeds import Speeds, learn, speeds


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_path", lambda: tmp_path / "speeds.json")
    return tmp_path / "speeds.json"


def test_the_least_of_the_last_runs_counts(kept):
    assert speeds() == Speeds()
    for start in (0.3, 9.0, 0.5, 0.6, 0.7):
        learn("integrate", {"start": start, "solve": 3.0, "write": 0.1})
    assert (speeds().starting(), speeds().writing()) == (0.3, 0.1)
    learn("integrate", {"start": 0.8})
    assert speeds().starting() == 0.5
    assert 1e-13 < speeds().product < 1e-8


def test_a_run_that_compiled_tells_of_that_alone(kept):
    before = speeds().compiling("simulate")
    learn("integrate", {"start": 7.0, "compile": 2.5, "write": 0.1})
    assert speeds().compiling("integrate") == 2.5
    assert speeds().compiling("simulate") == before
    learn("integrate", {"start": 7.0, "compile": 0.3})
    assert speeds().compiling("integrate") == 2.5, "most of it was there"
    assert speeds().start == []


def test_what_cannot_be_read_is_nothing(kept):
    for text in ("", "{", "[1]", '{"other": 1}', '{"start": [-1.0]}', '{"start": ["x"]}', '{"product": 1e999}'):
        kept.write_text(text)
        assert speeds() == Speeds(), text


def test_without_a_place_nothing_is_remembered(monkeypatch):
    monkeypatch.setattr(module, "_path", lambda: None)
    learn("simulate", {"start": 1.0})
    assert speeds() == Speeds()
