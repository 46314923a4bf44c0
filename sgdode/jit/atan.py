"""The angle of a point of the upper half-plane in arithmetic alone, so that the compiler makes vector code of it.

atan t = t + t z P(z)/Q(z), z = t², for |t| ≤ tan(π/8) with the rational of Cephes (atan.c, S. L. Moshier 1995); what is
steeper is turned by π/4 and reflected.
"""

from __future__ import annotations

from typing import Any

from numba import njit, types

_P0, _P1, _P2 = -6.485021904942025371773e1, -1.228866684490136173410e2, -7.500855792314704667340e1
_P3, _P4 = -1.615753718733365076637e1, -8.750608600031904122785e-1
_Q0, _Q1, _Q2 = 1.945506571482613964425e2, 4.853903996359136964868e2, 4.328810604912902668951e2
_Q3, _Q4 = 1.650270098316988542046e2, 2.485846490142306297962e1
_TAN_EIGHTH = 0.41421356237309503
_QUARTER, _HALF, _PI = 0.7853981633974483, 1.5707963267948966, 3.141592653589793


@njit(types.float64(types.float64, types.float64), cache=True, error_model="numpy", forceinline=True)
def upper_angle(y: float, x: float) -> Any:
    """atan2(y, x) for y ≥ 0, between 0 and π, to 3e-16 of itself; 0 where both are 0."""
    a = abs(x)
    steep = y > a
    low, high = (a, y) if steep else (y, a)
    far = low > _TAN_EIGHTH * high
    over, under = (low - high, low + high) if far else (low, high)
    t = over / under if under > 0.0 else 0.0
    z = t * t
    p = (((_P4 * z + _P3) * z + _P2) * z + _P1) * z + _P0
    q = ((((z + _Q4) * z + _Q3) * z + _Q2) * z + _Q1) * z + _Q0
    angle = t + t * z * (p / q)
    angle = angle + _QUARTER if far else angle
    angle = _HALF - angle if steep else angle
    return angle if x >= 0.0 else _PI - angle
