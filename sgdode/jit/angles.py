"""Angles and their sines in arithmetic alone, so that the compiler makes vector code of loops over them.

atan t = t + t z P(z)/Q(z), z = t², for |t| ≤ tan(π/8) with the rational of Cephes (atan.c, S. L. Moshier 1995); what is
steeper is turned by π/4 and reflected. sin and cos below π/4: FreeBSD's msun (k_sin.c, k_cos.c, Sun Microsystems 1993).
"""

from __future__ import annotations

from sgdode.jit.compiling import compiled
from sgdode.jit.deferred import types

_P0, _P1, _P2 = -6.485021904942025371773e1, -1.228866684490136173410e2, -7.500855792314704667340e1
_P3, _P4 = -1.615753718733365076637e1, -8.750608600031904122785e-1
_Q0, _Q1, _Q2 = 1.945506571482613964425e2, 4.853903996359136964868e2, 4.328810604912902668951e2
_Q3, _Q4 = 1.650270098316988542046e2, 2.485846490142306297962e1
_S1, _S2, _S3 = -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04
_S4, _S5, _S6 = 2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10
_C1, _C2, _C3 = 4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05
_C4, _C5, _C6 = -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11
_TAN_EIGHTH = 0.41421356237309503
_QUARTER, _HALF, _PI = 0.7853981633974483, 1.5707963267948966, 3.141592653589793


@compiled(types.float64(types.float64, types.float64), error_model="numpy", forceinline=True)
def upper_angle(y: float, x: float) -> float:
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


@compiled(types.UniTuple(types.float64, 2)(types.float64), error_model="numpy", forceinline=True)
def sine_cosine(x: float) -> tuple[float, float]:
    """sin x and cos x for |x| ≤ π/4, to 2e-16."""
    z = x * x
    sine = x + x * z * (_S1 + z * (_S2 + z * (_S3 + z * (_S4 + z * (_S5 + z * _S6)))))
    cosine = 1.0 - 0.5 * z + z * z * (_C1 + z * (_C2 + z * (_C3 + z * (_C4 + z * (_C5 + z * _C6)))))
    return sine, cosine
