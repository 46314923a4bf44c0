"""What the kernels of :mod:`sigmoidal_kernels` may be off by, at given variances and for every covariance.

Each factor of a product is off by at most ε times what is said here, so that |δK| ≤ E|δs| |r| + E|s| |δr|; K20 by
q K20 = E[u s' r] − c K11 (Stein's lemma), or by s'' where q is small.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from sgdode.gaussian.polynomials import hermite_means
from sgdode.gaussian.tanh_as_erfs import MINIMAX
from sgdode.model.activations import Activation

# Of the sum of twelve erfs: tanh and its slope; x times its slope, its second derivative (measured).
_ERROR, _TIMES, _BEND = MINIMAX[2], 11.0 * MINIMAX[2], 16.0 * MINIMAX[2]
_EPSILON = 4e-16


class Bounds(NamedTuple):
    """Of one unit at one variance: E|s|, E|s'|, E|s''| at most, and the errors of s, s', u s' and s''."""

    s: float
    ds: float
    dds: float
    off_s: float
    off_ds: float
    off_uds: float
    off_dds: float


def sigmoidal_kernel_error(
    first: Activation, second: Activation, q: float, q_prime: float
) -> tuple[float, float, float]:
    """Bounds on the errors of K, K11 and K20 of :func:`sigmoidal_kernel` at variances ``q`` and ``q_prime``."""
    one, two = _bounds(first, q, second), _bounds(second, q_prime, first)
    steep = math.sqrt(min(first.gain**2 * q, second.gain**2 * q_prime))
    K = one.off_s * two.s + two.off_s * one.s + _EPSILON * (1.0 + steep) * one.s * two.s
    K11 = one.off_ds * two.ds + two.off_ds * one.ds + 10.0 * _EPSILON * (1.0 + steep) * one.ds * two.ds
    direct = one.off_dds * two.s + two.off_s * one.dds
    if q > 0.0 and first.sigmoidal:
        times = one.off_uds * two.s + two.off_s * first.gain * math.sqrt(q) * one.ds
        direct = min(direct, (times + math.sqrt(q * q_prime) * K11) / q)
    return K, K11, direct + 10.0 * _EPSILON * (1.0 + steep) * one.dds * two.s


def _bounds(unit: Activation, q: float, partner: Activation) -> Bounds:
    g, x = unit.gain, unit.gain**2 * q
    if not unit.sigmoidal:
        return _other(unit, x, partner)
    a, inner = {"erf": (1.0, 1.0), "tanh": (1.0, 1.0), "sigmoid": (0.5, 0.5)}[unit.name]
    density = min(1.0, 2.0 / math.sqrt(2.0 * math.pi * inner**2 * x)) if x > 0.0 else 1.0  # E σ' ≤ ∫σ' · density at 0
    off = 0.0 if unit.name == "erf" else 1.0
    s = 1.0 if unit.name == "sigmoid" else min(1.0, math.sqrt(x))
    ds, dds = a * inner * g * density, a * (inner * g) ** 2 * density
    wide = min(1.0, 16.0 * density)  # σ' and its sum differ over a width of 16 and no more
    errors = off * a * _ERROR, off * a * inner * g * _ERROR * wide, off * a * _TIMES * wide
    return Bounds(s, ds, dds, *errors, off * a * (inner * g) ** 2 * _BEND * wide)


def _other(unit: Activation, x: float, partner: Activation) -> Bounds:
    """Ramps: |f| ≤ 1 + |u|, |f'| ≤ 1.13, E f'' ≤ a density at 0, and of a softplus only the mean, which meets the
    constant of a sigmoid, is off; polynomials: by their norms."""
    g = unit.gain
    if unit.ramp is not None or unit.name in {"gelu", "softplus"}:
        off = 10.0 * _ERROR if unit.name == "softplus" and partner.name == "sigmoid" else 0.0
        s, bend = 1.0 + math.sqrt(x), g * g / math.sqrt(max(x, 1e-300))
        return Bounds(
            s,
            1.2 * g,
            2.0 * min(bend, g * g) if unit.name in {"gelu", "softplus"} else bend,
            off * s,
            off * g,
            off,
            off * g * g,
        )
    H = hermite_means(unit.hermite or (1.0, 0.0, math.sqrt(2.0)))
    N = len(H)
    F = [abs(sum(H[n, r] * (x - 1.0) ** r for r in range(N))) for n in range(N)]
    norms = [math.sqrt(sum(math.perm(n + m, m) * F[n + m] ** 2 * x**n for n in range(N - m))) * g**m for m in range(3)]
    return Bounds(norms[0], norms[1], norms[2], 0.0, 0.0, 0.0, 0.0)
