"""The machine code that numba keeps beside the modules, which it makes anew where the file of a function has changed.

A function contains those of other files that it calls, and of changes in these numba does not know.
"""

from __future__ import annotations

from pathlib import Path


def forget_stale(folder: Path) -> list[Path]:
    """Delete the code kept in ``folder``/__pycache__ from before the last change of a module. Returns the files."""
    try:
        changed = max(source.stat().st_mtime for source in folder.rglob("*.py"))
        stale = [kept for kept in folder.rglob("__pycache__/*.nb[ic]") if kept.stat().st_mtime < changed]
        for kept in stale:
            kept.unlink(missing_ok=True)
    except (OSError, ValueError):  # no module; read-only, or deleted by another process in the same moment
        return []
    return stale
