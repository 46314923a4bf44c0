"""Gauss–Legendre rules of N(0,1) between edges: those where activations change, seen from a field of some spread."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.model.overlaps import Array

COUNT = types.intp
_SQRT_TWO_PI = math.sqrt(2.0 * math.pi)


class Gauss(NamedTuple):
    """Gauss–Legendre on −1..1: ``nodes``, ``weights`` and the ``barycentric`` weights of interpolation, (m,)."""

    nodes: Array
    weights: Array
    barycentric: Array


RULE = types.NamedUniTuple(VECTOR, 3, Gauss)


def barycentric_rule(count: int) -> Gauss:
    """The rule of ``count`` nodes."""
    t, w = np.polynomial.legendre.leggauss(count)
    signs = np.where(np.arange(count) % 2 == 0, 1.0, -1.0)
    return Gauss(t, w, signs * np.sqrt((1.0 - t * t) * w))


@compiled(COUNT(VECTOR, *[types.float64] * 4, MATRIX, COUNT))
def add_edges(edges: Array, scale: float, shift: float, reach: float, gap: float, out: Array, count: int) -> int:
    """Append (edge − shift)/scale to ``out``[0] where it lies within ±reach, those nearer than ``gap`` to the last one
    left out, and to ``out``[1] how wide panels may be there (0: the edge is a kink, at 0); the new count."""
    last, size, least = -1e300, edges.size, gap * abs(scale)
    for n in range(size):
        at = n if scale > 0.0 else size - 1 - n
        e = edges[at] - shift
        if abs(e) >= reach * abs(scale):
            continue
        e /= scale
        if e - last >= gap and count < out.shape[1]:
            below = edges[at] - edges[at - 1] if at > 0 else 1e300
            above = edges[at + 1] - edges[at] if at < size - 1 else 1e300
            kink = edges[at] == 0.0 and gap == 0.0
            out[0, count] = e
            out[1, count] = 0.0 if kink else max(min(below, above), least) / abs(scale)
            last = e
            count += 1
    return count


@compiled(COUNT(MATRIX, COUNT, types.float64))
def panel_ends(out: Array, count: int, reach: float) -> int:
    """Sort the edges out[0], with those of N(0,1) and the ends, and leave out those without which no panel is wider
    than it may be; the new count."""
    steps = 12
    for at in range(1, steps):
        out[0, count + at - 1] = reach * (2.0 * at / steps - 1.0)
        out[1, count + at - 1] = 2.0 * reach / steps
    count += steps - 1
    order = np.argsort(out[0, :count])
    place, width = out[0, :count][order], out[1, :count][order]
    out[0, 0] = -reach
    kept, may_be = 1, 2.0 * reach / steps
    for at in range(count):
        last, following = out[0, kept - 1], place[at + 1] if at < count - 1 else reach
        may_be = min(may_be, width[at]) if width[at] > 0.0 else may_be
        if (width[at] == 0.0 or following - last > may_be) and place[at] - last > 1e-13 * reach:
            out[0, kept] = place[at]
            kept += 1
            may_be = width[at] if width[at] > 0.0 else 1e300
    out[0, kept] = reach
    return kept + 1


@compiled(types.UniTuple(VECTOR, 2)(RULE, VECTOR, COUNT))
def between(rule: Gauss, edges: Array, count: int) -> tuple[Array, Array]:
    """Nodes and weights of N(0,1) between the first ``count`` edges."""
    m = rule.nodes.size
    x, w = np.empty((count - 1) * m), np.empty((count - 1) * m)
    for panel in range(count - 1):
        half = 0.5 * (edges[panel + 1] - edges[panel])
        for node in range(m):
            y = edges[panel] + half * (1.0 + rule.nodes[node])
            x[panel * m + node] = y
            w[panel * m + node] = half * rule.weights[node] * math.exp(-0.5 * y * y) / _SQRT_TWO_PI
    return x, w
