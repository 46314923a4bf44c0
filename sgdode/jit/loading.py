"""Kept machine code is put into the memory of this process, without the compiler.

A function that numba compiles has a form that Python calls as any function in C, with helpers in three small libraries
of numba's. LLVM's loader and these are all that is needed to call it: nothing of numba is imported, and what is loaded
of it is forgotten again, so that an import of numba in the same process finds all as it should be.
"""

from __future__ import annotations

import builtins
import ctypes
import importlib.util
import sys
from collections.abc import Callable
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from pathlib import Path
from pickle import loads  # of what the compiler has made, here or in a file whose checksum holds
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numpy as np

from sgdode.jit.guard import ARRAY_TYPE, ENTRY, ERROR_TYPE
from sgdode.jit.scipy_linalg import load_linalg

_HELPERS, _FUNCTIONS, _RUNTIME = "numba._helperlib", "numba._dynfunc", "numba.core.runtime._nrt_python"
#: How the names of helpers for linear algebra begin, in object files.
_BLAS = (b"numba_xx", b"numba_ez", b"numba_raw")
_placed: list[Any] = []


class Unit(NamedTuple):
    """One compiled form of one function, in what a file can hold.

    ``code``: an object file; ``guard``: another, of the function that looks at the types of arguments before it calls
    ``wrapper`` in the first; ``function``: the name there for other machine code; ``environments``: names of variables
    there, with the pickled constants that they shall point to, the function's own first.
    """

    code: bytes
    guard: bytes
    wrapper: str
    function: str
    environments: tuple[tuple[str, bytes], ...]


class Placed(NamedTuple):
    """A compiled form in the memory of this process: ``call(*arguments)`` from Python, ``address(name)`` for machine
    code."""

    call: Callable[..., Any]
    address: int


_pickled: dict[bytes, Any] = {}


@ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
def _unpickle(data: int, size: int, digest: int) -> Any:
    """A constant of machine code, of such a digest (20 bytes)."""
    key = ctypes.string_at(digest, 20)
    if key not in _pickled:
        _pickled[key] = loads(ctypes.string_at(data, size))
    return _pickled[key]


@cache
def processor() -> str:
    """The processor that machine code is for."""
    return f"{llvm.get_default_triple()} {llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


def into_memory(unit: Unit, function: Any) -> Placed:
    """A compiled form of a Python function, ready to be called."""
    if any(name in unit.code for name in _BLAS):
        load_linalg("cython_blas")
    engine = _engine()
    for code in (unit.code, unit.guard):
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    environments = [_environment(engine, function, *one) for one in unit.environments]
    doc = f"machine code of {function.__qualname__}"
    arguments = engine.get_function_address(ENTRY), environments[0], (engine,)
    call = _library(_FUNCTIONS).make_function(sys.modules[__name__], function.__name__, doc, *arguments)
    _placed.append((engine, environments, call))  # the addresses stay good as long as the process lives
    return Placed(call, engine.get_function_address(unit.function))


def _environment(engine: Any, function: Any, name: str, constants: bytes) -> Any:
    """The constants of a function, where its code looks for them."""
    environment = _library(_FUNCTIONS).Environment(function.__globals__)
    environment.consts.extend(loads(constants))  # of a file whose checksum holds
    if place := engine.get_global_value_address(name):
        ctypes.c_void_p.from_address(place).value = id(environment)
    return environment


def _engine() -> Any:
    """A place for one function: what others are called in their object files is nothing to it."""
    module = llvm.parse_assembly("")
    module.triple = llvm.get_default_triple()
    return llvm.create_mcjit_compiler(module, _target_machine())


@cache
def _target_machine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    _add_symbols()
    return llvm.Target.from_default_triple().create_target_machine(opt=0, codemodel="jitdefault", jit=True)


def _add_symbols() -> None:
    """Tell the loader where the helpers are that machine code calls, under numba's names for them."""
    llvm.add_symbol("_Py_NoneStruct", id(None))
    for library in (_HELPERS, _FUNCTIONS):
        for name, address in _library(library).c_helpers.items():
            llvm.add_symbol(f"numba_{name}", address)
    if "numba" not in sys.modules:  # which would be imported by its own
        llvm.add_symbol("numba_unpickle", ctypes.cast(_unpickle, ctypes.c_void_p).value)
    for name, address in _library(_RUNTIME).c_helpers.items():
        llvm.add_symbol(name if name.startswith("_") else f"NRT_{name}", address)
    for error in vars(builtins).values():
        if isinstance(error, type) and issubclass(error, BaseException):
            llvm.add_symbol(f"PyExc_{error.__name__}", id(error))
    llvm.add_symbol(ARRAY_TYPE, id(np.ndarray))
    llvm.add_symbol(ERROR_TYPE, id(TypeError))


@cache
def _library(name: str) -> Any:
    """A library of numba's that imports nothing else; numba's own where it is imported."""
    if name in sys.modules:
        return sys.modules[name]
    found = importlib.util.find_spec("numba")
    folders = (found and found.submodule_search_locations) or ()
    parts = name.split(".")[1:]
    paths = (Path(folder, *parts[:-1], parts[-1] + suffix) for folder in folders for suffix in EXTENSION_SUFFIXES)
    path = str(next(path for path in paths if path.exists()))
    spec = importlib.util.spec_from_file_location(name, path, loader=ExtensionFileLoader(name, path))
    assert spec is not None
    assert spec.loader is not None
    library = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(library)
    sys.modules.pop(name, None)
    return library
