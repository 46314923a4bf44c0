"""Four numbers at a time in compiled code: sums over the rows of a matrix, kept in registers.

The compiler makes vector code of loops over long rows; rows of ten neurons end before such a loop has begun. Here a
tile of columns is one value of the type LANES, four float64, whatever the rows hold (float64 or float32).
"""

from __future__ import annotations

from typing import Any

from sgdode.jit.compiling import intrinsic
from sgdode.jit.deferred import cgutils, deferred, ir, types

WIDTH = 4


def _vector() -> Any:
    from llvmlite import ir as real

    return real.VectorType(real.DoubleType(), WIDTH)


_VECTOR = deferred(_vector)


def _lanes() -> Any:
    from numba.core import types as real
    from numba.extending import models, register_model

    class Lanes(real.Type):
        """Four float64 in one register."""

        def __init__(self) -> None:
            super().__init__("Lanes")

    @register_model(Lanes)
    class _LanesModel(models.PrimitiveModel):
        def __init__(self, manager: Any, kind: Any):
            super().__init__(manager, kind, _vector())

    return Lanes()


LANES = deferred(_lanes)


def _pointer(context: Any, builder: Any, array: Any, value: Any, index: Any) -> tuple[Any, Any]:
    """Where the flat index of a contiguous array is, as a pointer to four of its numbers, and their type."""
    data = context.make_array(array)(context, builder, value).data
    four = ir.VectorType(context.get_value_type(array.dtype), WIDTH)
    return builder.bitcast(builder.gep(data, [index]), ir.PointerType(four)), four


@intrinsic
def load(typing: Any, array: Any, index: Any) -> Any:
    """The four numbers of a contiguous array from a flat index on."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        pointer, four = _pointer(context, builder, array, *given)
        value = builder.load(pointer, align=array.dtype.bitwidth // 8)
        return value if four == _VECTOR else builder.fpext(value, _VECTOR)

    return LANES(array, types.intp), code


@intrinsic
def take(typing: Any, array: Any, index: Any) -> Any:
    """One number of a contiguous array, at a flat index (which is not looked at for being negative)."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        number = builder.load(builder.gep(context.make_array(array)(context, builder, given[0]).data, [given[1]]))
        return number if array.dtype == types.float64 else builder.fpext(number, ir.DoubleType())

    return types.float64(array, types.intp), code


@intrinsic
def put(typing: Any, array: Any, index: Any, number: Any) -> Any:
    """Put one number into a contiguous array, at a flat index."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        pointer = builder.gep(context.make_array(array)(context, builder, given[0]).data, [given[1]])
        number = given[2] if array.dtype == types.float64 else builder.fptrunc(given[2], ir.FloatType())
        builder.store(number, pointer)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.float64), code


@intrinsic
def store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Put four numbers into a contiguous array from a flat index on."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        pointer, four = _pointer(context, builder, array, given[0], given[1])
        rounded = given[2] if four == _VECTOR else builder.fptrunc(given[2], four)
        builder.store(rounded, pointer, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, LANES), code


@intrinsic
def spread(typing: Any, number: Any) -> Any:
    """A number, four times."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), given[0], ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH))

    return LANES(types.float64), code


@intrinsic
def add_product(typing: Any, total: Any, one: Any, other: Any) -> Any:
    """total + one · other, lane by lane, rounded once."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), "llvm.fma.v4f64")
        return builder.call(fma, [given[1], given[2], given[0]])

    return LANES(LANES, LANES, LANES), code


@intrinsic
def add(typing: Any, one: Any, other: Any) -> Any:
    """one + other, lane by lane."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.fadd(*given)

    return LANES(LANES, LANES), code


@intrinsic
def total(typing: Any, value: Any) -> Any:
    """The sum of the four numbers, in pairs."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        one, two, three, four = (
            builder.extract_element(given[0], ir.Constant(ir.IntType(32), lane)) for lane in range(WIDTH)
        )
        return builder.fadd(builder.fadd(one, three), builder.fadd(two, four))

    return types.float64(LANES), code
