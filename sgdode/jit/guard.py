"""A look at the types of arguments before machine code takes them: it reads the memory of whatever it is given.

numba's own look is part of its compiler. This one is machine code too, of a few ns an argument, made beside that of the
function: an array must be one of NumPy's, of the right type and number of axes, contiguous and writeable.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

#: Names for the loader: the function that Python calls, the types ``numpy.ndarray`` and ``TypeError``.
ENTRY, ARRAY_TYPE, ERROR_TYPE = "sgdode_entry", "sgdode_ndarray", "sgdode_TypeError"
#: Where, in bytes, an object has its type, an array its axes, element type and flags, and an element type its number
#: and byte order; the flags of contiguous, aligned and writeable ones.
_TYPE, _AXES, _ELEMENT, _FLAGS, _NUMBER, _ORDER = 8, 24, 56, 64, 28, 26
_WELL = 0x1 | 0x100 | 0x400


class ArrayOf(NamedTuple):
    """An argument that is an array, of NumPy's type number ``element`` and so many ``axes``."""

    element: int
    axes: int


#: What is looked at of an argument: an array, the entries of a tuple, or nothing.
Look = ArrayOf | list["Look"] | None


@cache
def can_look() -> bool:
    """Whether arrays are laid out as expected in this Python and NumPy."""
    if object.__basicsize__ != 16 or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    array = np.zeros((2, 3), np.float32)
    at, order = id(array), "="

    def read(kind: type, place: int) -> int | None:
        return kind.from_address(place).value  # type: ignore[attr-defined]

    element = read(ctypes.c_void_p, at + _ELEMENT)
    return (
        read(ctypes.c_void_p, at + _TYPE) == id(np.ndarray)
        and read(ctypes.c_void_p, at + 16) == array.ctypes.data
        and read(ctypes.c_int, at + _AXES) == 2
        and element == id(array.dtype)
        and read(ctypes.c_int, at + _FLAGS) == array.flags.num
        and read(ctypes.c_int, element + _NUMBER) == array.dtype.num
        and read(ctypes.c_char, element + _ORDER) == order.encode()
    )


def guard(wrapper: str, name: str, arguments: list[Look]) -> str:
    """LLVM's text of the function ENTRY, which looks at ``arguments`` and calls ``wrapper``, or raises TypeError."""
    error = f"No matching definition for argument type(s) of {name}".encode() + b"\0"
    text = "".join(f"\\{byte:02X}" for byte in error)
    lines, last = [], 0
    for line in _looks(arguments, "%args", iter(range(10**6))):
        lines.append(line)
        last += line.startswith("to")
    body = "\n".join(lines)
    return f"""
@text = private constant [{len(error)} x i8] c"{text}"
@{ARRAY_TYPE} = external global i8
@{ERROR_TYPE} = external global i8
declare ptr @PyTuple_GetItem(ptr, i64)
declare void @PyErr_SetString(ptr, ptr)
declare ptr @"{wrapper}"(ptr, ptr, ptr)
define ptr @{ENTRY}(ptr %self, ptr %args, ptr %names) {{
{body}
  %found = call ptr @"{wrapper}"(ptr %self, ptr %args, ptr %names)
  ret ptr %found
wrong:
  call void @PyErr_SetString(ptr @{ERROR_TYPE}, ptr @text)
  ret ptr null
}}
"""


def _looks(looks: list[Look], parent: str, number: Iterator[int]) -> Iterator[str]:
    """The code that looks at the entries of a tuple, and goes on where they are as expected."""
    for place, look in enumerate(looks):
        if look is None:
            continue
        n = next(number)
        yield f"  %v{n} = call ptr @PyTuple_GetItem(ptr {parent}, i64 {place})"
        yield f"  %there{n} = icmp ne ptr %v{n}, null"
        yield f"  br i1 %there{n}, label %to{n}, label %wrong"
        yield f"to{n}:"
        if isinstance(look, ArrayOf):
            yield from _array(look, n)
        else:
            yield from _looks(look, f"%v{n}", number)


def _array(look: ArrayOf, n: int) -> Iterator[str]:
    """The code that looks at the array ``%v{n}``."""
    yield from _read(n, "type", f"%v{n}", _TYPE, "ptr")
    yield f"  %is{n} = icmp eq ptr %type{n}, @{ARRAY_TYPE}"
    yield f"  br i1 %is{n}, label %at{n}, label %wrong"
    yield f"at{n}:"
    yield from _read(n, "axes", f"%v{n}", _AXES, "i32")
    yield from _read(n, "flags", f"%v{n}", _FLAGS, "i32")
    yield from _read(n, "element", f"%v{n}", _ELEMENT, "ptr")
    yield from _read(n, "number", f"%element{n}", _NUMBER, "i32")
    yield from _read(n, "order", f"%element{n}", _ORDER, "i8")
    yield f"  %well{n} = and i32 %flags{n}, {_WELL}"
    wanted = ("axes", look.axes), ("well", _WELL), ("number", look.element)
    yield from (f"  %a{n}{name} = icmp eq i32 %{name}{n}, {value}" for name, value in wanted)
    yield f"  %a{n}order = icmp ne i8 %order{n}, {ord('>' if np.little_endian else '<')}"
    yield f"  %b{n} = and i1 %a{n}axes, %a{n}well"
    yield f"  %c{n} = and i1 %a{n}number, %a{n}order"
    yield f"  %d{n} = and i1 %b{n}, %c{n}"
    yield f"  br i1 %d{n}, label %on{n}, label %wrong"
    yield f"on{n}:"


def _read(n: int, name: str, base: str, offset: int, kind: str) -> Iterator[str]:
    yield f"  %p{name}{n} = getelementptr i8, ptr {base}, i64 {offset}"
    yield f"  %{name}{n} = load {kind}, ptr %p{name}{n}"
