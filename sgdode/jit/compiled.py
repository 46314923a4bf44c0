"""A function as machine code: loaded where it is kept, else compiled, when it is first called or asked for its address.

Loading takes a millisecond and no compiler: see ``sgdode.jit.loading``; compiling is in ``sgdode.jit.building``.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from functools import cached_property, update_wrapper
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from sgdode.jit import cache
from sgdode.jit.deferred import Deferred, InCompiler, text_of
from sgdode.jit.loading import Placed, Unit, into_memory, processor
from sgdode.parts import part
from sgdode.signals import stop_if_asked


class NotKeptError(Exception):
    """A function would have to be compiled."""


_lock = threading.RLock()
_refused = False


@contextlib.contextmanager
def nothing_compiled() -> Iterator[None]:
    """In the block what is not kept is not compiled: NotKeptError is raised."""
    global _refused
    _refused = True
    try:
        yield
    finally:
        _refused = False


class Compiled(InCompiler):
    """A function of ``signatures`` as machine code; see :func:`sgdode.jit.compiling.compiled`."""

    def __init__(self, function: Any, signatures: tuple[Any, ...], options: dict[str, Any]):
        self.py_func, self.signatures, self.options = function, signatures, options
        #: Whether all of it came from disk.
        self.was_kept = False
        self._code: Callable[..., Any] = self._first
        update_wrapper(self, function, updated=())

    def __call__(self, *given: Any) -> Any:
        return self._code(*given)

    def _first(self, *given: Any) -> Any:
        with _lock:
            self._code = code = self._found()
        return code(*given)

    def _found(self) -> Callable[..., Any]:
        if not self.signatures:
            from sgdode.jit.building import any_types

            return any_types(self)
        placed = self._placed
        return placed[0].call if len(placed) == 1 else _first_that_fits([one.call for one in placed])

    @cached_property
    def address(self) -> int:
        """Where the code of the only signature is, for calls by other machine code."""
        with _lock:
            return self._placed[0].address

    @cached_property
    def _placed(self) -> list[Placed]:
        return [self._place(signature) for signature in self.signatures]

    def _place(self, signature: Any) -> Placed:
        name, key = self._name, self._key(signature)
        unit = cache.kept(name, key) if key else None
        self.was_kept = unit is not None
        if unit is None:
            stop_if_asked()  # what comes takes seconds
            unit = self._built(signature)
            if key:
                cache.keep(name, key, unit)
        return into_memory(Unit(*unit), self.py_func)

    def _built(self, signature: Any) -> Unit:
        if _refused:
            raise NotKeptError(self._name)
        with part("compile"):
            from sgdode.jit.building import build_unit

            return build_unit(self, signature)

    @cached_property
    def in_compiler(self) -> Any:
        """The compiler's own form of it, for other functions that are compiled."""
        from sgdode.jit.building import inner

        with _lock:
            return inner(self)

    @cached_property
    def _name(self) -> str:
        path = os.path.relpath(self.py_func.__code__.co_filename, cache.PACKAGE)
        return f"{path[:-3].replace(os.sep, '.')}.{self.py_func.__qualname__}"

    def _key(self, signature: Any) -> bytes | None:
        """What the code for a signature is kept under. None for functions of other packages and those that hold
        variables of another function, which are not kept, and where there is no folder."""
        inside = self.py_func.__code__.co_filename.startswith(cache.PACKAGE + os.sep)
        if not inside or self.py_func.__closure__ is not None or cache.folder() is None:
            return None
        return cache.digest(f"{self._name} {_Contents(self).text} {signature!s} {processor()}".encode())


def _first_that_fits(codes: list[Callable[..., Any]]) -> Callable[..., Any]:
    """A call of the first code that takes arguments of their types, the one that did so last before the others."""

    def call(*given: Any) -> Any:
        for at, code in enumerate(codes):
            try:
                found = code(*given)
            except TypeError:
                if at == len(codes) - 1:
                    raise
            else:
                if at:
                    codes.insert(0, codes.pop(at))
                return found
        return None

    return call


class _Contents:
    """What the machine code of a function follows from, as ``text``: the function, and all that it can reach by names
    of its module, each once."""

    def __init__(self, first: Compiled):
        self._numbers: dict[Any, int] = {}
        self._left: list[Any] = []
        parts = [self._of(first)]
        while self._left:
            function = self._left.pop()
            names = tuple(function.__globals__.get(name) for name in function.__code__.co_names)
            parts.append(f"{self._of(function.__code__)} {self._of(names)}")
        self.text = "\n".join(parts)

    def _of(self, value: Any) -> str:
        if isinstance(value, CodeType):
            return f"{value.co_code.hex()} {value.co_names} {self._of(value.co_consts)}"
        if isinstance(value, FunctionType):
            if value not in self._numbers:
                self._numbers[value] = len(self._numbers)
                self._left.append(value)
            return f"function {self._numbers[value]}"
        if isinstance(value, Compiled):
            options = ((key, sorted(one) if isinstance(one, set) else one) for key, one in value.options.items())
            return f"{self._of(value.py_func)} {sorted(options)}"
        if isinstance(value, Deferred):
            return f"{text_of(value)} {self._of(value.source)}"
        if isinstance(value, tuple):
            return f"({', '.join(self._of(one) for one in value)})"
        if isinstance(value, np.ndarray):
            return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
        return repr(value) if isinstance(value, (int, float, str, np.generic)) else type(value).__name__
