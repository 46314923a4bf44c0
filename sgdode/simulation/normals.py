"""Standard normals straight from the state of NumPy's SFC64, for the inner loops: the numbers that
``Generator.standard_normal`` gives, bit by bit, in little more than half the time (no call a number).

Generator: C. Doty-Humphrey's SFC64, as in numpy/random; normals: the ziggurat of 256 layers (Marsaglia & Tsang 2000).
"""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
from numba import float32, float64, int64, types
from numba.np.random._constants import fi_double, ki_double, wi_double, ziggurat_nor_inv_r, ziggurat_nor_r

from sgdode.jit.compiling import RNG, compiled

#: The four words of an SFC64, in place.
BITS = types.uint64[::1]
#: σ of a layer's points, the widths below which a point is inside for sure, the heights of the layers.
_WIDTH, _INSIDE, _HEIGHT = (np.asarray(table) for table in (wi_double, ki_double, fi_double))
_R, _INVERSE_R = float(ziggurat_nor_r), float(ziggurat_nor_inv_r)
_MANTISSA, _LAYERS = np.uint64(0x000FFFFFFFFFFFFF), np.uint64(0xFF)
_ONE, _THREE, _EIGHT, _NINE, _ELEVEN = (np.uint64(number) for number in (1, 3, 8, 9, 11))
_ROTATE, _BACK = np.uint64(24), np.uint64(40)


def words(rng: np.random.Generator) -> Any:
    """The state of a generator, (4,) uint64, as it is in memory: a kernel that writes to it moves the generator on.

    Valid as long as ``rng`` lives. Raises TypeError for another bit generator than SFC64.
    """
    if not isinstance(rng.bit_generator, np.random.SFC64):
        raise TypeError(f"SFC64 is needed, not {type(rng.bit_generator).__name__}")
    address = rng.bit_generator.ctypes.state_address
    return np.ctypeslib.as_array((ctypes.c_uint64 * 4).from_address(address))


@compiled(types.Tuple((types.boolean, float64))(RNG, int64, float64, float64), error_model="numpy")
def _at_the_edge(rng: Any, layer: int, x: float, tail_sign: float) -> tuple[bool, float]:
    """A point that is not inside its layer for sure: whether it is kept, and the normal."""
    if layer > 0:
        height = (_HEIGHT[layer - 1] - _HEIGHT[layer]) * rng.random() + _HEIGHT[layer]
        return height < math.exp(-0.5 * x * x), x
    while True:
        beyond = -_INVERSE_R * math.log1p(-rng.random())
        if -2.0 * math.log1p(-rng.random()) > beyond * beyond:
            return True, tail_sign * (_R + beyond)


@compiled(
    [types.void(RNG, BITS, real[:, ::1], int64, int64, int64) for real in (float64, float32)],
    nogil=True,
    error_model="numpy",
    _nrt=False,
)
def draw_normals(rng: Any, bits: Any, out: Any, rows: int, first: int, end: int) -> None:
    """Standard normals into out[:rows, first:end], from ``rng``, whose state is ``bits``."""
    a, b, c, count = bits[0], bits[1], bits[2], bits[3]
    for i in range(rows):
        j = first
        while j < end:
            word = a + b + count
            count += _ONE
            a = b ^ (b >> _ELEVEN)
            b = c + (c << _THREE)
            c = ((c << _ROTATE) | (c >> _BACK)) + word
            layer, size = word & _LAYERS, (word >> _NINE) & _MANTISSA
            sign = 1.0 - 2.0 * float64(int64((word >> _EIGHT) & _ONE))  # no branch: half of them would be mispredicted
            x = sign * float64(int64(size)) * _WIDTH[layer]
            if size >= _INSIDE[layer]:
                bits[0], bits[1], bits[2], bits[3] = a, b, c, count
                kept, x = _at_the_edge(rng, int64(layer), x, -1.0 if (size >> _EIGHT) & _ONE else 1.0)
                a, b, c, count = bits[0], bits[1], bits[2], bits[3]
                if not kept:
                    continue
            out[i, j] = x
            j += 1
    bits[0], bits[1], bits[2], bits[3] = a, b, c, count
