"""Activations as sums of steps, ramps and powers of fields with noise of their own, for the closed forms of V.

relu x = x θ(x); gelu x = x θ(x + ξ) averaged over ξ ~ N(0,1), and its slope θ(x + ξ) + x δ(x + ξ); erf(x/√2) =
2 θ(x + ξ) − 1. The logistic law is a scale mixture of normal ones (Monahan & Stefanski 1992), and a few scales do:
  tanh x = Σ_m w_m erf(β_m x/√2),   softplus x = Σ_m w_m E (x + ξ/β_m) θ(x + ξ/β_m).
The scales are nested: level l uses the first l of them with weights of its own, so that a product of four sums is
Σ_l D_l1 D_l2 D_l3 D_l4 over the changes D from level to level, cut where the product of their sizes is below a
tolerance (a sparse grid). The weights are least-squares fits; the slope at 0 (tanh) and Σ w (softplus) are exact at
every level.
"""

from __future__ import annotations

import math
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.polynomial import hermite_e
from numpy.typing import NDArray

from sgdode.gaussian.variance.sparse_product import Whole
from sgdode.model.activations import LEAKY_SLOPE, Activation
from sgdode.model.overlaps import Array

# fmt: off
_TANH_SCALES = np.array([
    1.0781141973955963, 1.7427461681594256, 0.6535472734461825, 2.2044941261898483, 1.3745426889941612,
    0.8413348606225213, 2.8160429631576815, 0.5005757532218859])
_TANH_LEVELS = (
    (1.1625059203775767,),
    (0.7244777728751453, 0.27097713557449243),
    (0.5853412864045651, 0.3224038729006729, 0.09239006033203608),
    (0.5940008427434048, 0.3096503100497246, 0.0898012854250127, 0.006614723425947433),
    (0.5493736678358672, 0.24951867605545958, 0.09594131894327819, 0.0225383164185887, 0.08278469422042113),
    (0.30189139547699123, 0.14438670540015583, 0.05510882827339316, 0.04397878328205838, 0.3015093497707241,
     0.1530980112267056),
    (0.3251535353379916, 0.1713019382723319, 0.05730380634746111, 0.030885492953395176, 0.26992527264299243,
     0.1427110776093177, 0.0026975615211207414),
    (0.2957233390322076, 0.15741238609804314, 0.044447113783762815, 0.03576429033437067, 0.29428480455929495,
     0.1673397358891849, 0.001925091312840307, 0.0031032196427825095))
_TANH_SIZES = np.array([
    1.0, 0.14369906337653884, 0.011608363031300228, 0.000597374437352907, 0.0005117629051050877,
    0.0005918618684393163, 7.55291736030648e-05, 2.8028025027195394e-05])
_SOFTPLUS_SCALES = np.array([
    0.49681605597809025, 0.8166497288283576, 0.3012894977235081, 1.0444991048408359, 0.6378761301407845,
    0.3867743253720505, 1.3501357771954612, 0.23255565968390912])
_SOFTPLUS_LEVELS = (
    (1.0,),
    (0.6610544493860551, 0.338945550613945),
    (0.5243574711114763, 0.4278890425171132, 0.047753486371410456),
    (0.5308015530298691, 0.4115089653126392, 0.04661148853167522, 0.011077993125816536),
    (0.5158280988005487, 0.37559343480301044, 0.047654092547452745, 0.02342959518537652, 0.03749477866361161),
    (0.2731408534407377, 0.1932878801308289, 0.027576469312583084, 0.07124261364486284, 0.326958730118861,
     0.1077934533521264),
    (0.2922464861193772, 0.2299410034872697, 0.028522985713605422, 0.04902893877550936, 0.2930714978707369,
     0.1014762261032988, 0.00571286193020271),
    (0.2654957125169395, 0.20901362869608073, 0.02242735744978738, 0.05821931686848633, 0.3219643744655439,
     0.11801059754853775, 0.00388986612981603, 0.0009791463248084234))
_SOFTPLUS_SIZES = np.array([
    1.0, 0.10659303335317316, 0.007819970020587102, 0.00020741160521539972, 6.244503239680871e-05,
    0.00017701512964274357, 1.8844076638917934e-05, 1.0096928250762896e-05])
# fmt: on
#: How far the sums with all their terms are from σ and from σ' (on 40001 points of −40..40, rounded up).
_TANH_ERROR, _SOFTPLUS_ERROR = (2e-8, 6e-8), (2.5e-9, 3.4e-9)


Flags = NDArray[np.bool_]


class FactorSum(NamedTuple):
    """σ(x) = Σ_t w_t E[poly_t(z) θ(u)^{step_t}], u = x + √τ_t ξ, z = u or x; σ' has θ(u) in place of z θ(u).

    ``step`` (T,), ``tau`` (T,), ``noisy`` (T,): whether z is u. ``powers`` (T,D+1): the polynomial in z.
    ``levels`` (L,T): the weights w at every level; ``sizes`` (L,): how large the change from the level before is.
    ``bump``: whether σ' has a term x δ(u) (gelu). ``error``: bounds on the errors of σ and of σ' with all terms.
    """

    step: Flags
    tau: Array
    noisy: Flags
    powers: Array
    levels: Array
    sizes: Array
    bump: bool = False
    error: tuple[float, float] = (0.0, 0.0)


