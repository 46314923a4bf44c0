"""What machine code is called with is looked at first."""

from typing import NamedTuple

import numpy as np
import pytest

from sgdode.jit.compiling import MATRIX, VECTOR, compiled, named
from sgdode.jit.deferred import types
from sgdode.jit.guard import ArrayOf, can_look, guard


class Both(NamedTuple):
    rows: np.ndarray
    factor: float


def entry(one, rows, both):
    return one[0] + rows[0, 1] * both.factor + both.rows[1, 0]


@pytest.fixture(scope="module")
def kernel():
    return compiled(types.float64(VECTOR, types.float32[:, ::1], named(Both, (MATRIX, types.float64))))(entry)


def arguments(**changes):
    given = {"one": np.ones(2), "rows": np.ones((2, 2), np.float32), "both": Both(np.ones((2, 2)), 3.0)}
    return tuple((given | changes).values())


def frozen():
    one = np.ones(2)
    one.flags.writeable = False
    return one


def test_what_fits_is_taken(kernel):
    assert can_look()
    assert kernel(*arguments()) == 5.0
    assert kernel(*arguments(both=(np.ones((2, 2)), 3))) == 5.0


WRONG = {
    "another element": {"one": np.ones(2, np.float32)},
    "whole numbers": {"one": np.ones(2, np.int64)},
    "another order of bytes": {"one": np.ones(2).astype(">f8")},
    "more axes": {"one": np.ones((2, 1))},
    "not contiguous": {"rows": np.ones((4, 4), np.float32)[::2, ::2]},
    "transposed": {"rows": np.ones((3, 2), np.float32).T},
    "not aligned": {"one": np.frombuffer(bytearray(17), np.uint8)[1:].view(float)},
    "not to be written": {"one": frozen()},
    "a list": {"one": [1.0, 2.0]},
    "nothing": {"rows": None},
    "a number": {"one": 1.0},
    "in a record": {"both": Both(np.ones(4), 3.0)},
    "no record": {"both": np.ones((2, 2))},
    "too short a record": {"both": ()},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_fit_is_refused(kernel, what):
    with pytest.raises(TypeError, match="No matching definition for argument type\\(s\\) of entry"):
        kernel(*arguments(**WRONG[what]))
    with pytest.raises(TypeError):
        kernel(*arguments()[:2])
    assert kernel(*arguments()) == 5.0  # no error is left behind


def test_numbers_alone_are_not_looked_at():
    assert "PyTuple_GetItem(ptr %args" not in guard("f", "f", [None, None])
    assert guard("f", "f", [ArrayOf(12, 1), None]).count("call ptr @PyTuple_GetItem(ptr %args") == 1
