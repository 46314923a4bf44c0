"""Runs whose neurons have learnt the same, in another order: put into one order before any mean over runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sgdode.results.quantities import QUANTITIES
from sgdode.results.trajectory import Array, Trajectory

#: A run is put into another order where that brings its last overlaps nearer by this factor, from further away than
#: this share of their size: neurons that differ by noise alone stay where they are.
_NEARER, _FAR = 0.5, 0.05


def aligned(run: Trajectory, reference: Array | None = None) -> tuple[Trajectory, int]:
    """A simulation with its neurons in the order in which their last overlaps are nearest to ``reference`` (p,k), by
    default those of its first seed; and how many of its seeds were put into another order.

    A run without M, or an integration without a reference, stays as it is.
    """
    if "M" not in run.curves or (run.kind == "integration" and reference is None):
        return run, 0
    last = np.asarray(run.M[..., -1, :, :], dtype=float)
    target = last[0] if reference is None else np.asarray(reference, dtype=float)
    if target.shape != last.shape[-2:]:
        return run, 0
    orders = [order_of(one, target) for one in last.reshape(-1, *target.shape)]
    moved = sum(bool((order != np.arange(len(order))).any()) for order in orders)
    if not moved:
        return run, 0
    curves = {name: _in_order(curve, QUANTITIES[name].dims, orders, run.kind) for name, curve in run.curves.items()}
    found = replace(run, curves=curves)
    return found, moved


def order_of(overlaps: Array, target: Array) -> NDArray[np.intp]:
    """The order of the neurons, (p,), in which ``overlaps`` (p,k) are nearest to ``target`` (p,k), in the sum of
    squares; as they are, where no order is much nearer."""
    here = float(((overlaps - target) ** 2).sum())
    stay = np.arange(len(overlaps))
    if here <= _FAR * float((target**2).sum()) or not np.isfinite(here):
        return stay
    apart = ((overlaps[None] - target[:, None]) ** 2).sum(axis=2)
    if apart.min(axis=1).sum() >= _NEARER * here:  # no order is nearer than each neuron's nearest
        return stay
    from scipy.optimize import linear_sum_assignment  # which takes longer to import than many a command

    cost = -target @ overlaps.T  # the squares of the sums are the same in any order
    _, order = linear_sum_assignment(cost)
    there = float(((overlaps[order] - target) ** 2).sum())
    return np.asarray(order) if there < _NEARER * here else stay


def _in_order(curve: Array, dims: tuple[str, ...], orders: list[NDArray[np.intp]], kind: str) -> Array:
    """A curve (S,T,...) or (T,...) with every axis of neurons in the order of its seed."""
    runs = curve if kind == "simulation" else curve[np.newaxis]
    found = np.empty_like(runs)
    for seed, order in enumerate(orders):
        one = runs[seed]
        for axis, dim in enumerate(dims, start=1):
            if dim in ("student", "student_b"):
                one = np.take(one, order, axis=axis)
        found[seed] = one
    return found if kind == "simulation" else found[0]
