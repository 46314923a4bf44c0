"""Files that are no results, as their names tell: before one is read as a result, or written as one."""

from __future__ import annotations

from pathlib import Path

from sgdode.errors import FileError, SgdodeError, UsageError

SPECS = (".yaml", ".yml")
#: Endings that other programs, and other commands, take for files of their own kind.
_TAKEN = (
    *(*SPECS, ".txt", ".csv", ".tsv", ".json", ".parquet", ".npy", ".npz", ".py", ".sh", ".log"),
    *(".png", ".pdf", ".svg", ".eps", ".tiff", ".tif", ".pgf", ".gif", ".jpg", ".jpeg"),
)


def refuse_spec(path: Path, error: type[SgdodeError] = FileError) -> None:
    """Raises ``error`` for a spec, where a result is meant."""
    if path.suffix in SPECS:
        raise error(f"{path}: is a spec, not a result; `sgdode run {path}` computes and draws it")


def refuse_other_ending(path: Path) -> None:
    """Raises UsageError for a name under which nobody would look for a result."""
    if path.suffix.lower() in _TAKEN:
        raise UsageError(f"{path}: a result is HDF5, not {path.suffix}; give a name that ends in .h5")
