"""Files of what is found about a spec, beside those of runs: stationary points, and exit times.

They have the attributes and the seal of a result, and arrays of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sgdode.errors import FileError
from sgdode.results import seal
from sgdode.results.contents import mapping

#: Their kinds, and what they hold.
FINDINGS = {"fixed-points": "stationary points", "exit": "exit times"}


@dataclass(frozen=True)
class Finding:
    """``kind``: a name of FINDINGS; root ``attributes``, texts of its ``provenance``, and ``arrays`` by name."""

    path: Path
    kind: str
    attributes: dict[str, Any]
    provenance: dict[str, str]
    arrays: dict[str, Any]

    @property
    def resolved(self) -> dict[str, Any]:
        """The resolved values of its spec."""
        return mapping(self.provenance.get("resolved", "{}"))

    @property
    def names(self) -> list[str]:
        """What its points are called."""
        return str(self.attributes.get("points", "")).split()


def finding_kind(path: Path) -> str | None:
    """The kind of a file that is such a one, as its last lines tell; None for any other file."""
    try:
        kind = (seal.sealed_attributes(path) or {}).get("kind") if path.is_file() else None
    except (OSError, ValueError, FileError):
        return None
    return kind if kind in FINDINGS else None


def read_finding(path: Path) -> Finding:
    """Read such a file. Raises FileError where it is damaged, or of another kind."""
    kind = finding_kind(path)
    if kind is None:
        raise FileError(f"{path}: holds no {' or '.join(FINDINGS.values())}")
    if not seal.is_whole(path):
        raise FileError(f"{path}: damaged since it was written: its checksum is wrong; compute it again")
    from sgdode.results.heaps import refuse_damaged_heaps
    from sgdode.results.reading import opened
    from sgdode.results.structure import attributes_of, dataset, members, refuse_large, subgroup

    try:
        refuse_damaged_heaps(path)
        with opened(path) as file:
            names = [
                one for one in members(file) if one not in ("provenance", "name") and not one.startswith("branch_")
            ]
            found = {name: dataset(file, name) for name in names}
            refuse_large(found.values(), path.stat().st_size)
            arrays = {name: np.asarray(array[...]) for name, array in found.items()}
            attributes = attributes_of(file)
            texts = {name: str(text) for name, text in attributes_of(subgroup(file, "provenance"), 1 << 27).items()}
    except Exception as error:  # h5py raises many kinds for a broken file
        raise FileError(f"{path}: not a readable file of {FINDINGS[kind]} ({error}); compute it again") from None
    return Finding(path, kind, attributes, texts, arrays)
