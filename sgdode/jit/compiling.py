"""Machine code as this package makes it: the decorator, the types of arguments, and the sets of options."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar

from sgdode.jit.compiled import Compiled
from sgdode.jit.deferred import Deferred, module, types

F = TypeVar("F", bound=Callable[..., Any])

VECTOR = types.float64[::1]
MATRIX = types.float64[:, ::1]
#: (3, n1, n2): K, K11 and K20 of a pair of kinds of neuron.
BLOCKS = types.float64[:, :, ::1]
#: The precisions of weights.
REALS = (types.float64, types.float32)
#: A ``numpy.random.Generator``.
RNG = module("numba.core.types").npy_rng

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
    """``numba.njit`` with a cache that knows all sources of the package, and without numba where its machine code is
    kept; see ``sgdode.jit.compiled``.

    ``signatures``: the types of the arguments, or a list of such, for which it is compiled when it is first needed;
    None: what other compiled code calls it with. ``options``: numba's.
    """

    def of(function: Any) -> Any:
        several = signatures if isinstance(signatures, list) else [signatures]
        return Compiled(function, () if signatures is None else tuple(several), options)

    return of


def intrinsic(function: Callable[..., Any]) -> Any:
    """``numba.extending.intrinsic``: a function that writes code."""

    def make() -> Any:
        from sgdode.jit.building import writer

        return writer(function)

    return Deferred(f"{function.__module__}.{function.__qualname__}", make, function)


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
