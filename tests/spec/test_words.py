"""Symbols and names of the paper as keys and values, and what keys mean."""

from pathlib import Path

import pytest
from support.specs import SMALL, merged

from sgdode import SpecError, load_spec
from sgdode.cli.explain import complete_key, complete_set, keys, meanings
from sgdode.errors import UsageError
from sgdode.spec.load import read_spec
from sgdode.spec.provenance import spec_hash
from sgdode.spec.words import EQUATIONS, SYMBOLS
from sgdode.sweeps.grid import axes

PLAIN = ["dimension=50", "student.width=4", "teacher.width=3", "learning_rate.gamma=0.2", "teacher.noise=0.1"]
SHORT = ["d=50", "p=4", "k=3", "gamma=0.2", "Delta=0.1"]


def test_symbols_are_keys():
    plain = load_spec(SMALL, [*PLAIN, "simulate.seeds=3"])
    for words in ([*SHORT, "seeds=3"], ["d=50", "p=4", "k=3", "γ=0.2", "Δ=0.1", "seeds=3"]):
        assert spec_hash(load_spec(SMALL, words), "simulate") == spec_hash(plain, "simulate")
    assert [axis.key for axis in axes(["p=2,3", "gamma=0.1"])] == ["student.width", "learning_rate.gamma"]
    spec = read_spec(b"d: 100\np: 3\nk: 2\ngamma: 0.5\nseeds: 2\ntime: {stop: 1, points: 5}\n", "s.yaml", Path(), "s")
    assert spec_hash(spec, "simulate") == spec_hash(load_spec(SMALL), "simulate")


def test_a_symbol_beside_its_key_is_told():
    for text in (b"d: 5\ndimension: 6\n", b"student: {width: 3}\np: 4\n"):
        with pytest.raises(SpecError, match=r"s\.yaml:\d: [dp]: is [a-z.]+, which is given too; keep one of them"):
            read_spec(text, "s.yaml", Path(), "s")


@pytest.mark.parametrize("name", EQUATIONS)
def test_the_papers_names_of_the_equations(name):
    spec = load_spec(merged(SMALL, {"integrate": {"equations": name}}))
    assert spec.integrate.equations == EQUATIONS[name]


def test_errors_blame_what_was_said():
    text = b"d: 100\nk: 2\nstudent: {width: 3}\n\nlearning_rate: {gamma: 0.5}\ntime: {start: 0.1, stop: 5}\n"
    for asked, message in (
        ("learning_rate=-1", r"^--set learning_rate=-1: learning_rate.gamma: got -1.0"),
        ("time.stop=1e-9", r"^--set time.stop=1e-9: time.start: got 0.1; must be below"),
        ("p=-1", r"^--set p=-1: student.width: got -1"),
        ("learning_rate={gamma: -1}", r"^--set learning_rate={gamma: -1}: learning_rate.gamma: got -1"),
    ):
        with pytest.raises(SpecError, match=message):
            read_spec(text, "s.yaml", Path(), "s", [asked])
    with pytest.raises(SpecError, match=r"^s.yaml:5: learning_rate.gamma"):
        read_spec(text.replace(b"0.5", b"-1"), "s.yaml", Path(), "s", ["seed=3"])


def test_every_key_is_explained():
    assert [key for key, about in keys().items() if not about.get("description")] == []
    for line in meanings(None):
        assert len(line) <= 80
    assert meanings("p")[0].startswith("student.width (p): p, the number of its hidden units")
    assert any("SS-ODE" in line for line in meanings("integrate"))
    with pytest.raises(UsageError, match=r"width: no such key; did you mean teacher\.width\?"):
        meanings("width")


def test_keys_and_values_are_completed():
    assert [key for key, _ in complete_set("simulate.")] == [
        f"simulate.{key}=" for key in ("seeds", "method", "precision", "leap", "leap.tolerance", "leap.samples")
    ]
    assert [word for word, _ in complete_set("simulate.method=e")] == [
        "simulate.method=exact",
        "simulate.method=explicit",
    ]
    assert ("student.train_output", keys()["student.train_output"]["description"]) in complete_key("student.tr")
    assert set(SYMBOLS.values()) <= keys().keys()
