"""Where to begin looking for stationary points: the path of the equations, students alike, students on teachers, and
anywhere."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from sgdode.equations.dense_path import dense_path
from sgdode.equations.fixed_points.flow import Flow
from sgdode.errors import RunError
from sgdode.model.overlaps import Array, teacher_factor
from sgdode.model.state import packed

#: Along a path: the tolerance of it, and the places where it is slowest.
_RTOL, _ATOL, _SLOWEST = 1e-8, 1e-12, 6
#: Ways of students on teachers.
_MOST_WAYS = 30
_SEED = 20240611
_NOTHING: Array = np.empty(0)


def guesses(flow: Flow, stop: float, tries: int) -> Iterator[Array]:
    """States (m,) to begin from, the likely ones first; ``stop``: the time up to which the equations are followed,
    ``tries``: random ones at the end."""
    yield from students_alike(flow)
    yield from on_teachers(flow)
    yield from slowest(flow, stop)
    yield from anywhere(flow, tries)


def slowest(flow: Flow, stop: float) -> Iterator[Array]:
    """Where the equations, from their start, are slowest for a while, and where they end."""
    try:
        path = dense_path(flow.equations.rhs, flow.equations.y0, stop, _RTOL, _ATOL)
    except RunError:
        return
    speed = np.linalg.norm(path.slopes, axis=1)
    least = [at for at in range(1, len(speed) - 1) if speed[at] <= min(speed[at - 1], speed[at + 1])]
    yield path.states[-1]
    yield from path.states[sorted(least, key=lambda at: speed[at])[:_SLOWEST]]


def students_alike(flow: Flow) -> Iterator[Array]:
    """The same overlap with every teacher, and of every two students: the plateau before specialisation, and students
    that are one."""
    p, k = flow.shape
    for own, other, m in ((0.5, 0.3, 0.4), (0.4, 0.4, 0.4), (0.1, 0.05, 0.1), (1.0, 0.0, 0.0)):
        own, other = (1.0, other / own) if flow.problem.rule.spherical else (own, other)
        yield packed(other + (own - other) * np.eye(p), np.full((p, k), m), _NOTHING)


def on_teachers(flow: Flow) -> Iterator[Array]:
    """Every student on a teacher, or without weight: in all ways that are not alike."""
    p, k = flow.shape
    P, sizes = flow.start.overlaps.P, (1.0,) if flow.problem.rule.spherical else (1.0, 0.0)
    every = np.arange(p) % k
    others = itertools.islice(itertools.combinations_with_replacement(range(k), p), _MOST_WAYS)
    for owners in (every.tolist(), *map(list, others)):
        for rest in sizes:
            weights = np.where(np.arange(p) < k, 1.0, rest)
            Q, M = P[np.ix_(owners, owners)] * np.outer(weights, weights), P[owners] * weights[:, np.newaxis]
            yield packed(Q, M, _NOTHING)


def anywhere(flow: Flow, tries: int) -> Iterator[Array]:
    """Random weights, with a random share outside the teachers' span."""
    p, _ = flow.shape
    L, rng = teacher_factor(flow.start.overlaps.P), np.random.default_rng(_SEED)
    for _ in range(tries):
        A, B = rng.standard_normal((p, L.shape[1])), rng.standard_normal((p, p))
        A, B = rng.uniform(0.3, 1.2) * A / max(L.shape[1], 1) ** 0.5, rng.uniform(0.0, 0.6) * B / p**0.5
        if flow.problem.rule.spherical:
            length = np.sqrt((A**2).sum(axis=1) + (B**2).sum(axis=1))[:, None]
            A, B = A / length, B / length
        yield packed(A @ A.T + B @ B.T, A @ L.T, _NOTHING)
