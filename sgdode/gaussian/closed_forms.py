"""Dual kernels in closed form, in one dict by the names of the two activations.

Each function fills K = E[s_b(u) s_c(w)], K11 = E[s_b'(u) s_c'(w)] and K20 = E[s_b''(u) s_c(w)] for all pairs of two
lists of Gaussian fields: variances ``q1`` (n1,), ``q2`` (n2,), covariances ``C`` (n1,n2). Sources: Saad & Solla 1995
(erf, erf), Cho & Saul 2009 (relu, relu); the others follow from Stein's lemma. A gain g, s(λ) = f(g λ), scales the
fields: q → g² q, c → g g' c, and K11 and K20 take a factor g g' and g².

relu, leaky-relu and linear are one family, f(x) = α x + (1 − α) relu(x), with the slopes α of the two units in
``table[0]``. Arguments that round-off has carried too far (q < 0, c² > q q') count as the nearest possible ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from sgdode.jit.asin import asin
from sgdode.jit.compiling import compiled
from sgdode.jit.units import FILL_SIGNATURE
from sgdode.model.activations import ACTIVATIONS
from sgdode.model.overlaps import Array

_SQRT_TWO_PI = math.sqrt(2.0 * math.pi)
_ROUND_OFF = 1e-15  # of 1 − ρ², whose root K11 feels: less than this counts as ρ = ±1
_compiled = compiled(FILL_SIGNATURE, error_model="numpy", nogil=True)


@compiled("float64(float64, float64)")
def _slope(alpha: float, q: float) -> float:
    """E[s'] of a ramp: (1 + α)/2, and s'(0) = α for a field without variance."""
    return 0.5 * (1.0 + alpha) if q > 0.0 else alpha


@_compiled
def erf_erf(
    q1: Array,
    q2: Array,
    C: Array,
    gain1: float,
    gain2: float,
    first: int,
    second: int,
    table: Array,
    K: Array,
    K11: Array,
    K20: Array,
) -> None:
    """K = (2/π) asin(c/√((1+q)(1+q'))), K11 = (2/π)/√B, K20 = −(2/π) c/((1+q)√B), B = (1+q)(1+q') − c²."""
    n1, n2 = C.shape
    both = gain1 * gain2
    for b in range(n1):
        q = 1.0 + gain1 * gain1 * max(q1[b], 0.0)
        for c in range(n2):
            product = q * (1.0 + gain2 * gain2 * max(q2[c], 0.0))
            covariance = both * C[b, c]
            # B ≥ 1 + q + q' whatever round-off does to q q' − c².
            root = 1.0 / math.sqrt(max(product - covariance * covariance, 1.0))
            K[b, c] = (2.0 / math.pi) * asin(covariance / math.sqrt(product))
            K11[b, c] = (2.0 / math.pi) * both * root
            K20[b, c] = -(2.0 / math.pi) * gain1 * gain1 * covariance * root / q


@_compiled
def square_square(
    q1: Array,
    q2: Array,
    C: Array,
    gain1: float,
    gain2: float,
    first: int,
    second: int,
    table: Array,
    K: Array,
    K11: Array,
    K20: Array,
) -> None:
    """K = q q' + 2c², K11 = 4c, K20 = 2q'."""
    n1, n2 = C.shape
    scale = gain1 * gain1 * gain2 * gain2
    for b in range(n1):
        for c in range(n2):
            K[b, c] = scale * (q1[b] * q2[c] + 2.0 * C[b, c] * C[b, c])
            K11[b, c] = scale * 4.0 * C[b, c]
            K20[b, c] = scale * 2.0 * q2[c]


@_compiled
def ramp_ramp(
    q1: Array,
    q2: Array,
    C: Array,
    gain1: float,
    gain2: float,
    first: int,
    second: int,
    table: Array,
    K: Array,
    K11: Array,
    K20: Array,
) -> None:
    """Slopes α, β below 0: K = [αβ + (α(1−β) + (1−α)β)/2] c + (1−α)(1−β) K_relu, and its derivatives, with
    K_relu = (s + c(π/2 + θ))/(2π), K11_relu = 1/4 + θ/(2π), K20_relu = s/(2πq); s = √(qq' − c²), θ = asin ρ.

    At q = 0, K20 (δ at a field without variance) is taken as 0: it only ever appears times covariances of that field;
    s' is the slope that the activations have at 0, the one below it (:func:`_slope`).
    """
    n1, n2 = C.shape
    alpha, beta = table[0, 0], table[0, 1]
    straight = alpha * beta + 0.5 * (alpha * (1.0 - beta) + (1.0 - alpha) * beta)
    kink = (1.0 - alpha) * (1.0 - beta) / (2.0 * math.pi)
    both = gain1 * gain2
    for b in range(n1):
        q = gain1 * gain1 * max(q1[b], 0.0)
        for c in range(n2):
            product = q * (gain2 * gain2 * max(q2[c], 0.0))
            limit = math.sqrt(product)
            covariance = min(max(both * C[b, c], -limit), limit)
            left = product - covariance * covariance
            s = math.sqrt(left) if left > _ROUND_OFF * product else 0.0
            angle = math.atan2(covariance, s) + 0.5 * math.pi
            K[b, c] = straight * covariance + kink * (s + covariance * angle)
            if q1[b] > 0.0 and q2[c] > 0.0:
                K11[b, c] = both * (straight + kink * angle)
            else:
                K11[b, c] = both * _slope(alpha, q1[b]) * _slope(beta, q2[c])
            K20[b, c] = gain1 * gain1 * kink * s / q if q > 0.0 else 0.0


@_compiled
def erf_ramp(
    q1: Array,
    q2: Array,
    C: Array,
    gain1: float,
    gain2: float,
    first: int,
    second: int,
    table: Array,
    K: Array,
    K11: Array,
    K20: Array,
) -> None:
    """(1+β) times K = c/√(2π(1+q)), K11 = 1/√(2π(1+q)), K20 = −c/(√(2π)(1+q)^{3/2}); at q' = 0, 2β for 1+β."""
    n1, n2 = C.shape
    scale = 2.0 * gain1 * gain2 / _SQRT_TWO_PI
    for b in range(n1):
        q = 1.0 + gain1 * gain1 * max(q1[b], 0.0)
        for c in range(n2):
            K11[b, c] = scale * _slope(table[0, 1], q2[c]) / math.sqrt(q)
            K[b, c] = K11[b, c] * C[b, c]
            K20[b, c] = -gain1 * gain1 * K[b, c] / q


@_compiled
def ramp_erf(
    q1: Array,
    q2: Array,
    C: Array,
    gain1: float,
    gain2: float,
    first: int,
    second: int,
    table: Array,
    K: Array,
    K11: Array,
    K20: Array,
) -> None:
    """(1+α) times K = c/√(2π(1+q')), K11 = 1/√(2π(1+q')); K20 = 0. At q = 0, 2α for 1+α."""
    n1, n2 = C.shape
    scale = 2.0 * gain1 * gain2 / _SQRT_TWO_PI
    for c in range(n2):
        slope = scale / math.sqrt(1.0 + gain2 * gain2 * max(q2[c], 0.0))
        for b in range(n1):
            K11[b, c] = slope * _slope(table[0, 0], q1[b])
            K[b, c] = K11[b, c] * C[b, c]
            K20[b, c] = 0.0


_RAMPS = [name for name, record in ACTIVATIONS.items() if record.ramp is not None]

CLOSED_FORMS: dict[tuple[str, str], Callable[..., None]] = {
    ("erf", "erf"): erf_erf,
    ("square", "square"): square_square,
    **{(one, other): ramp_ramp for one in _RAMPS for other in _RAMPS},
    **{("erf", ramp): erf_ramp for ramp in _RAMPS},
    **{(ramp, "erf"): ramp_erf for ramp in _RAMPS},
}
