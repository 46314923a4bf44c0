"""Right-hand sides that change at once at given times: the solver begins anew there, for its memory is of the one
before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sgdode.equations.system import Rhs
from sgdode.model.overlaps import Array

#: Times this close, relative to them, are the same.
_SAME = 1e-12


class Piece(Protocol):
    """A right-hand side that knows what it is off by, as ``sgdode.equations.block_flow.BlockFlow``."""

    def __call__(self, t: float, y: Array, ydot: Array) -> None:
        """Fill dy/dt."""

    def stated_error(self, t: float, y: Array) -> float:
        """A bound on its relative error."""

    def louder(self, share: float) -> Piece:
        """The same with Ψ(Var) larger by a share."""


class Pieces:
    """``pieces[i]`` from ``starts[i]`` on, up to the next; the one that the solver is in goes on a little beyond."""

    def __init__(self, pieces: Sequence[Piece], starts: Sequence[float]):
        self.pieces, self.starts, self.now = list(pieces), tuple(starts), 0

    def enter(self, t: float) -> None:
        """A solver begins at t."""
        self.now = self._at(t)

    def __call__(self, t: float, y: Array, ydot: Array) -> None:
        self.pieces[self.now](t, y, ydot)

    def stated_error(self, t: float, y: Array) -> float:
        """That of the piece at t."""
        return self.pieces[self._at(t)].stated_error(t, y)

    def louder(self, share: float) -> Pieces:
        """With every piece louder."""
        return Pieces([piece.louder(share) for piece in self.pieces], self.starts)

    def _at(self, t: float) -> int:
        return max(0, sum(start <= t * (1.0 + _SAME) for start in self.starts) - 1)


class Polled:
    """A right-hand side before which ``look`` is called."""

    def __init__(self, rhs: Rhs, look: Callable[[], None]):
        self.rhs, self.look = rhs, look

    def __call__(self, t: float, y: Array, ydot: Array) -> None:
        self.look()
        self.rhs(t, y, ydot)

    def enter(self, t: float) -> None:
        """A solver begins at t."""
        enter(self.rhs, t)


def enter(rhs: Rhs, t: float) -> None:
    """Tell a right-hand side of pieces that a solver begins at t; any other needs no telling."""
    tell = getattr(rhs, "enter", None)
    if tell is not None:
        tell(t)


def with_breaks(time: Array, breaks: Sequence[float]) -> tuple[Array, NDArray[np.bool_]]:
    """``time`` (T,) with the breaks between 0 and its end, and which of these times are those of ``time``."""
    inner = [t for t in breaks if 0 < t < time[-1] and np.min(np.abs(time - t)) > _SAME * t]
    if not inner:
        return time, np.ones(len(time), dtype=bool)
    every = np.concatenate([time, inner])
    order = np.argsort(every, kind="stable")
    return every[order], np.asarray(order < len(time))


def is_break(t: float, breaks: Sequence[float]) -> bool:
    """Whether a right-hand side changes at t."""
    return any(abs(t - at) <= _SAME * at for at in breaks)


def next_break(times: Array, t: float, breaks: Sequence[float]) -> int:
    """The index of the first of ``times`` after ``t`` that is a break; their last one where there is none."""
    later = [at for at in breaks if at > t * (1.0 + _SAME)]
    if not later:
        return len(times) - 1
    found = np.flatnonzero(np.abs(times - min(later)) <= _SAME * min(later))
    return int(found[0]) if len(found) else len(times) - 1
