"""Functions on their way into the compiler."""

import numpy as np
import pytest

from sgdode.jit.building import _names, build_unit
from sgdode.jit.compiling import VECTOR, compiled
from sgdode.jit.deferred import types

FACTOR = 2.0


def with_variable(size):
    def scaled(x):
        return FACTOR * size * x.sum()

    return scaled


def raising(x):
    if x.size > 1:
        raise ValueError("too long")
    return x[0]


def test_global_names_alone_are_looked_up():
    def f(x):
        return x.FACTOR + FACTOR + next(np.pi for _ in x)

    assert _names(f.__code__) == {"FACTOR", "next", "np"}


def test_variables_of_other_functions_and_errors_go_with_the_code():
    assert compiled(types.float64(VECTOR))(with_variable(3.0))(np.ones(2)) == 12.0
    kernel = compiled(types.float64(VECTOR))(raising)
    assert kernel(np.ones(1)) == 1.0
    with pytest.raises(ValueError, match="too long"):
        kernel(np.ones(2))


def test_what_is_built_is_plain_data():
    unit = build_unit(compiled()(raising), types.float64(VECTOR))
    assert [type(part) for part in unit] == [bytes, bytes, str, str, tuple]
    assert unit.environments[0][0].startswith("_ZN08NumbaEnv")
