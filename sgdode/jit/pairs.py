"""Dual kernels as compiled code takes them: a PairKernel (see ``sgdode.gaussian.dual``) with addresses for functions.

Handing a compiled function from Python to compiled code costs about 50 µs each time (numba looks up its address), which
is more than a whole right-hand side; an address is a number.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sgdode.jit.compiled import Compiled
from sgdode.jit.compiling import BLOCKS, MATRIX, VECTOR, compiled, named
from sgdode.jit.deferred import types
from sgdode.jit.units import ADDRESS, fill_at
from sgdode.model.overlaps import Array


class Pair(NamedTuple):
    """A PairKernel as compiled code takes it; see :func:`fill`."""

    fill: int
    gain1: float
    gain2: float
    first: int
    second: int
    table: Array


PAIR = named(Pair, (ADDRESS, types.float64, types.float64, ADDRESS, ADDRESS, MATRIX))


def held(kernel: tuple[Compiled, float, float, int, int, Array]) -> Pair:
    """The Pair of a PairKernel (its entries, in order)."""
    return Pair(kernel[0].address, *kernel[1:])


@compiled(types.void(PAIR, VECTOR, VECTOR, MATRIX, BLOCKS), nogil=True)
def fill(pair: Pair, q1: Array, q2: Array, C: Array, blocks: Array) -> None:
    """Fill ``blocks`` (3,n1,n2) with K, K11, K20 for variances q1 (n1,), q2 (n2,) and covariances C (n1,n2)."""
    fill_at(pair, q1, q2, C, blocks[0], blocks[1], blocks[2])


def dual(pair: Pair, q1: Array, q2: Array, C: Array) -> Array:
    """K, K11 and K20, (3,n1,n2), for variances ``q1`` (n1,), ``q2`` (n2,) and covariances ``C`` (n1,n2)."""
    blocks = np.empty((3, *C.shape))
    v1, v2, covariance = (np.array(array, dtype=float, order="C") for array in (q1, q2, C))
    fill(pair, v1, v2, covariance, blocks)
    return blocks
