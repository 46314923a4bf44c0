"""Parameters as mathematics, and what differs between runs."""

import math

import pytest
from support.pictures import run, sgd

from sgdode.plots.labels import common, differing, distinctions, engine, number, phrase, same_problem


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5"), (1e-3, "10^{-3}"), (5e-7, r"5\cdot 10^{-7}"), (1e6, "10^{6}"), (0, "0"), (math.inf, r"\infty")],
)
def test_numbers(value, text):
    assert number(value).replace(r"\,", "").replace(r"\cdot10", r"\cdot 10") == text


def test_phrases():
    assert phrase("gamma", 0.5) == r"$\gamma = 0.5$"
    assert phrase("some.key", "a $ sign") == r"some.key = a \$ sign"


def test_what_differs_and_what_is_common():
    runs = [run(d=5), run(d=50)]
    assert differing([{"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1}]) == ["b"]
    assert distinctions(runs) == ["$d = 5$", "$d = 50$"]
    assert common(runs) == ["$p = 4$", "$k = 2$", r"$\gamma = 0.5$", r"$\Delta = 10^{-3}$", "$B = 2$"]
    assert (engine(sgd()), engine(run())) == ("SGD", "ODE (full)")


def test_one_problem_by_two_engines():
    assert same_problem(sgd(), run())
    assert not same_problem(run(d=5), run(d=50))
    assert not same_problem(run(start=0), run(start=1))
    assert same_problem(run(start=0), run(start=1), any_start=True)
