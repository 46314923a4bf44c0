"""Machine code as this package makes it: the decorator, the types of arguments, and the sets of options."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar

from numba import njit, types
from numba.core.typeinfer import register_dispatcher
from numba.core.types import npy_rng

from sgdode.jit.cache import CodeCache
from sgdode.stand_in import stand_in


def load_linalg(name: str) -> None:
    """A module of compiled code of scipy.linalg, by itself: the rest of that takes longer to import."""
    found = importlib.util.find_spec("scipy")
    places = [os.path.join(place, "linalg") for place in (found and found.submodule_search_locations) or ()]
    with contextlib.suppress(ImportError), stand_in("scipy.linalg", __path__=places):
        importlib.import_module(f"scipy.linalg.{name}")


load_linalg("cython_blas")  # numba needs it

F = TypeVar("F", bound=Callable[..., Any])

VECTOR = types.float64[::1]
MATRIX = types.float64[:, ::1]
#: (3, n1, n2): K, K11 and K20 of a pair of kinds of neuron.
BLOCKS = types.float64[:, :, ::1]
#: The precisions of weights.
REALS = (types.float64, types.float32)
#: A ``numpy.random.Generator``.
RNG = npy_rng

#: ``fastmath`` where sums may be reordered, so that they become vector code. NaN and infinity keep their meaning.
REORDER = {"reassoc", "contract"}
#: Sums over many entries, in the functions that call them.
SUMS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": REORDER, "forceinline": True}
#: Random numbers, which are NumPy's bit for bit.
DRAWS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
#: The steps of SGD. Nothing is allocated in these functions: without reference counts (``_nrt``) a step of p = 8 takes
#: a third of the time, and with the functions in one another (``forceinline``) two thirds of that: arrays are passed
#: as seven words each.
STEPS: dict[str, Any] = {**SUMS, "fastmath": {*REORDER, "nsz"}, "_nrt": False}
#: Likewise, for functions that are long, or rarely called: compiled once, not in every place that calls them.
CALLED: dict[str, Any] = {**STEPS, "forceinline": False}


def compiled(signatures: Any = None, **options: Any) -> Callable[[F], F]:
    """``numba.njit`` with a cache that knows all sources of the package; see ``sgdode.jit.cache``.

    ``signatures``: the types of the arguments, or a list of such, to be compiled now; None: what other compiled code
    calls it with. ``options``: numba's.
    """

    def of(function: Any) -> Any:
        dispatcher = njit(**options)(function)
        dispatcher._cache = CodeCache(function, options)
        if signatures is not None:
            with register_dispatcher(dispatcher):
                for signature in signatures if isinstance(signatures, list) else [signatures]:
                    dispatcher.compile(signature)
            dispatcher.disable_compile()
        return dispatcher

    return of


def per_precision(signature: Callable[[Any], Any], **options: Any) -> Callable[[F], Callable[[str], F]]:
    """Of a kernel that runs long and is rarely needed: ``kernel("float32")`` is its machine code for weights of that
    precision, with the types ``signature(float32)``, compiled when it is first asked for."""

    def of(kernel: F) -> Callable[[str], F]:
        @lru_cache
        def of_precision(real: str) -> F:
            return compiled(signature(getattr(types, real)), **options)(kernel)

        return of_precision

    return of


def named(record: Any, fields: Iterable[Any]) -> Any:
    """The compiled type of a NamedTuple class whose entries have the types ``fields``."""
    return types.BaseTuple.from_types(tuple(fields), record)
