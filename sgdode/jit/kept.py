"""Whether machine code is kept on disk, asked before the compiler is imported."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def any_kept() -> bool:
    """Whether some machine code is where it is looked for first; that may be of older sources."""
    asked = os.environ.get("NUMBA_CACHE_DIR")
    folders = (Path(asked) if asked else _PACKAGE / "__pycache__").glob("sgdode-*")
    return any(next(folder.glob("*.nbc"), None) is not None for folder in folders)
