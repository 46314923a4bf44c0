"""How far a solve has come, as a checkpoint keeps it, and a finished file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgdode.model.overlaps import Array


@dataclass
class Reached:
    """The states at the leading saved times; ``t`` and ``y``, where the solver began anew for the last time, and the
    right-hand sides and steps until there.

    A solver remembers its last steps. One that goes on after a stop does not, so one that is not stopped forgets them
    too, after a number of right-hand sides that follows from the problem alone: from each of these ``t`` on both do the
    same, bit by bit. What is saved has no part in it.
    """

    states: list[Array] = field(default_factory=list)
    t: float = 0.0
    y: Array | None = None
    evaluations: int = 0
    steps: int = 0

    def state(self) -> dict[str, NDArray[np.generic]]:
        """As the group ``state`` of a checkpoint."""
        return {"states": np.array(self.states), **self.end()}

    def end(self) -> dict[str, NDArray[np.generic]]:
        """The same without the states, which a finished file has in its curves."""
        y = self.states[0] if self.y is None else self.y
        return {"taken": np.array([self.evaluations, self.steps]), "anchor": np.concatenate([[self.t], y])}

    @classmethod
    def of(cls, state: Mapping[str, NDArray[Any]], y0: Array, times: Array) -> Reached | None:
        """From the states of a checkpoint; None where that is of no solve from ``y0`` over ``times``."""
        states, taken, anchor = (state.get(name) for name in ("states", "taken", "anchor"))
        if states is None or taken is None or anchor is None or states.ndim != 2:
            return None
        if taken.shape != (2,) or taken.dtype.kind != "i" or anchor.shape != (len(y0) + 1,) or taken.min() < 0:
            return None
        if not (1 <= len(states) <= len(times) and np.array_equal(states[0], y0) and np.isfinite(states).all()):
            return None
        if not (np.isfinite(anchor).all() and times[0] <= anchor[0] <= times[len(states) - 1]):
            return None
        return cls(list(states), float(anchor[0]), np.array(anchor[1:]), int(taken[0]), int(taken[1]))
