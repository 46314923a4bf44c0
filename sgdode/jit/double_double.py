"""Numbers of twice the digits, 32 of them, as a pair (high, low) of float64, in arithmetic alone.

For differences of nearly equal numbers that are known to more digits than a float64 holds. Sums of the high parts and
their products are exact (Knuth's and Dekker's: no fused instructions, so that vector code of it is the same
everywhere); what is left out is below 1e-31 of the *operands*, which is of the result where nothing cancels.
"""

from __future__ import annotations

import math

from sgdode.jit.compiling import compiled
from sgdode.jit.deferred import types

#: A (high, low) pair, and as compiled code knows it.
Double = tuple[float, float]
DOUBLE = types.UniTuple(types.float64, 2)
_SPLIT = 134217729.0  # 2²⁷ + 1
_two = compiled(DOUBLE(DOUBLE, DOUBLE), error_model="numpy", forceinline=True)
_one = compiled(DOUBLE(DOUBLE), error_model="numpy", forceinline=True)


@compiled(DOUBLE(types.float64, types.float64), error_model="numpy", forceinline=True)
def exact_sum(a: float, b: float) -> tuple[float, float]:
    """a + b."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@compiled(DOUBLE(types.float64, types.float64), error_model="numpy", forceinline=True)
def exact_product(a: float, b: float) -> tuple[float, float]:
    """a b, for factors below 1e150."""
    p = a * b
    t, u = _SPLIT * a, _SPLIT * b
    a1, b1 = t - (t - a), u - (u - b)
    a2, b2 = a - a1, b - b1
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


@compiled(DOUBLE(types.float64, types.float64), error_model="numpy", forceinline=True)
def _joined(high: float, low: float) -> tuple[float, float]:
    """high + low, for |low| ≤ |high|."""
    s = high + low
    return s, low - (s - high)


@_two
def plus(a: Double, b: Double) -> Double:
    """a + b."""
    s, t = exact_sum(a[0], b[0])
    return _joined(s, t + (a[1] + b[1]))


@_two
def minus(a: Double, b: Double) -> Double:
    """a − b."""
    s, t = exact_sum(a[0], -b[0])
    return _joined(s, t + (a[1] - b[1]))


@_two
def times(a: Double, b: Double) -> Double:
    """a b."""
    p, t = exact_product(a[0], b[0])
    return _joined(p, t + (a[0] * b[1] + a[1] * b[0]))


@compiled(DOUBLE(DOUBLE, types.float64), error_model="numpy", forceinline=True)
def scaled(a: tuple[float, float], factor: float) -> tuple[float, float]:
    """``factor`` times a, the factor a power of 2."""
    return factor * a[0], factor * a[1]


@_two
def divided(a: Double, b: Double) -> Double:
    """a / b, b ≠ 0."""
    first = a[0] / b[0]
    rest = minus(a, times(b, (first, 0.0)))
    return _joined(first, rest[0] / b[0])


@_one
def root(a: Double) -> Double:
    """√a, a > 0."""
    first = math.sqrt(a[0])
    rest = minus(a, exact_product(first, first))
    return _joined(first, 0.5 * rest[0] / first)
