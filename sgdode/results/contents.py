"""What the file of a run holds, as Python has it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sgdode.results.quantities import QUANTITIES

Kind = Literal["simulation", "integration"]
Array = NDArray[np.float64]
#: What is told of a file that is read without one.
UNSEALED = "has no checksum, so that a change of its numbers would not be noticed"


@dataclass
class Contents:
    """Curves over t = ν γ/(p d), from a simulation (with a leading seed axis, S) or an integration (without).

    ``time`` (T,); ``step`` (T,) SGD steps, None where p or d is infinite; ``samples`` (T,) per dimension, where the
    schedule or the end of the run is told in them; ``P`` (k,k);
    ``curves``: risk (S,T) or (T,), M (...,p,k), Q (...,p,p), q (...,p), output_weights (...,p): what was saved.
    ``attributes``: the root attributes of the file; ``provenance``: spec, resolved and environment as text.
    ``by_block``: where inputs have blocks, eigenvalue (B,), fraction (B,) and P_block (B,k,k); M, Q and P are those of
    the fields then, Σ_b c_b (...)_b. ``state``: arrays that a partial run goes on from, or a longer one. ``start``:
    Q (n,p,p), M (n,p,k), a (n,p) and P (k,k) of a start from a file, for n = 1 or each seed; by block Q (n,B,p,p),
    M (n,B,p,k) and P_block (B,k,k) too. ``unsealed``: read from a
    file without a checksum, where damage goes unnoticed. ``path``: the file that it was read from; ``origin``: the
    experiment that it was made of, in this process.
    """

    kind: Kind
    time: Array
    P: Array
    curves: dict[str, Array]
    step: NDArray[np.int64] | None = None
    samples: Array | None = None
    particle_weight: Array | None = None
    status: str = "complete"
    diverged_at: float | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    provenance: dict[str, str] = field(default_factory=dict)
    state: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    start: dict[str, Array] = field(default_factory=dict)
    unsealed: bool = False
    by_block: dict[str, Array] = field(default_factory=dict)
    path: Path | None = None
    origin: object = None

    @property
    def resolved(self) -> dict[str, Any]:
        """The spec with every value filled in; empty where the file does not tell it."""
        return self._told("resolved")

    @property
    def settings(self) -> dict[str, object]:
        """The same by dotted key, as in ``student.width``."""
        return by_dotted_key(self.resolved)

    @property
    def environment(self) -> dict[str, Any]:
        """How the run was made: versions, host, command_line, start, end, seconds, ...; empty where not told."""
        return self._told("environment")

    def dims(self, name: str) -> tuple[str, ...]:
        """The dimensions of the curve ``name``: (seed,) time, and its own."""
        lead = ("seed", "time") if self.kind == "simulation" else ("time",)
        return (*lead, *QUANTITIES[name].dims)

    def _told(self, part: str) -> dict[str, Any]:
        with contextlib.suppress(ValueError):
            return mapping(self.provenance.get(part, ""))
        return {}


def mapping(text: str) -> dict[str, Any]:
    """A mapping from JSON, an empty one from no text. Raises ValueError for anything else."""
    values = json.loads(text or "{}")
    if not isinstance(values, dict):
        raise ValueError(f"a mapping is needed, not {type(values).__name__}")
    return values


def by_dotted_key(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Nested values by dotted key."""
    flat: dict[str, object] = {}
    for key, value in values.items():
        flat |= by_dotted_key(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat
