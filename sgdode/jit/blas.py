"""The library of linear algebra that machine code calls: SciPy's."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
from functools import cache

from sgdode.stand_in import stand_in


@cache
def load_blas() -> None:
    """What numba takes of SciPy, by itself: the rest of scipy.linalg takes longer to import than that."""
    found = importlib.util.find_spec("scipy")
    places = [os.path.join(place, "linalg") for place in (found and found.submodule_search_locations) or ()]
    with contextlib.suppress(ImportError), stand_in("scipy.linalg", __path__=places):
        importlib.import_module("scipy.linalg.cython_blas")
