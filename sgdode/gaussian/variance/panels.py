"""Panels on which an activation is a polynomial to round-off: quadrature on the scale of the function.

A rule in units of the standard deviation cannot see a step of unit width once the fields are large. The edges here are
found by bisection, until Gauss–Legendre rules of 7 and of 15 nodes agree about σ and σ' (and their squares).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sgdode.jit.units import Unit
from sgdode.model.overlaps import Array

#: Standard deviations to which Gaussian averages are taken, and how finely an activation may be cut, a share of that.
REACH = 9.0
_FINEST = 2.0**-40


class Panels(NamedTuple):
    """``edges`` (E,) of panels in the field λ; ``rough``: the share of panels that bisection did not make smooth."""

    edges: Array
    rough: int


def legendre(edges: Array, count: int) -> tuple[Array, Array]:
    """Gauss–Legendre nodes and weights on panels: edges (..., E) → (..., (E−1) count)."""
    t, w = np.polynomial.legendre.leggauss(count)
    half = 0.5 * np.diff(edges, axis=-1)[..., None]
    x = edges[..., :-1, None] + half * (1.0 + t)
    shape = (*edges.shape[:-1], -1)
    return x.reshape(shape), (half * w).reshape(shape)


def sample(unit: Unit, x: Array) -> tuple[Array, Array]:
    """s(λ) = f(gain λ) and s'(λ), of the shape of ``x``."""
    flat = np.ascontiguousarray(unit.gain * x, dtype=float).ravel()
    s, ds = np.empty_like(flat), np.empty_like(flat)
    unit.evaluate(flat, s, ds)
    return s.reshape(x.shape), unit.gain * ds.reshape(x.shape)


def panels(unit: Unit, largest: float, tolerance: float = 1e-10) -> Panels:
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
    return Panels(np.unique(np.concatenate(done)), rough + len(left))


def _disagree(unit: Unit, left: Array, right: Array, scale: Array, tolerance: float) -> tuple[Array, Array]:
    """Where the rules of 7 and 15 nodes differ, (P,), and the largest s and s' seen so far, (2,)."""
    means = []
    for count in (7, 15):
        t, w = np.polynomial.legendre.leggauss(count)
        x = left[:, None] + 0.5 * (right - left)[:, None] * (1.0 + t)
        values = sample(unit, x)
        scale = np.maximum(scale, [np.max(np.abs(one)) for one in values])
        means.append([(one * f * w).sum(axis=1) for one in values for f in (np.ones_like(t), t, t * t)])
    bound = tolerance * np.repeat(np.maximum(scale, 1e-300), 3)[:, None]
    wrong: Array = (np.abs(np.array(means[0]) - np.array(means[1])) > bound).any(axis=0)
    return wrong, scale
