"""The files that a user means: a name, a folder of results, or a pattern such as ``runs/*.h5``."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from sgdode.errors import FileError
from sgdode.results.trajectory import Trajectory

#: What stands for results: themselves, files, folders, patterns, or several of them.
Given = Trajectory | str | Path | Iterable[Trajectory | str | Path]


def result_files(name: str | Path) -> list[Path]:
    """The file itself, the .h5 files of a folder, or those that a pattern matches, sorted. Raises FileError where a
    folder or a pattern has none; a name that is neither stays as it is."""
    text = os.fspath(name)
    if os.path.isdir(text):
        if found := sorted(Path(text).glob("*.h5")):
            return found
        raise FileError(f"{text}: holds no .h5 file; simulate and integrate write them")
    if glob.has_magic(text) and not os.path.exists(text):
        if found := sorted(Path(one) for one in glob.glob(text, recursive=True) if one.endswith(".h5")):
            return found
        raise FileError(f"{text}: no .h5 file has such a name")
    return [Path(text)]


def given_results(given: Iterable[Given]) -> Iterator[Trajectory | Path]:
    """What is given, one after the other, folders and patterns as their files."""
    for one in given:
        if isinstance(one, Trajectory):
            yield one
        elif isinstance(one, str | Path):
            yield from result_files(one)
        else:
            yield from given_results(_several(one))


def _several(given: object) -> Iterable[Given]:
    if isinstance(given, Iterable):
        return given
    raise FileError(f"a Trajectory or the path of a file is needed, not a {type(given).__name__}")
