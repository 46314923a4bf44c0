"""The losses: what the residual E of a label y and an output f is. One record each, in one dict.

A column of a step is c_i = a_i σ'(λ_i) E(y, f). Where E = y − share · f the equations are in closed form, with the
signed weights v = (−share a/p, a*/k); else they average over nodes, and the label noise z by ``averaged`` where that is
known. Whatever the loss, the risk that is reported is ½ E[(y − f)²] − Δ/2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sgdode.model.overlaps import Array

#: ``averaged(f_star, f, deviation, size)``: E_z E and E_z E² (n,) for y = f_star + deviation · z, z ~ N(0,1).
Averaged = Callable[["Array", "Array", float, float], tuple["Array", "Array"]]


@dataclass(frozen=True)
class Loss:
    """``residual(y, f, size)``: E, in plain scalar code that can be compiled. ``share``: that of f in E where this is
    y − share · f, else None. ``sized``: whether it is told a ``size``, as in {clip: 0.5}. ``meaning``: one line for a
    reader. ``averaged``: the first two moments of E over the label noise; None: by quadrature."""

    residual: Callable[[float, float, float], float]
    share: float | None = 1.0
    meaning: str = ""
    sized: bool = False
    averaged: Averaged | None = None


def _difference(y: float, f: float, size: float) -> float:
    return y - f


def _label(y: float, f: float, size: float) -> float:
    return y


def _sign(y: float, f: float, size: float) -> float:
    if y == f:
        return 0.0
    return 1.0 if y > f else -1.0


def _clipped(y: float, f: float, size: float) -> float:
    return max(-size, min(size, y - f))


def _logistic(y: float, f: float, size: float) -> float:
    label = 1.0 if y > 0.0 else -1.0
    return label / (1.0 + math.exp(label * f))


def _averaged_sign(f_star: Array, f: Array, deviation: float, size: float) -> tuple[Array, Array]:
    """E_z sign(e + s z) = erf(e/(s√2)), and 1."""
    import numpy as np
    from scipy.special import erf

    e = f_star - f
    first = np.sign(e) if deviation == 0.0 else erf(e / (math.sqrt(2.0) * deviation))
    return np.asarray(first), np.ones_like(e)


def _averaged_clip(f_star: Array, f: Array, deviation: float, size: float) -> tuple[Array, Array]:
    """The moments of max(−c, min(c, e + s z)), with u = (c − e)/s, l = (−c − e)/s and I = Φ(u) − Φ(l)."""
    import numpy as np
    from scipy.special import ndtr

    e, s, c = f_star - f, deviation, size
    if s == 0.0:
        clipped = np.clip(e, -c, c)
        return clipped, clipped * clipped
    if math.isinf(c):
        return e, e * e + s * s
    u, low = (c - e) / s, (-c - e) / s
    above, below = ndtr(-u), ndtr(low)
    inside = 1.0 - above - below
    n_u, n_low = (np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi) for x in (u, low))
    first = e * inside - s * (n_u - n_low) + c * (above - below)
    second = (e * e + s * s) * inside - s * ((c + e) * n_u - (e - c) * n_low) + c * c * (above + below)
    return first, second


def _averaged_logistic(f_star: Array, f: Array, deviation: float, size: float) -> tuple[Array, Array]:
    """The label is sign(f* + s z), and 1 with the probability Φ(f*/s)."""
    import numpy as np
    from scipy.special import expit, ndtr

    likely = np.where(f_star > 0.0, 1.0, 0.0) if deviation == 0.0 else ndtr(f_star / deviation)
    up, down = expit(-f), expit(f)
    return likely * up - (1.0 - likely) * down, likely * up * up + (1.0 - likely) * down * down


SQUARED = Loss(_difference, 1.0, "½ (y − f)²: E = y − f")

LOSSES: dict[str, Loss] = {
    "squared": SQUARED,
    "correlation": Loss(_label, 0.0, "−y f: E = y"),
    "absolute": Loss(_sign, None, "|y − f|: E = sign(y − f)", averaged=_averaged_sign),
    "clip": Loss(_clipped, None, "Huber's, {clip: c}: E = y − f, clipped at ±c", True, _averaged_clip),
    "logistic": Loss(_logistic, None, "log(1 + exp(−ŷ f)) of the label ŷ = sign(y)", averaged=_averaged_logistic),
}
