"""The result of a run: arrays by name, and what they are the result of."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgdode.errors import MissingExtra, UsageError
from sgdode.results.contents import Array, Contents
from sgdode.results.crossing import times_below
from sgdode.results.quantities import BY_BLOCK, QUANTITIES, SAMPLES
from sgdode.results.summary import as_html, short

if TYPE_CHECKING:
    import xarray

    from sgdode.reporting import Progress

#: A risk that is known to more than this share of itself is not known: no theory is written, no verdict built on it.
LARGEST_RISK_ERROR = 0.01


class About(NamedTuple):
    """What a result carries besides its numbers: root attributes, and the group provenance as text."""

    attributes: dict[str, Any]
    provenance: dict[str, str]


class Trajectory(Contents):
    """Curves over t = ν γ/(p d), from a simulation (with a leading seed axis, S) or an integration (without).

    ``time`` (T,); ``step`` (T,) SGD steps, None where p or d is infinite; ``P`` (k,k);
    ``curves``: risk (S,T) or (T,), M (...,p,k), Q (...,p,p), q (...,p), output_weights (...,p): what was saved.
    ``attributes``: the root attributes of the file; ``settings``, ``resolved`` and ``environment``: how it was made.
    """

    def __repr__(self) -> str:
        return short(self)

    def _repr_html_(self) -> str:
        return as_html(self)

    @property
    def spec(self) -> Any:
        """The experiment that made it, as ``sgdode.load_spec`` gives it: change it by ``.replace(...)``.

        Raises UsageError where the file does not tell it.
        """
        if self.origin is not None:
            return self.origin
        if not self.resolved:
            raise UsageError(f"{self.attributes.get('name', self.kind)}: the file does not tell of what it was made")
        import sgdode

        return sgdode.load_spec(self.resolved)

    def extend(self, stop: float, *, jobs: int | None = None, progress: Progress | bool | None = None) -> Trajectory:
        """The same run to a later ``stop``, in t: all its seeds, bit by bit as if it had been asked for at once.

        It goes on from the end where this one holds its state (``state``), else from zero. Raises UsageError for a stop
        that is not later, or where it is not known of what this one was made; else as ``sgdode.simulate`` and
        ``sgdode.integrate``.
        """
        from importlib import import_module

        found: Trajectory = import_module("sgdode.runs.longer").extended(self, stop, jobs=jobs, progress=progress)
        return found

    def time_below(self, level: float) -> Array | float:
        """The first t at which the excess risk is at or below ``level``, log R interpolated in log t: one for each
        seed, (S,), or that of the equations; NaN where it stays above."""
        found = times_below(self.time, self.risk, level)
        return found if found.ndim else float(found)

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

    @property
    def P_block(self) -> Array | None:
        """P_b (B,k,k) of the teachers in each block of the inputs; None where these are isotropic."""
        return self.by_block.get("P_block")

    def predicted(self, name: str, what: str = "std") -> Array | None:
        """The predicted standard deviation over runs of the curve ``name``, or the ``what="shift"`` of its mean; NaN
        where linear noise does not hold, None where the equations were solved without fluctuations."""
        found = self.curves.get(f"{name}_{what}")
        holds = self.curves.get("risk_std_valid")
        if found is None or holds is None:  # a file of a version that did not tell
            return found
        return np.where(holds.reshape(-1, *(1,) * (found.ndim - 1)) > 0, found, np.nan)

    def _curve(self, name: str) -> Array:
        if name not in self.curves:
            saved = ", ".join(self.curves)
            raise AttributeError(f"{name} was not saved in this run (saved: {saved}); add it to `save` in the spec")
        return self.curves[name]

    def save(self, path: str | Path, former: Path | None = None) -> Path:
        """Write the HDF5 file, whole or not at all; what stood there takes the name ``former``, where that is given.

        Raises FileError where it cannot be written, UsageError for a name of another kind of file.
        """
        from sgdode.results.hdf5 import write
        from sgdode.results.others import refuse_other_ending

        refuse_other_ending(Path(path))
        return write(self, Path(path), former)

    @classmethod
    def load(cls, path: str | Path, names: Collection[str] = QUANTITIES) -> Trajectory:
        """Read a file of this program, or only the curves ``names`` of it.

        Raises FileError where it is missing, broken or of another format.
        """
        from sgdode.results.hdf5 import read

        found = cls(**vars(read(Path(path), names)))
        found.path = Path(path)
        return found

    @classmethod
    def of(cls, given: Trajectory | str | Path) -> Trajectory:
        """A result as it is, or the one in a file. Raises FileError as :meth:`load`, UsageError for anything else."""
        if isinstance(given, cls):
            return given
        if not isinstance(given, str | Path):
            raise UsageError(f"a Trajectory or the path of a file is needed, not a {type(given).__name__}")
        return cls.load(given)

    def to_xarray(self) -> xarray.Dataset:
        """An ``xarray.Dataset`` with the dimensions and coordinates of the file (extra ``xarray``)."""
        try:
            import xarray
        except ImportError:
            raise MissingExtra("to_xarray", "xarray", "xarray") from None

        data: dict[str, tuple[tuple[str, ...], NDArray[np.generic], dict[str, str]]]
        data = {name: (self.dims(name), curve, _described(name)) for name, curve in self.curves.items()}
        data["P"] = (("teacher", "teacher_b"), self.P, {"long_name": "teacher-teacher overlaps P = W* W*ᵀ/d"})
        for name, values in self.by_block.items():
            data[name] = (BY_BLOCK[name].dims, values, {"units": "1", "long_name": BY_BLOCK[name].meaning})
        if self.step is not None:
            data["step"] = (("time",), self.step, {"long_name": "SGD steps ν"})
        if self.samples is not None:
            data[SAMPLES] = (("time",), self.samples, {"long_name": "samples per dimension α = νB/d"})
        if self.particle_weight is not None:
            data["particle_weight"] = (("student",), self.particle_weight, {"long_name": "weight of each particle"})
        time = ("time", self.time, {"long_name": "rescaled time t = νγ/(pd)"})
        dataset = xarray.Dataset(data, {"time": time}, {**self.attributes, "kind": self.kind})
        return dataset.assign_coords({str(dim): range(size) for dim, size in dataset.sizes.items() if dim != "time"})


def _described(name: str) -> dict[str, str]:
    return {"long_name": QUANTITIES[name].meaning}  # a unit of 1 would stand as "[1]" on every axis of xarray


load = Trajectory.load
