"""The result of a run: arrays by name, and what they are the result of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Kind = Literal["simulation", "integration"]
Array = NDArray[np.float64]

#: The name of every saved quantity → (dimensions after seed and time, units, long name).
QUANTITIES: dict[str, tuple[tuple[str, ...], str]] = {
    "risk": ((), "excess population risk R − Δ/2"),
    "M": (("student", "teacher"), "student-teacher overlaps M = W W*ᵀ/d"),
    "Q": (("student", "student_b"), "student-student overlaps Q = W Wᵀ/d"),
    "q": (("student",), "orthogonal overlaps q = diag(Q − M P⁺ Mᵀ)"),
    "output_weights": (("student",), "student output weights a"),
    "output_weights_std": (("student",), "predicted standard deviation of a over runs"),
    "output_weights_shift": (("student",), "predicted shift of the mean of a over runs, of order δt"),
    "risk_shift": ((), "predicted shift of the mean excess risk over runs, of order δt"),
    "M_shift": (("student", "teacher"), "predicted shift of the mean of M over runs, of order δt"),
    "Q_shift": (("student", "student_b"), "predicted shift of the mean of Q over runs, of order δt"),
    "risk_std": ((), "predicted standard deviation of the excess risk over runs"),
    "M_std": (("student", "teacher"), "predicted standard deviation of M over runs"),
    "Q_std": (("student", "student_b"), "predicted standard deviation of Q over runs"),
}


class About(NamedTuple):
    """What a result carries besides its numbers: root attributes, and the group provenance as text."""

    attributes: dict[str, Any]
    provenance: dict[str, str]


@dataclass
class Trajectory:
    """Curves over t = ν γ/(p d), from a simulation (with a leading seed axis, S) or an integration (without).

    ``time`` (T,); ``step`` (T,) SGD steps, None where p or d is infinite; ``P`` (k,k);
    ``curves``: risk (S,T) or (T,), M (...,p,k), Q (...,p,p), q (...,p), output_weights (...,p): what was saved.
    ``attributes``: the root attributes of the file; ``provenance``: spec, resolved and environment as text.
    ``state``: arrays that a partial run goes on from.
    """

    kind: Kind
    time: Array
    P: Array
    curves: dict[str, Array]
    step: NDArray[np.int64] | None = None
    particle_weight: Array | None = None
    status: str = "complete"
    diverged_at: float | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    provenance: dict[str, str] = field(default_factory=dict)
    state: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def risk(self) -> Array:
        """Excess risk R − Δ/2, (S,T) or (T,)."""
        return self._curve("risk")

    @property
    def M(self) -> Array:
        """Student–teacher overlaps, (S,T,p,k) or (T,p,k)."""
        return self._curve("M")

    @property
    def Q(self) -> Array:
        """Student–student overlaps, (S,T,p,p) or (T,p,p)."""
        return self._curve("Q")

    @property
    def q(self) -> Array:
        """diag Q⊥, (S,T,p) or (T,p)."""
        return self._curve("q")

    def _curve(self, name: str) -> Array:
        if name not in self.curves:
            saved = ", ".join(self.curves)
            raise AttributeError(f"{name} was not saved in this run (saved: {saved}); add it to `save` in the spec")
        return self.curves[name]

    def save(self, path: str | Path) -> Path:
        """Write the HDF5 file, whole or not at all. Raises FileError where it cannot be written."""
        from sgdode.results.hdf5 import write

        return write(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Trajectory:
        """Read a file of this program. Raises FileError where it is missing, broken or of another format."""
        from sgdode.results.hdf5 import read

        return read(Path(path))

    def to_xarray(self) -> Any:
        """An ``xarray.Dataset`` with the dimensions and coordinates of the file (extra ``xarray``)."""
        import xarray

        lead = ("seed", "time") if self.kind == "simulation" else ("time",)
        names = {name: (*lead, *QUANTITIES[name][0]) for name in self.curves}
        data: dict[str, Any] = {name: (dims, self.curves[name], _described(name)) for name, dims in names.items()}
        data["P"] = (("teacher", "teacher_b"), self.P, {"long_name": "teacher-teacher overlaps P = W* W*ᵀ/d"})
        if self.step is not None:
            data["step"] = (("time",), self.step, {"long_name": "SGD steps ν"})
        if self.particle_weight is not None:
            data["particle_weight"] = (("student",), self.particle_weight, {"long_name": "weight of each particle"})
        dataset = xarray.Dataset(data, {"time": self.time}, {**self.attributes, "kind": self.kind})
        return dataset.assign_coords({str(dim): range(size) for dim, size in dataset.sizes.items() if dim != "time"})


def _described(name: str) -> dict[str, str]:
    return {"units": "1", "long_name": QUANTITIES[name][1]}
