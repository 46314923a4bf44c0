"""Options that hold several values."""

import pytest

from sgdode.cli.options import indices, limits, numbers
from sgdode.errors import UsageError


def test_what_is_read():
    assert [indices("runs", text) for text in ("3", "0,2", "0:3", "1:3,7", None)] == [
        [3],
        [0, 2],
        [0, 1, 2],
        [1, 2, 7],
        None,
    ]
    assert numbers("times", "0,1,1e3") == [0.0, 1.0, 1000.0]
    assert limits("xlim", "1e-2,1e3") == (0.01, 1000.0)
    assert numbers("times", None) is limits("xlim", None) is None


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (indices, "a", "--x a: must be zero-based indices"),
        (indices, "-1", "--x -1: names no index"),
        (indices, "3:3", "names no index"),
        (numbers, "soon", "--x soon: must be numbers with commas"),
        (limits, "1", "--x 1: must be two numbers"),
        (limits, "1,2,3", "must be two numbers"),
    ],
)
def test_what_is_refused(read, text, message):
    with pytest.raises(UsageError, match=message):
        read("x", text)
