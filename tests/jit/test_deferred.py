"""Names of the compiler's world that are worked out when they are needed."""

import numba

from sgdode.jit.deferred import Deferred, deferred, module, text_of, types, worked_out


def test_an_expression_becomes_what_it_says():
    signature = types.void(types.float64[:, ::1], types.UniTuple(types.int64, 2))
    assert worked_out(signature) == numba.types.void(numba.types.float64[:, ::1], numba.types.UniTuple(numba.int64, 2))
    assert worked_out([types.int64, (3, types.boolean)]) == [numba.int64, (3, numba.boolean)]
    assert repr(types.float64[::1]) == "numba.types.float64[slice(None, None, 1)]"
    assert text_of((dict, [types.intp, 2.0])) == "dict, numba.types.intp, 2.0"


def test_what_differs_reads_differently():
    texts = [repr(types.void(one)) for one in (types.float64, types.float32, types.float64[::1], types.float64[:, ::1])]
    assert len(set(texts)) == 4


def test_nothing_is_made_before_it_is_asked_for_nor_twice():
    made = []
    value = deferred(lambda: made.append(1) or made)
    also = module("no.such.module").something
    assert isinstance(value, Deferred)
    assert isinstance(also, Deferred)
    assert not made
    assert worked_out(value) is worked_out(value)
    assert made == [1]
