"""The product of several sums of erfs, cut where nothing is left to see.

A sum is s = Σ_l D_l, with D_l the change from level l − 1 to level l of nested sums. A product of four is the sum of
D_l1 D_l2 D_l3 D_l4 over all levels, and those are kept whose sizes multiply to a tolerance at least: 800 of 6561 for an
error of 4e-8. Levels share their nodes, so that what has to be evaluated is one weight a product of nodes.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgdode.gaussian.tanh_as_erfs import Levels
from sgdode.jit.compiling import VECTOR, named
from sgdode.jit.deferred import types
from sgdode.model.overlaps import Array

Whole = NDArray[np.int64]
WHOLE = types.int64[::1]


class Products(NamedTuple):
    """For each pair (a, b) of outer nodes and each block, products of two inner nodes and their weights.

    Those of block m are ``start[m,a,b] ≤ l < start[m,a,b+1]`` (start: (blocks, A, A + 1)); ``depth`` (A,A): how many
    inner nodes they use; ``left``, ``right``, ``weight`` (l,).
    """

    start: Whole
    depth: Whole
    left: Whole
    right: Whole
    weight: Array


PRODUCTS = named(Products, [types.int64[:, :, ::1], types.int64[:, ::1], WHOLE, WHOLE, VECTOR])


def weights(slopes: Levels, others: tuple[Levels, ...], tolerance: float) -> Array:
    """(A,A,M,…): the weights of σ̃'_a σ̃'_b s̃_c …, for two slopes of one unit and any number of values."""
    parts = [slopes, slopes, *others]
    sizes = reduce(np.multiply.outer, [slopes.slopes, slopes.slopes, *(other.values for other in others)])
    tensor = (sizes >= tolerance * sizes.flat[0]).astype(float)
    for part in parts:  # each turn contracts the first axis and puts the nodes last
        tensor = np.tensordot(tensor, part.changes, axes=(0, 0))
    return np.asarray(tensor)


def products(tensors: list[Array]) -> Products:
    """The lists of tensors (A,A,M,M'), one a block."""
    A = len(tensors[0])
    start, depth = np.zeros((len(tensors), A, A + 1), np.int64), np.zeros((A, A), np.int64)
    found = []
    at = 0
    for m, tensor in enumerate(tensors):
        for a in range(A):
            for b in range(A):
                nodes = np.argwhere(tensor[a, b] != 0.0)
                start[m, a, b] = at
                at += len(nodes)
                start[m, a, b + 1] = at
                depth[a, b] = max(depth[a, b], nodes.max(initial=-1) + 1)
                found.append((nodes, tensor[a, b][tensor[a, b] != 0.0]))
    nodes = np.concatenate([one for one, _ in found])
    left, right = np.ascontiguousarray(nodes[:, 0]), np.ascontiguousarray(nodes[:, 1])
    return Products(start, depth, left, right, np.concatenate([weight for _, weight in found]))
