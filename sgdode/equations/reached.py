"""How far a solve has come, as a checkpoint keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgdode.model.overlaps import Array


@dataclass
class Reached:
    """The states at the leading times; the last of them at which the solver began anew, and the right-hand sides and
    steps until there.

    A solver remembers its last steps. One that goes on after a stop does not, so one that is not stopped forgets them
    too, at saved times that follow from the problem alone: from each of these on both do the same, bit by bit.
    """

    states: list[Array] = field(default_factory=list)
    anchor: int = 0
    evaluations: int = 0
    steps: int = 0

    def state(self) -> dict[str, NDArray[np.generic]]:
        """As the group ``state`` of a checkpoint."""
        taken = np.array([self.anchor, self.evaluations, self.steps])
        return {"states": np.array(self.states), "taken": taken}

    @classmethod
    def of(cls, state: Mapping[str, NDArray[Any]], y0: Array, times: int) -> Reached | None:
        """From there to where the solver began anew for the last time; None where that is of no solve from ``y0`` over
        so many ``times``."""
        states, taken = state.get("states"), state.get("taken")
        if states is None or taken is None or states.ndim != 2 or taken.shape != (3,) or taken.dtype.kind != "i":
            return None
        anchor, evaluations, steps = (int(number) for number in taken)
        if not (0 <= anchor < len(states) <= times and min(evaluations, steps) >= 0):
            return None
        if not (np.array_equal(states[0], y0) and np.isfinite(states).all()):
            return None
        return cls(list(states[: anchor + 1]), anchor, evaluations, steps)