def expansion(unit: Activation) -> FactorSum | None:
    """The expansion of a unit's activation (its gain left out), None where there is none."""
    if unit.hermite is None:
        return _EXPANSIONS.get(unit.name)
    plain = [c / math.sqrt(math.factorial(n)) for n, c in enumerate(unit.hermite)]
    return _one(False, 0.0, [float(c) for c in hermite_e.herme2poly(plain)])


def _one(step: bool, tau: float, powers: list[float], bump: bool = False) -> FactorSum:
    """A single term."""
    one = np.ones((1, 1))
    row = np.array(powers, dtype=float)[None]
    return FactorSum(np.array([step]), np.array([tau]), np.array([False]), row, one, np.ones(1), bump)


def _steps(scales: Array, levels: tuple[tuple[float, ...], ...], sizes: Array, half: bool = False) -> FactorSum:
    """Σ_m w_m (2 θ(x + ξ/β_m) − 1), or with ``half`` ½ of it at x/2, plus ½: its constant is the last term."""
    count, factor = len(scales), 0.5 if half else 1.0
    weights = np.zeros((len(levels), count + 1))
    for row, level in zip(weights, levels, strict=True):
        row[: len(level)] = 2.0 * factor * np.array(level)
        row[-1] = (0.5 if half else 0.0) - factor * sum(level)
    tau = np.append(1.0 / (factor * scales) ** 2, 1.0)
    flags = np.append(np.ones(count, bool), False)
    error = (factor * _TANH_ERROR[0], factor**2 * _TANH_ERROR[1]) if count > 1 else (0.0, 0.0)
    return FactorSum(flags, tau, np.zeros(count + 1, bool), np.ones((count + 1, 1)), weights, sizes, error=error)


def _softplus() -> FactorSum:
    count = len(_SOFTPLUS_SCALES)
    weights = np.zeros((count, count))
    for row, level in zip(weights, _SOFTPLUS_LEVELS, strict=True):
        row[: len(level)] = level
    flags = np.ones(count, bool)
    tau, powers = 1.0 / _SOFTPLUS_SCALES**2, np.tile([0.0, 1.0], (count, 1))
    return FactorSum(flags, tau, flags, powers, weights, _SOFTPLUS_SIZES, error=_SOFTPLUS_ERROR)


_LEAKY = FactorSum(
    np.array([False, True]), np.zeros(2), np.zeros(2, bool), np.tile([0.0, 1.0], (2, 1)),
    np.array([[LEAKY_SLOPE, 1.0 - LEAKY_SLOPE]]), np.ones(1),
)  # fmt: skip
_EXPANSIONS: dict[str, FactorSum] = {
    "linear": _one(False, 0.0, [0.0, 1.0]),
    "square": _one(False, 0.0, [0.0, 0.0, 1.0]),
    "relu": _one(True, 0.0, [0.0, 1.0]),
    "leaky-relu": _LEAKY,
    "gelu": _one(True, 1.0, [0.0, 1.0], bump=True),
    "erf": _steps(np.ones(1), ((1.0,),), np.ones(1)),
    "tanh": _steps(_TANH_SCALES, _TANH_LEVELS, _TANH_SIZES),
    "sigmoid": _steps(_TANH_SCALES, _TANH_LEVELS, _TANH_SIZES, half=True),
    "softplus": _softplus(),
}


def factor_products(factors: list[FactorSum], tolerance: float) -> tuple[Whole, Array]:
    """The terms (N,4) and weights (N,) of a product of four expansions, cut at ``tolerance``."""
    changes = [np.diff(one.levels, axis=0, prepend=np.zeros((1, one.levels.shape[1]))) for one in factors]
    tensor = np.zeros([one.levels.shape[1] for one in factors])
    for level in product(*(range(len(one.sizes)) for one in factors)):
        if math.prod(one.sizes[at] for one, at in zip(factors, level, strict=True)) >= tolerance:
            rows = [change[at] for change, at in zip(changes, level, strict=True)]
            tensor += np.einsum("a,b,c,d->abcd", *rows)
    terms = np.argwhere(tensor != 0.0)
    return terms.astype(np.int64), tensor[tensor != 0.0]


def merged(terms: Whole, weights: Array, outer: bool, inner: bool) -> tuple[Whole, Array]:
    """The same product where the first two factors (``outer``) or the last two are of one unit: order is nothing."""
    sorted_terms = terms.copy()
    if outer:
        sorted_terms[:, :2].sort(axis=1)
    if inner:
        sorted_terms[:, 2:].sort(axis=1)
    found, at = np.unique(sorted_terms, axis=0, return_inverse=True)
    sums: Array = np.bincount(at.ravel(), weights, len(found)).astype(float)
    return found.astype(np.int64), sums
