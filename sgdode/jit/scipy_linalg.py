"""SciPy's compiled linear algebra, without the rest of scipy.linalg, which takes longer to import than that."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import os
from functools import cache
from types import ModuleType

from sgdode.stand_in import stand_in


@cache
def load_linalg(name: str) -> ModuleType | None:
    """A module of scipy.linalg by itself: ``cython_blas``, which machine code calls, or ``cython_lapack``."""
    found = importlib.util.find_spec("scipy")
    places = [os.path.join(place, "linalg") for place in (found and found.submodule_search_locations) or ()]
    with contextlib.suppress(ImportError), stand_in("scipy.linalg", __path__=places):
        return importlib.import_module(f"scipy.linalg.{name}")
    return None


def routine_address(name: str, routine: str) -> int:
    """Where a routine of such a module is, such as ``dgemm`` of ``cython_blas``."""
    capsule = load_linalg(name).__pyx_capi__[routine]  # type: ignore[union-attr]
    python = ctypes.pythonapi
    python.PyCapsule_GetName.restype, python.PyCapsule_GetName.argtypes = ctypes.c_char_p, [ctypes.py_object]
    python.PyCapsule_GetPointer.restype = ctypes.c_void_p
    python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    return int(python.PyCapsule_GetPointer(capsule, python.PyCapsule_GetName(capsule)))
