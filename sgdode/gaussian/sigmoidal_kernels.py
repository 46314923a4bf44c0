"""Dual kernels of tanh, sigmoid and erf with each other and with every named activation, by sums of erfs.

tanh is a sum of twelve erfs to 2.6e-11 in value and slope (:data:`~sgdode.gaussian.tanh_as_erfs.MINIMAX`), whatever the
variances and correlations are, so that no series is cut. With x = β²q, y = β'²q', κ = 1 − ρ² and B = 1 + x + y + xyκ,
  erf, erf: K = (2/π) asin(ββ'c/√((1+x)(1+y))), K11 = (2/π) ββ'/√B, K20 = −(2/π) β³β'c/((1+x)√B);
  erf, f with the odd part αx (relu, leaky-relu, linear, gelu, softplus: α = ½, …): K = √(2/π) αβc/√(1+x);
  erf, polynomial: Σ_n cⁿ/n! E[∂ⁿ erf] E[f⁽ⁿ⁾] over odd n, E[∂ⁿ erf] = √(2/π) (−1)^((n−1)/2) (n−2)!! (β²/(1+x))^(n/2);
K11 = ∂K/∂c and K20 = 2 ∂K/∂q, and ½ E[f] for the constant of a sigmoid. Gains scale the fields.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sgdode.gaussian.polynomials import hermite_means, low_degree
from sgdode.gaussian.tanh_as_erfs import MINIMAX
from sgdode.jit.asin import contracted_asin
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.jit.units import FILL_SIGNATURE
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array

_TWO_OVER_PI = 2.0 / math.pi
_SQRT_TWO_OVER_PI = math.sqrt(_TWO_OVER_PI)
_SQRT_TWO_PI = math.sqrt(2.0 * math.pi)
_ROUND_OFF = 4e-15  # of 1 − ρ²
# Rows of a table. HEADER: the constants of the two units, how many terms they have, and the symbols of the other one.
_WEIGHTS, _SCALES, _OTHER_WEIGHTS, _OTHER_SCALES, _HEADER, _HERMITE = 0, 1, 2, 3, 4, 5
_CONSTANT, _OTHER_CONSTANT, _TERMS, _OTHER_TERMS, _SLOPE, _BUMP, _DEGREES = range(7)
_compiled = compiled(FILL_SIGNATURE, error_model="numpy", nogil=True)


class Kernel(NamedTuple):
    """A dual kernel: its compiled ``fill`` and the ``table`` that this needs."""

    fill: Callable[..., None]
    table: Array


def sigmoidal_kernel(first: Activation, second: Activation) -> Kernel | None:
    """The kernel of two units of which one is sigmoidal and the other is named; None for any other pair."""
    if first.sigmoidal and second.sigmoidal:
        return Kernel(sums_sums, _table(first, second))
    if first.sigmoidal and (_straight(second) or low_degree(second)):
        return Kernel(sums_ramp if _straight(second) else sums_polynomial, _table(first, second))
    if second.sigmoidal and (_straight(first) or low_degree(first)):
        return Kernel(ramp_sums if _straight(first) else polynomial_sums, _table(second, first))
    return None


def _straight(unit: Activation) -> bool:
    """Whether the odd part is a straight line."""
    return unit.ramp is not None or unit.name in {"gelu", "softplus"}


def _sum(unit: Activation) -> tuple[float, Array, Array]:
    """Constant, weights and scales of a sigmoidal unit of gain 1."""
    weights, scales, _ = MINIMAX
    if unit.name == "erf":
        return 0.0, np.ones(1), np.ones(1)
    if unit.name == "tanh":
        return 0.0, weights, scales
    return 0.5, 0.5 * weights, 0.5 * scales


def _table(sigmoidal: Activation, other: Activation) -> Array:
    """(5 + N, width), see the rows above; ``hermite`` (N,N) for a polynomial."""
    constant, weights, scales = _sum(sigmoidal)
    header, hermite = np.zeros(7), np.zeros((0, 0))
    other_weights, other_scales = np.ones(1), np.zeros(1)
    if other.sigmoidal:
        header[_OTHER_CONSTANT], other_weights, other_scales = _sum(other)
    elif other.name == "softplus":  # here "scales" are the variances of what smooths the ramps
        other_weights, other_scales = MINIMAX[0], 4.0 / MINIMAX[1] ** 2
    elif other.name == "gelu":
        header[_BUMP], other_scales = 1.0, np.ones(1)
    elif other.ramp is not None:
        header[_SLOPE] = other.ramp
    else:
        hermite = hermite_means(other.hermite or (1.0, 0.0, math.sqrt(2.0)))
    header[[_CONSTANT, _TERMS, _OTHER_TERMS, _DEGREES]] = constant, len(weights), len(other_weights), len(hermite)
    rows = [weights, scales, other_weights, other_scales, header, *hermite]
    table = np.zeros((len(rows), max(len(row) for row in rows)))
    for row, values in zip(table, rows, strict=True):
        row[: len(values)] = values
    return table


@compiled(
    types.UniTuple(types.float64, 2)(*[types.float64] * 4, *[VECTOR] * 4),
    error_model="numpy", fastmath={"reassoc", "contract", "nnan"},
)  # fmt: skip
def _one_erf(
    sine: float, x: float, kappa: float, gain: float, weights: Array, scales: Array, reduced: Array, y: Array
) -> tuple[float, float]:
    """Σ_n w_n asin(sine reduced_n) and Σ_n w_n β_n/√B of one erf of x with a sum of erfs."""
    angle, slope = 0.0, 0.0
    for n in range(y.size):
        angle += weights[n] * contracted_asin(sine * reduced[n])
        slope += weights[n] * scales[n] / math.sqrt(1.0 + x + y[n] * (1.0 + x * kappa))
    return angle, gain * slope


@_compiled
def sums_sums(
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
    """Two sums of erfs."""
    n1, n2 = C.shape
    header, terms, others = table[_HEADER], int(table[_HEADER, _TERMS]), int(table[_HEADER, _OTHER_TERMS])
    weights, scales = table[_OTHER_WEIGHTS, :others].copy(), table[_OTHER_SCALES, :others].copy()
    y, reduced = np.empty((n2, others)), np.empty((n2, others))
    for c in range(n2):
        for n in range(others):
            beta = gain2 * scales[n]
            y[c, n] = beta * beta * max(q2[c], 0.0)
            reduced[c, n] = beta / math.sqrt(1.0 + y[c, n])
    for b in range(n1):
        for c in range(n2):
            product = max(q1[b], 0.0) * max(q2[c], 0.0)
            rest = product - C[b, c] * C[b, c]
            kappa = rest / product if rest > _ROUND_OFF * product else 0.0
            k, k11, k20 = 0.0, 0.0, 0.0
            for m in range(terms):
                beta = gain1 * table[_SCALES, m]
                x = beta * beta * max(q1[b], 0.0)
                sine = C[b, c] * beta / math.sqrt(1.0 + x)
                angle, slope = _one_erf(sine, x, kappa, gain2, weights, scales, reduced[c], y[c])
                k += table[_WEIGHTS, m] * angle
                k11 += table[_WEIGHTS, m] * beta * slope
                k20 -= table[_WEIGHTS, m] * beta * slope * beta * beta * C[b, c] / (1.0 + x)
            K[b, c] = header[_CONSTANT] * header[_OTHER_CONSTANT] + _TWO_OVER_PI * k
            K11[b, c] = _TWO_OVER_PI * k11
            K20[b, c] = _TWO_OVER_PI * k20


@compiled(types.UniTuple(types.float64, 2)(MATRIX, types.float64), error_model="numpy")
def _ramp_mean(table: Array, q: float) -> tuple[float, float]:
    """E[f] and 2 ∂E[f]/∂q at variance q; the latter is 0 where it has no limit."""
    header = table[_HEADER]
    mean, bend = 0.0, 0.0
    for m in range(int(header[_OTHER_TERMS])):
        weight, variance = (1.0 - header[_SLOPE]) * table[_OTHER_WEIGHTS, m], q + table[_OTHER_SCALES, m]
        mean += weight * math.sqrt(variance)
        bend += weight / math.sqrt(variance) if variance > 0.0 else 0.0
    bump = header[_BUMP] / math.sqrt(1.0 + q)
    return (mean - bump) / _SQRT_TWO_PI, (bend + bump / (1.0 + q)) / _SQRT_TWO_PI


@compiled(types.UniTuple(types.float64, 3)(*[types.float64] * 3, MATRIX), error_model="numpy")
def _erfs_and_line(q: float, c: float, gain: float, table: Array) -> tuple[float, float, float]:
    """E[s(u) w], E[s'(u)] and E[s''(u) w] of a sum of erfs; q the variance of u, c the covariance."""
    k, slope, bend = 0.0, 0.0, 0.0
    for m in range(int(table[_HEADER, _TERMS])):
        beta = gain * table[_SCALES, m]
        x = beta * beta * q
        one = table[_WEIGHTS, m] * beta / math.sqrt(1.0 + x)
        slope += one
        bend -= one * beta * beta / (1.0 + x)
    k = _SQRT_TWO_OVER_PI * slope * c
    return k, _SQRT_TWO_OVER_PI * slope, _SQRT_TWO_OVER_PI * bend * c


@compiled(types.float64(MATRIX, types.float64), error_model="numpy")
def _line_slope(table: Array, q: float) -> float:
    """E[f'] at variance q: ½ (1 + α); α, the slope below 0, for a kink that nothing smooths at a field of none."""
    alpha = table[_HEADER, _SLOPE]
    return 0.5 * (1.0 + alpha) if q > 0.0 or table[_OTHER_SCALES, 0] > 0.0 else alpha


@_compiled
def sums_ramp(
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
    """A sum of erfs, and a unit whose odd part is a straight line."""
    n1, n2 = C.shape
    constant = table[_HEADER, _CONSTANT]
    for c in range(n2):
        straight = gain2 * _line_slope(table, q2[c])
        mean, _ = _ramp_mean(table, gain2 * gain2 * max(q2[c], 0.0))
        for b in range(n1):
            k, slope, bend = _erfs_and_line(max(q1[b], 0.0), C[b, c], gain1, table)
            K[b, c] = constant * mean + straight * k
            K11[b, c] = straight * slope
            K20[b, c] = straight * bend


@_compiled
def ramp_sums(
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
    """The same the other way round: f'' is even, so that K20 is that of the constant alone."""
    n1, n2 = C.shape
    constant = table[_HEADER, _CONSTANT]
    for b in range(n1):
        straight = gain1 * _line_slope(table, q1[b])
        mean, bend = _ramp_mean(table, gain1 * gain1 * max(q1[b], 0.0))
        for c in range(n2):
            k, slope, _ = _erfs_and_line(max(q2[c], 0.0), C[b, c], gain2, table)
            K[b, c] = constant * mean + straight * k
            K11[b, c] = straight * slope
            K20[b, c] = gain1 * gain1 * constant * bend


@compiled(types.void(MATRIX, types.float64, VECTOR))
def _hermite_means(table: Array, q: float, F: Array) -> None:
    """Fill F (N + 2,) with E[f⁽ⁿ⁾]/√n! at variance q."""
    N = F.size - 2
    F[:] = 0.0
    for n in range(N):
        for r in range((N - n + 1) // 2 - 1, -1, -1):
            F[n] = F[n] * (q - 1.0) + table[_HERMITE + n, r]


@compiled(types.UniTuple(types.float64, 4)(*[types.float64] * 4, MATRIX, VECTOR), error_model="numpy")
def _erfs_and_polynomial(
    q: float, c: float, gain: float, other_gain: float, table: Array, F: Array
) -> tuple[float, float, float, float]:
    """E[s f], E[s' f'], E[s'' f] and E[s f''] of a sum of erfs at variance q and a polynomial of means ``F``."""
    k, k11, k20, k02 = 0.0, 0.0, 0.0, 0.0
    for m in range(int(table[_HEADER, _TERMS])):
        beta = gain * table[_SCALES, m]
        reduced = beta / math.sqrt(1.0 + beta * beta * q)
        step = reduced * other_gain
        power = _SQRT_TWO_OVER_PI * table[_WEIGHTS, m] * step  # cⁿ⁻¹ E[∂ⁿ erf]/√n!
        for n in range(1, F.size - 2, 2):
            k += power * c * F[n]
            k11 += n * power * F[n]
            k20 -= n * power * c * F[n] * reduced * reduced
            k02 += power * c * F[n + 2] * math.sqrt((n + 1.0) * (n + 2.0))
            power *= -step * step * c * c * n / math.sqrt((n + 1.0) * (n + 2.0))
    return k, k11, k20, other_gain * other_gain * k02


@_compiled
def sums_polynomial(
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
    """A sum of erfs, and a polynomial."""
    n1, n2 = C.shape
    F = np.empty(int(table[_HEADER, _DEGREES]) + 2)
    for c in range(n2):
        _hermite_means(table, gain2 * gain2 * max(q2[c], 0.0), F)
        for b in range(n1):
            k, k11, k20, _ = _erfs_and_polynomial(max(q1[b], 0.0), C[b, c], gain1, gain2, table, F)
            K[b, c] = table[_HEADER, _CONSTANT] * F[0] + k
            K11[b, c] = k11
            K20[b, c] = k20


@_compiled
def polynomial_sums(
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
    """The same the other way round."""
    n1, n2 = C.shape
    F = np.empty(int(table[_HEADER, _DEGREES]) + 2)
    for b in range(n1):
        _hermite_means(table, gain1 * gain1 * max(q1[b], 0.0), F)
        for c in range(n2):
            k, k11, _, k02 = _erfs_and_polynomial(max(q2[c], 0.0), C[b, c], gain2, gain1, table, F)
            K[b, c] = table[_HEADER, _CONSTANT] * F[0] + k
            K11[b, c] = k11
            K20[b, c] = table[_HEADER, _CONSTANT] * gain1 * gain1 * math.sqrt(2.0) * F[2] + k02
