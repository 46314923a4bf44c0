"""What is asked of a picture."""

import pytest
from support.pictures import run

from sgdode.errors import UsageError
from sgdode.plots.draw import draw, plot
from sgdode.plots.view import ABSCISSAE, View


def test_the_default_view_is_all_of_the_run_against_t():
    assert View() == View(x="t", students=None, teachers=None, runs=None, average=False)
    assert "samples/d" in ABSCISSAE


def test_what_is_not_known_is_refused():
    with pytest.raises(UsageError, match="x: got 'tt'; allowed: t, step"):
        draw([run()], x="tt")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("size", 3, r"size: got 3; must be two numbers, \(width, height\)"),
        ("xlim", 5, r"xlim: got 5; must be two numbers, \(low, high\)"),
        ("students", "first", "students: got 'first'; must be a number, or several"),
        ("times", {}.keys, "must be a number, or several"),
        ("ax", 3, "ax: got a int; must be one Axes of matplotlib"),
    ],
)
def test_a_value_of_another_kind_is_refused(option, value, message):
    with pytest.raises(UsageError, match=message):
        plot(run(), **{option: value})


def test_one_of_several_stands_for_itself():
    assert len(plot(run(p=3), figure="overlaps", students=1).axes[0].lines) < len(
        plot(run(p=3), figure="overlaps").axes[0].lines
    )
