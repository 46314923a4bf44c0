"""Machine code as the package makes it: types of records, and kernels by precision."""

from typing import NamedTuple

import numpy as np
import pytest

from sgdode.jit.compiling import VECTOR, compiled, named, per_precision
from sgdode.jit.deferred import types


class Both(NamedTuple):
    values: np.ndarray
    factor: float


def scaled_sum(both):
    values, factor = both
    return factor * values.sum()


def first(x):
    return x[0]


def test_a_record_goes_into_compiled_code():
    kernel = compiled(types.float64(named(Both, (VECTOR, types.float64))))(scaled_sum)
    assert kernel(Both(np.array([1.0, 2.0]), 3.0)) == 9.0


def test_other_types_than_those_named_are_refused():
    kernel = compiled(types.float64(VECTOR))(first)
    with pytest.raises(TypeError, match="No matching definition"):
        kernel(np.array([1, 2]))


def test_a_kernel_is_compiled_once_for_each_precision():
    kernel = per_precision(lambda real: real(real[::1]))(first)
    assert kernel("float32") is kernel("float32")
    assert kernel("float32") is not kernel("float64")
    assert kernel("float64")(np.array([0.1])) == 0.1
    with pytest.raises(TypeError):
        kernel("float32")(np.array([0.1]))
