"""What HDF5 reads of a file: looked at before, and checked after it is read. In this process: see sgdode.results.hdf5
for the way that fits files of others."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from sgdode.errors import FileError
from sgdode.results.attributes import format_fault, refuse_wrong_attributes
from sgdode.results.consistency import refuse_shapes, refuse_start, refuse_state, refuse_values
from sgdode.results.contents import Contents
from sgdode.results.heaps import refuse_damaged_heaps
from sgdode.results.quantities import BY_BLOCK, QUANTITIES, SAMPLES
from sgdode.results.structure import attributes_of, dataset, members, refuse_large, subgroup

_OTHERS = ("time", "P", "step", SAMPLES, "particle_weight", *BY_BLOCK)
#: Characters of a text of the provenance: a spec may have 64 MB.
_LONGEST_TEXT = 1 << 27


def contents_of(path: Path, names: Collection[str], *, sealed: bool) -> Contents:
    """The contents of a file, of its curves those in ``names``. Raises FileError for another format, and anything for a
    file that is broken. No array of a ``sealed`` file is packed: this program packs none."""
    refuse_damaged_heaps(path)
    with opened(path) as file:
        there = members(file)
        found = _described(file, path)
        arrays = {name: dataset(file, name) for name in (*_OTHERS, *QUANTITIES) if name in there}
        state, start = (_arrays_in(file, name) if name in there else {} for name in ("state", "start"))
        shapes = {name: array.shape for name, array in arrays.items()}
        refuse_shapes(found, shapes)
        refuse_state(found, shapes, {name: array.shape for name, array in state.items()})
        refuse_start(found, shapes, {name: array.shape for name, array in start.items()})
        wanted = {name: array for name, array in arrays.items() if name in _OTHERS or name in names}
        every = [*wanted.values(), *state.values(), *start.values()]
        if sealed and any(array.chunks for array in every):
            raise ValueError("its arrays are packed, as in no file that this program seals")
        refuse_large(every, path.stat().st_size)
        read = {name: _numbers(array) for name, array in wanted.items()}
        found.state = {name: array[...] for name, array in state.items()}
        found.start = {name: _numbers(array) for name, array in start.items()}
    found.time, found.P = read.pop("time"), read.pop("P")
    found.step, found.particle_weight = read.pop("step", None), read.pop("particle_weight", None)
    found.samples = read.pop(SAMPLES, None)
    found.by_block = {name: read.pop(name) for name in BY_BLOCK if name in read}
    found.curves = read
    refuse_values(found)
    return found


def opened(path: Path) -> h5py.File:
    """The file, open for reading, whatever else of this process has it open: HDF5 opens a file once more only with the
    same flag of locking. Raises OSError."""
    first: OSError | None = None
    for locking in (False, None, True, "best-effort"):
        try:
            return h5py.File(path, "r", locking=locking)
        except OSError as error:
            if "flag values don't match" not in str(error):
                raise first or error from None
            first = error
    raise first or OSError(f"{path} cannot be opened")


def _arrays_in(file: h5py.File, name: str) -> dict[str, h5py.Dataset]:
    """The arrays in a group of the file."""
    group = subgroup(file, name)
    return {key: dataset(group, key) for key in group}


def root_attributes(path: Path) -> dict[str, Any]:
    """The root attributes of a file. Raises anything for one that is broken."""
    refuse_damaged_heaps(path)
    with opened(path) as file:
        return attributes_of(file)


def refuse_attributes(found: dict[str, Any], path: Path) -> None:
    """Raises FileError for attributes of another format, ValueError for wrong ones."""
    if fault := format_fault(found):
        raise FileError(f"{path}: {fault}")
    refuse_wrong_attributes(found)


def _described(file: h5py.File, path: Path) -> Contents:
    """What attributes tell: all but the arrays."""
    told: dict[str, Any] = attributes_of(file)
    refuse_attributes(told, path)
    texts = attributes_of(subgroup(file, "provenance"), _LONGEST_TEXT) if "provenance" in file else {}
    for key in ("format", "format_version"):
        told.pop(key)
    warnings = json.loads(told.pop("warnings", "[]"))
    if not isinstance(warnings, list):
        raise ValueError("its warnings are no list")
    return Contents(
        kind=told.pop("kind"),
        time=np.empty(0),
        P=np.empty((0, 0)),
        curves={},
        status=told.pop("status"),
        diverged_at=told.pop("diverged_at", None),
        attributes=told,
        warnings=warnings,
        provenance={key: str(text) for key, text in texts.items()},
    )


def _numbers(array: h5py.Dataset) -> Any:
    """The numbers of a dataset as the program reckons with them, whatever size and order of bytes they have."""
    values = array[...]
    kinds = {"f": np.float64, "i": np.int64, "u": np.int64}
    return values.astype(kinds.get(values.dtype.kind, values.dtype), copy=False)
