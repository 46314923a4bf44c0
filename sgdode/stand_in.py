"""Imports without what takes longer to import than it is worth: a module of another name stands in for it.

Only in a process of the program's own: in another, what was imported so may be used for what it lacks then.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

_own = False


def own_process() -> None:
    """From now on modules are stood in for."""
    global _own
    _own = True
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # there are none to look for in all that is installed


@contextlib.contextmanager
def stand_in(name: str, /, **attributes: Any) -> Iterator[None]:
    """In the block the module ``name`` is one of these attributes alone, unless it is loaded already."""
    if name in sys.modules or not _own:
        yield
        return
    module = sys.modules[name] = ModuleType(name)
    vars(module).update(attributes)
    try:
        yield
    finally:
        if sys.modules.get(name) is module:
            del sys.modules[name]
