"""Panels on which an activation is a polynomial to round-off: quadrature on the scale of the function.

A rule in units of the standard deviation cannot see a step of unit width once the fields are large. The edges here are
found by bisection, until Gauss–Legendre rules of 7 and of 15 nodes agree about σ and σ' (and their squares).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sgdode.jit.units import machine_code
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array

#: Standard deviations to which Gaussian averages are taken, and how finely an activation may be cut, a share of that.
REACH = 9.0
_FINEST = 2.0**-40


class Panels(NamedTuple):
    """``edges`` (E,) of panels in the field λ, 0 among them only where there is a kink; ``rough``: how many panels
    bisection did not make smooth."""

    edges: Array
    rough: int


def legendre(edges: Array, count: int) -> tuple[Array, Array]:
    """Gauss–Legendre nodes and weights on panels: edges (..., E) → (..., (E−1) count)."""
    t, w = np.polynomial.legendre.leggauss(count)
    half = 0.5 * np.diff(edges, axis=-1)[..., None]
    x = edges[..., :-1, None] + half * (1.0 + t)
    shape = (*edges.shape[:-1], -1)
    return x.reshape(shape), (half * w).reshape(shape)


def sampled(unit: Activation, x: Array) -> tuple[Array, Array]:
    """s(λ) = f(gain λ) and s'(λ), of the shape of ``x``."""
    flat = np.ascontiguousarray(unit.gain * x, dtype=float).ravel()
    s, ds = np.empty_like(flat), np.empty_like(flat)
    machine_code(unit)(flat, s, ds)
    return s.reshape(x.shape), unit.gain * ds.reshape(x.shape)


def panels(unit: Activation, largest: float, tolerance: float = 1e-10) -> Panels:
    """The panels of a unit's s and s' for fields of standard deviation up to ``largest``.

    They start at 0 and double outwards to 9 standard deviations, and are cut where s or s' ask for it: to
    ``tolerance`` of their largest value within, or a 2^−40th of the whole (a kink, a jump).
    """
    whole = REACH * max(largest, 1e-150)
    start = whole * 2.0 ** -np.arange(0.0, 6.0)
    edges = np.concatenate([-start, [0.0], start[::-1]])
    left, right, done, rough = edges[:-1], edges[1:], [edges], 0
    scale = np.zeros(2)
    for _ in range(48):
        wrong, scale = _disagree(unit, left, right, scale, tolerance)
        tiny = right - left < _FINEST * whole
        rough += int(np.sum(wrong & tiny))
        left, right = left[wrong & ~tiny], right[wrong & ~tiny]
        if len(left) == 0 or len(left) > 4096:
            break
        middle = 0.5 * (left + right)
        done.append(middle)
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
    edges = np.unique(np.concatenate(done))
    zero = int(np.searchsorted(edges, 0.0))
    below, above = edges[zero - 1 : zero], edges[zero + 1 : zero + 2]
    if not _disagree(unit, below, above, scale, tolerance)[0][0]:
        edges = np.delete(edges, zero)
    return Panels(edges, rough + len(left))


def _disagree(unit: Activation, left: Array, right: Array, scale: Array, tolerance: float) -> tuple[Array, Array]:
    """Where the rules of 7 and 15 nodes differ, (P,), and the largest s and s' seen so far, (2,); beside 0 the second
    is finer and finer towards it, where an activation of large gain changes within a little."""
    fine, (graded, weights) = np.polynomial.legendre.leggauss(15), _graded(60)
    rules = [np.polynomial.legendre.leggauss(7), fine, (graded, weights), (-graded, weights)]
    found = []
    for t, w in rules:
        x = left[:, None] + 0.5 * (right - left)[:, None] * (1.0 + t)
        values = sampled(unit, x)
        scale = np.maximum(scale, [np.max(np.abs(one)) for one in values])
        found.append(np.array([(one * f * w).sum(axis=1) for one in values for f in (np.ones_like(t), t, t * t)]))
    means = found[0], np.where(left == 0.0, found[2], np.where(right == 0.0, found[3], found[1]))
    bound = tolerance * np.repeat(np.maximum(scale, 1e-300), 3)[:, None]
    wrong: Array = (np.abs(means[0] - means[1]) > bound).any(axis=0)
    return wrong, scale


def _graded(count: int) -> tuple[Array, Array]:
    """Gauss–Legendre in u on −1..1, t = 2 u⁶ − 1 for u from 0 to 1: nodes, the first next to −1, and weights."""
    u, w = np.polynomial.legendre.leggauss(count)
    u = 0.5 * (1.0 + u)
    return 2.0 * u**6 - 1.0, 6.0 * w * u**5
