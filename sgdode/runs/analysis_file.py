"""HDF5 files of what is found about a spec, beside those of runs: whole, sealed, and with the spec in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import ArrayLike

from sgdode.results import seal
from sgdode.results.atomic import aside
from sgdode.results.quantities import FORMAT_VERSION
from sgdode.spec.provenance import about
from sgdode.spec.schema import Spec


def write_analysis(path: Path, fill: Callable[[h5py.File], None]) -> Path:
    """Write a file that ``fill`` fills. Raises FileError where that fails (nothing is left then)."""
    with aside(path) as part:
        with h5py.File(part, "w", locking=False) as file:
            fill(file)
            attributes = dict(file.attrs)
        seal.append(part, attributes)
    return path


def describe(file: h5py.File, spec: Spec, kind: str, own: Mapping[str, object]) -> None:
    """The attributes of a file: its kind, its ``own`` ones, and where it comes from."""
    told = about(spec, "integrate")
    values: dict[str, object] = {
        "format": "sgdode",
        "format_version": FORMAT_VERSION,
        "kind": kind,
        "status": "complete",
        **told.attributes,
        **own,
        "warnings": json.dumps([]),
    }
    for key, value in values.items():
        file.attrs[key] = value
    group = file.create_group("provenance")
    for key, text in told.provenance.items():
        group.attrs.create(key, text, dtype=h5py.string_dtype())


def add_dataset(group: h5py.Group, name: str, values: ArrayLike, units: str, meaning: str) -> None:
    """An array with its unit and what it is."""
    group.create_dataset(name, data=np.asarray(values))
    group[name].attrs["units"] = units
    group[name].attrs["long_name"] = meaning
