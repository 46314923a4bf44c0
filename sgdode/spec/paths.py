"""Files that a spec names: where they are, and what is wrong with them."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path


class Unusable(Exception):
    """A file that cannot be used; its text is the reason."""


def found_at(folder: Path, name: str) -> Path:
    """The regular file that a spec in ``folder`` calls ``name``. Raises Unusable for all else, and opens nothing."""
    try:
        path = folder / Path(name).expanduser()
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise Unusable("no such file (paths are relative to the spec)") from None
    except (OSError, ValueError, RuntimeError) as error:  # too long; a NUL in it; the folder of an unknown user
        raise Unusable(_reason(error)) from None
    if stat.S_ISDIR(mode):
        raise Unusable("is a folder; give a file in it")
    if not stat.S_ISREG(mode):
        raise Unusable("is a pipe or a device; give a file")
    if not os.access(path, os.R_OK):
        raise Unusable("cannot be read: Permission denied")
    return path


def content_hash(path: Path) -> str:
    """64 hex digits over the content of a file. Raises Unusable where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Unusable(f"cannot be read: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
