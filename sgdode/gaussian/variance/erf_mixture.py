"""The variance term of sigmoidal units (erf, tanh, sigmoid): sums of erfs, so that the closed form of erf serves.

The logistic function is a mixture of normal laws over their scale, and a few scales do (Monahan & Stefanski 1992):
tanh x = Σ_m w_m erf(β_m x/√2). The weights below are minimax fits of tanh and of its derivative together.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types

from sgdode.gaussian.variance.erf_student import erf_student_variance, erf_variance
from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.pairs import PAIR
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array


class Mixture(NamedTuple):
    """σ(x) = constant + Σ_m w_m erf(β_m x/√2) to within ``error``, in σ and in σ'."""

    constant: float
    weights: Array
    scales: Array
    error: float


# fmt: off
_TANH: dict[int, tuple[list[float], list[float], float]] = {
    3: ([0.23948417290057794, 0.5773145558311062, 0.18298530791402987],
        [0.7828195748542514, 1.2401927499359784, 1.910598417309888], 2.3e-4),
    4: ([0.10022134208541954, 0.4280739884978136, 0.398861124406936, 0.0728186968755509],
        [0.6860526359776484, 1.0198299304669762, 1.4848803527157797, 2.1382190054031187], 2.9e-5),
    5: ([0.42774477495055435, 0.265009910575276, 0.04181416841729572, 0.2365565197824375, 0.028871151049567237],
        [1.2290549949514271, 0.8794207699491269, 0.6197017775681042, 1.6959115258487465, 2.3359479695951855], 4.1e-6),
    6: ([0.1511863118416013, 0.01737323854148775, 0.34889118614228576, 0.3401806705565313, 0.13076300145919806,
         0.011605070911969021],
        [0.781193316639209, 0.5700542221536442, 1.0562524300233624, 1.4157076191451596, 1.8816726460764817,
         2.510743172393116], 6.2e-7),
}
# fmt: on
_LONGEST = 0.015  # seconds that one V may cost
_ARCSINE = 4e-9  # seconds that one arcsine costs
_SERIES = 4e-4  # seconds that a pair of erfs costs where the dual kernels of the teacher are series


def mixture(unit: Activation, terms: int) -> Mixture:
    """A sigmoidal unit, its gain included, as a sum of ``terms`` erfs."""
    if unit.name == "erf":
        return Mixture(0.0, np.ones(1), np.array([unit.gain]), 0.0)
    weights, scales, error = _TANH[terms]
    if unit.name == "tanh":
        return Mixture(0.0, np.array(weights), unit.gain * np.array(scales), error)
    return Mixture(0.5, 0.5 * np.array(weights), 0.5 * unit.gain * np.array(scales), error)  # ½ + ½ tanh(x/2)


def affordable_terms(student: Activation, teacher: Activation, p: int, k: int) -> int:
    """The most terms with which one V costs no more than 15 ms."""
    for terms in sorted(_TANH, reverse=True):
        students = p * len(mixture(student, terms).weights)
        units = students + k * len(mixture(teacher, terms).weights)
        if 0.25 * students**2 * units**2 * _ARCSINE <= _LONGEST:
            return terms
    return min(_TANH)


def affordable_with_series(p: int) -> int:
    """The same for ``p`` tanh students of a teacher whose dual kernels are series; 0 where there is no such number."""
    return max((terms for terms in _TANH if 0.5 * (p * terms) ** 2 * _SERIES <= _LONGEST), default=0)


_WHOLE = types.int64[::1]
_EXPANSION = types.Tuple((_WHOLE, VECTOR, VECTOR, MATRIX, VECTOR))


@compiled(_EXPANSION(MATRIX, VECTOR, types.intp, *[VECTOR] * 4))
def _expand(Omega: Any, v: Any, p: Any, w: Any, beta: Any, w_teacher: Any, beta_teacher: Any) -> Any:
    """Each unit as the units of its mixture: their owners, weights and scales, covariances and signed weights."""
    n = v.size
    size = p * w.size + (n - p) * w_teacher.size
    owner, weight, scale = np.empty(size, np.int64), np.empty(size), np.empty(size)
    at = 0
    for c in range(n):
        weights, scales = (w, beta) if c < p else (w_teacher, beta_teacher)
        for one in range(weights.size):
            owner[at], weight[at], scale[at] = c, weights[one], scales[one]
            at += 1
    fields, signed = np.empty((size, size)), np.empty(size)
    for b in range(size):
        signed[b] = v[owner[b]] * weight[b]
        for c in range(size):
            fields[b, c] = scale[b] * scale[c] * Omega[owner[b], owner[c]]
    return owner, weight, scale, fields, signed


@compiled(types.void(MATRIX, _WHOLE, VECTOR, VECTOR, MATRIX))
def _gather(products: Any, owner: Any, weight: Any, scale: Any, out: Any) -> None:
    out[:] = 0.0
    for b in range(products.shape[0]):
        for c in range(products.shape[0]):
            if owner[b] <= owner[c]:
                out[owner[b], owner[c]] += weight[b] * scale[b] * weight[c] * scale[c] * products[b, c]
    for i in range(out.shape[0]):
        for j in range(i):
            out[i, j] = out[j, i]


@compiled(types.void(MATRIX, VECTOR, types.float64, *[VECTOR] * 4, types.float64, types.float64, MATRIX))
def mixture_variance(
    Omega: Any, v: Any, noise: Any, w: Any, beta: Any, w_teacher: Any, beta_teacher: Any,
    constant: Any, teacher_constant: Any, out: Any,
) -> None:  # fmt: skip
    """Fill ``out`` (p,p) for two sigmoidal units. A constant of σ acts like noise, since erf is odd."""
    p = out.shape[0]
    owner, weight, scale, fields, signed = _expand(Omega, v, p, w, beta, w_teacher, beta_teacher)
    offset = constant * np.sum(v[:p]) + teacher_constant * np.sum(v[p:])
    products = np.empty((p * w.size, p * w.size))
    erf_variance(fields, signed, noise + offset * offset, 1.0, 1.0, products)
    _gather(products, owner, weight, scale, out)


@compiled(types.void(MATRIX, VECTOR, types.float64, *[VECTOR] * 2, PAIR, PAIR, PAIR, MATRIX))
def tanh_student_variance(
    Omega: Any, v: Any, noise: Any, w: Any, beta: Any, ss: Any, st: Any, tt: Any, out: Any
) -> None:
    """Fill ``out`` (p,p) for a tanh student of any teacher; ``ss``, ``st``, ``tt``: dual kernels of erf and teacher."""
    p, one = out.shape[0], np.ones(1)
    owner, weight, scale, fields, signed = _expand(Omega, v, p, w, beta, one, one)
    products = np.empty((p * w.size, p * w.size))
    erf_student_variance(fields, signed, noise, 1.0, ss, st, tt, products)
    _gather(products, owner, weight, scale, out)
