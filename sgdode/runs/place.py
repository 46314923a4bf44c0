"""Where the file of a run is to go, looked at before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path

from sgdode.errors import UsageError
from sgdode.spec.checks import require
from sgdode.spec.memory import Command
from sgdode.spec.schema import Spec
from sgdode.spec.values import shown

#: The longest of what is appended to the name of a file while it is computed.
_ENDING = ".ckpt.part"
#: Bytes of a name, and of a path, where the system does not tell.
_USUAL = {"PC_NAME_MAX": 255, "PC_PATH_MAX": 4096}


def refuse_name(path: Path) -> None:
    """Raises UsageError for a path that the file system does not take."""
    sizes = {"PC_PATH_MAX": len(os.fsencode(path.absolute())) + len(_ENDING)}
    sizes["PC_NAME_MAX"] = max(len(os.fsencode(name)) for name in (*path.parts, path.name + _ENDING))
    for what, size in sizes.items():
        if size >= (longest := _longest(path, what)) + (what == "PC_NAME_MAX"):
            raise UsageError(
                f"{shown(str(path))[1:-1]}: cannot be written there: File name too long ({size} bytes with its "
                f"endings, and {longest} is the limit); -o, --out-dir and the spec's name make it"
            )


def refuse_full(spec: Spec, command: Command, path: Path) -> None:
    """Raises UsageError where there is less room in the folder of ``path`` than its file will take, and SpecError for
    what ``command`` cannot run."""
    require(spec, command)
    from sgdode.runs.check import amount
    from sgdode.runs.file_size import file_bytes

    try:
        there = os.statvfs(path.parent)
    except (OSError, AttributeError):
        return
    free, needed = there.f_bavail * there.f_frsize, file_bytes(spec, command)
    if there.f_blocks and free < needed:
        raise UsageError(
            f"{path}: cannot be written there: No space left on device (the file will take {amount(needed)}, "
            f"{amount(free)} are free); --out-dir writes elsewhere, `save` and time.points make it smaller"
        )


def _longest(path: Path, what: str) -> int:
    """A limit of the file system that ``path`` would be on."""
    there = next((folder for folder in path.absolute().parents if os.path.isdir(folder)), Path("/"))
    try:
        found = os.pathconf(there, what)
    except (OSError, ValueError, AttributeError):
        return _USUAL[what]
    return found if found > 0 else _USUAL[what]
