"""What only the compiler needs, named without importing it: ``types.float64[::1]`` is an expression here, worked out
when something is compiled. A process whose machine code is kept never imports the compiler, which takes longer than
many a run.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cached_property
from typing import Any


class InCompiler:
    """What stands for something else where a function is compiled."""

    @property
    def in_compiler(self) -> Any:
        """What that is."""
        raise NotImplementedError


class Deferred(InCompiler):
    """An object of the compiler's world that is made when it is first asked for; ``text`` says which, and ``source``
    is the function that makes it, where it is one of this package."""

    def __init__(self, text: str, make: Callable[[], Any], source: Any = None):
        self._text, self._make, self.source = text, make, source

    @cached_property
    def in_compiler(self) -> Any:
        """The object."""
        return self._make()

    def __repr__(self) -> str:
        return self._text

    def __getattr__(self, name: str) -> Deferred:
        if name.startswith("__"):
            raise AttributeError(name)
        return Deferred(f"{self._text}.{name}", lambda: getattr(self.in_compiler, name))

    def __getitem__(self, index: Any) -> Deferred:
        return Deferred(f"{self._text}[{text_of(index)}]", lambda: self.in_compiler[index])

    def __call__(self, *given: Any) -> Deferred:
        return Deferred(f"{self._text}({text_of(given)})", lambda: self.in_compiler(*worked_out(given)))


def module(name: str) -> Any:
    """A module by its full name."""
    return Deferred(name, lambda: importlib.import_module(name))


def deferred(make: Callable[[], Any]) -> Any:
    """What a function without arguments gives, called once."""
    return Deferred(f"{make.__module__}.{make.__qualname__}", make, make)


def worked_out(value: Any) -> Any:
    """A value, or a list or tuple of such, in the compiler's world."""
    if isinstance(value, Deferred):
        return value.in_compiler
    if type(value) in (tuple, list):
        return type(value)(worked_out(one) for one in value)
    return value


def text_of(value: Any) -> str:
    """How an expression reads, the same in every process."""
    if isinstance(value, (tuple, list)):
        return ", ".join(text_of(one) for one in value)
    return value.__qualname__ if isinstance(value, type) else repr(value)


types: Any = module("numba.types")
boolean, float64, int64 = types.boolean, types.float64, types.int64
ir: Any = module("llvmlite.ir")
cgutils: Any = module("numba.core.cgutils")
