"""The kinds of value in a spec, each with its message."""

import math

import pytest
from pydantic_core import PydanticCustomError

from sgdode.spec.values import extent, matrix, number, output_weights, whole


def test_what_is_read():
    assert [number(1), number(-2.5)] == [1.0, -2.5]
    assert [whole(1e6), whole(-3.0)] == [1_000_000, -3]
    assert [extent(1e3), extent("inf"), extent(math.inf)] == [1000, math.inf, math.inf]
    assert [output_weights("width"), output_weights([1, 2]), output_weights(3)] == ["width", (1.0, 2.0), 3.0]
    assert matrix([[1, 0], [0.5, 2]]) == ((1.0, 0.0), (0.5, 2.0))


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (number, True, "must be a number"),
        (number, "1e-3", r"must be a number \(remove the quotes\)"),
        (number, "“0.1”", r"\(remove the quotes\)"),
        (number, "10\xa0", r"\(remove the no-break space\)"),
        (number, "10^3", r"\(write 1e3\)"),
        (number, "1/2", r"\(write 0\.5\)"),
        (number, "1_000.5", r"\(write 1000.5, without _\)"),
        (whole, "1_000_000", r"\(write 1000000, without _\)"),
        (extent, "1,000,000", r"\(write 1000000, without commas\)"),
        (extent, "10 000", r"\(write 10000, without spaces\)"),
        (number, "0,5", r"\(write 0.5, with a point\)"),
        (number, "a_b", r"must be a number$"),
        (number, "1,2,3", r"must be a number$"),
        (number, "٣", r"must be a number$"),
        (number, math.nan, "finite"),
        (whole, 2.5, "whole number"),
        (whole, 2**53 + 2, r"up to 2\^53"),
        (extent, 0, "whole number from 1, or inf"),
        (extent, "lots", "or inf"),
        (output_weights, "witdh", "did you mean width"),
        (matrix, [[1, 2], [3]], r"rows of lengths \[2, 1\]"),
        (matrix, 3, "a list of rows"),
        (matrix, [[1, "x"]], "must be a number"),
    ],
)
def test_what_is_refused(kind, value, message):
    with pytest.raises(PydanticCustomError, match=message):
        kind(value)
