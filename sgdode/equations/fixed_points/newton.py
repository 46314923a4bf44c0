"""Newton's method for F(y) = 0: steps of least norm, because points come in families and the sphere freezes Q_ii."""

from __future__ import annotations

import numpy as np

from sgdode.equations.fixed_points.flow import Flow
from sgdode.model.overlaps import Array
from sgdode.signals import stop_if_asked

#: ‖F‖ of a point that is found, and of one that is looked for no further.
FOUND, _ENOUGH = 1e-11, 1e-15
#: Singular values of J that are none; the largest state that is a point at all; the smallest eigenvalue of its Ω.
_RANK, _LARGEST, _INVALID = 1e-9, 20.0, -1e-8
_STEPS, _HALVINGS = 60, 12


def newton(flow: Flow, y: Array, largest: float = _LARGEST) -> Array | None:
    """The stationary point (m,) that Newton's method finds from the guess ``y``; None where it finds none whose Ω is
    positive semidefinite and whose overlaps are below ``largest``."""
    y = np.array(y, dtype=float)
    with np.errstate(all="ignore"):
        f = flow.velocity(y)
        size = np.linalg.norm(f)
        for _ in range(_STEPS):
            stop_if_asked()
            if not np.isfinite(size) or np.abs(y).max() > 10.0 * largest:
                return None
            if size < _ENOUGH:
                break
            nearer = _step(flow, y, f)
            if nearer is None:
                break
            y, f, size = nearer[0], nearer[1], np.linalg.norm(nearer[1])
    if not size < FOUND or np.abs(y).max() > largest or flow.smallest_eigenvalue(y) < _INVALID:
        return None
    return y


def _step(flow: Flow, y: Array, f: Array) -> tuple[Array, Array] | None:
    """The next state and its F: the step of least norm, halved until ‖F‖ falls; None where it does not."""
    J, free = flow.jacobian(y), flow.free
    if not np.isfinite(J).all():
        return None
    move = np.zeros(len(y))
    move[free] = -np.linalg.lstsq(J[np.ix_(free, free)], f[free], rcond=_RANK)[0]
    size = np.linalg.norm(f)
    for halving in range(_HALVINGS):
        there = y + 0.5**halving * move
        beside = flow.velocity(there)
        if np.isfinite(beside).all() and np.linalg.norm(beside) < size:
            return there, beside
    return None
