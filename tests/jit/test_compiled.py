"""When a function becomes machine code, and what that is kept under."""

import numpy as np
import pytest

from sgdode.jit.compiled import _Contents
from sgdode.jit.compiling import VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.simulation.step import draw_normals

SIZE = 2.0


@compiled()
def called(x):
    return SIZE * x


def twice(x):
    return called(x[0])


def test_the_code_of_a_type_is_taken_by_the_arguments():
    rng = np.random.Generator(np.random.SFC64(0))
    for real in ("float64", "float32", "float64"):
        out = np.zeros((2, 2), real)
        draw_normals(rng, out, 2, 0, 2)
        assert out.all()
    with pytest.raises(TypeError):
        draw_normals(rng, np.zeros((2, 2), int), 2, 0, 2)


def test_contents_are_of_all_that_is_called(monkeypatch):
    kernel, number = compiled(types.float64(VECTOR))(twice), globals()
    assert kernel(np.array([1.5])) == 3.0
    texts = {_Contents(kernel).text, _Contents(compiled(types.float64(VECTOR))(twice)).text}
    assert len(texts) == 1
    monkeypatch.setitem(number, "SIZE", 2.5)
    texts.add(_Contents(kernel).text)
    monkeypatch.setitem(number, "called", compiled(fastmath=True)(called.py_func))
    texts.add(_Contents(kernel).text)
    texts.add(_Contents(compiled(types.float64(VECTOR), fastmath=True)(twice)).text)
    assert len(texts) == 4


def test_functions_of_other_packages_are_not_kept():
    kernel = compiled(types.float64(VECTOR))(twice)
    assert kernel._key(kernel.signatures[0]) is None
    assert not kernel.was_kept
    assert draw_normals._key(draw_normals.signatures[0])


def test_a_function_is_itself():
    assert called.__name__ == "called"
    assert called.__module__ == __name__
    assert called.py_func(1.0) == 2.0
