"""atan and exp in arithmetic alone, so that the compiler makes vector code of a loop over them.

atan is a polynomial in the square of the argument, fitted at Chebyshev nodes on 0 ≤ x ≤ tan(π/8), where the argument
is brought by atan x = π/4 + atan((x − 1)/(x + 1)) and atan x = π/2 − atan(1/x); exp a Taylor polynomial, squared six
times.
"""

from __future__ import annotations

import math

import numpy as np

from sgdode.jit.compiling import compiled
from sgdode.jit.deferred import types

_TAN_EIGHTH = math.tan(math.pi / 8)
_QUARTER, _HALF = math.pi / 4, math.pi / 2


def _fit(count: int = 13) -> tuple[float, ...]:
    half = _TAN_EIGHTH**2 / 2
    k = np.arange(count)
    z = half * (1.0 + np.cos(math.pi * (k + 0.5) / count))
    x = np.sqrt(z)
    found = np.linalg.solve(np.vander(z / (2.0 * half), count, increasing=True), np.arctan(x) / x)
    return tuple(float(c) for c in found / (2.0 * half) ** k)


_A = _fit()
_E = tuple(1.0 / math.factorial(n) for n in range(13))


@compiled(types.float64(types.float64, types.float64), inline="always", error_model="numpy")
def angle(y: float, x: float) -> float:
    """atan(y/x) for x ≥ 0, between −π/2 and π/2, to 2e-16; 0 at the origin."""
    size = abs(y)
    steep = size > x
    low, high = (x, size) if steep else (size, x)
    t = low / high if high > 0.0 else 0.0
    far = t > _TAN_EIGHTH
    u = (t - 1.0) / (t + 1.0) if far else t
    z = u * u
    p = _A[8] + z * (_A[9] + z * (_A[10] + z * (_A[11] + z * _A[12])))
    p = _A[4] + z * (_A[5] + z * (_A[6] + z * (_A[7] + z * p)))
    p = _A[0] + z * (_A[1] + z * (_A[2] + z * (_A[3] + z * p)))
    value = u * p + (_QUARTER if far else 0.0)
    value = _HALF - value if steep else value
    return value if y >= 0.0 else -value


@compiled(types.float64(types.float64), inline="always")
def exp(x: float) -> float:
    """exp for 0 ≤ x ≤ 20."""
    u = 0.015625 * x
    p = _E[8] + u * (_E[9] + u * (_E[10] + u * (_E[11] + u * _E[12])))
    p = _E[4] + u * (_E[5] + u * (_E[6] + u * (_E[7] + u * p)))
    p = _E[0] + u * (_E[1] + u * (_E[2] + u * (_E[3] + u * p)))
    for _ in range(6):
        p *= p
    return p
