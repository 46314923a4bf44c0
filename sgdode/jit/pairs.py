"""Dual kernels that machine code keeps: a PairKernel (see ``sgdode.gaussian.dual``) looked up once, not at every call.

Handing a compiled function from Python to compiled code costs about 50 µs each time (numba looks up its address), which
is more than a whole right-hand side. A record that lives on the compiled side is handed over for a few tenths of a µs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.experimental import structref

from sgdode.jit.compiling import BLOCKS, MATRIX, VECTOR, compiled
from sgdode.jit.units import EVALUATE, FILL, Evaluate
from sgdode.model.overlaps import Array


@structref.register
class PairType(types.StructRef):
    """The compiled type of a Pair."""


class Pair(structref.StructRefProxy):
    """A PairKernel as compiled code holds it; see :func:`fill`."""

    fill: Callable[..., None]
    gain1: float
    gain2: float
    first: Evaluate
    second: Evaluate
    table: Array


structref.define_boxing(PairType, Pair)
PAIR = PairType(
    (
        ("fill", FILL),
        ("gain1", types.float64),
        ("gain2", types.float64),
        ("first", EVALUATE),
        ("second", EVALUATE),
        ("table", MATRIX),
    )
)


@compiled(PAIR(FILL, types.float64, types.float64, EVALUATE, EVALUATE, MATRIX))
def _held(
    fill: Callable[..., None], gain1: float, gain2: float, first: Evaluate, second: Evaluate, table: Array
) -> Pair:
    pair: Any = structref.new(PAIR)
    pair.fill = fill
    pair.gain1 = gain1
    pair.gain2 = gain2
    pair.first = first
    pair.second = second
    pair.table = table
    return pair


def held(kernel: tuple[Callable[..., None], float, float, Evaluate, Evaluate, Array]) -> Pair:
    """The Pair of a PairKernel (its entries, in order), which must outlive it."""
    return _held(*kernel)


@compiled(types.void(PAIR, VECTOR, VECTOR, MATRIX, BLOCKS), nogil=True)
def fill(pair: Pair, q1: Array, q2: Array, C: Array, blocks: Array) -> None:
    """Fill ``blocks`` (3,n1,n2) with K, K11, K20 for variances q1 (n1,), q2 (n2,) and covariances C (n1,n2)."""
    pair.fill(q1, q2, C, pair.gain1, pair.gain2, pair.first, pair.second, pair.table, blocks[0], blocks[1], blocks[2])


def dual(pair: Pair, q1: Array, q2: Array, C: Array) -> Array:
    """K, K11 and K20, (3,n1,n2), for variances ``q1`` (n1,), ``q2`` (n2,) and covariances ``C`` (n1,n2)."""
    blocks = np.empty((3, *C.shape))
    v1, v2, covariance = (np.array(array, dtype=float, order="C") for array in (q1, q2, C))
    fill(pair, v1, v2, covariance, blocks)
    return blocks
