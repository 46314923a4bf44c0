"""Folders and systems as they should not be: what others leave in shared folders, and systems that lack something."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

THESIS = "a thesis\n" * 400


def planted(path: Path, what: str) -> Callable[[], None]:
    """Put a ``what`` at ``path``; gives the check that nothing was reached through it."""
    precious = path.parent.with_name(path.parent.name + "-precious")
    precious.mkdir(exist_ok=True)
    kept = precious / "thesis"
    if what != "dangling link":
        kept.write_text(THESIS)
    if "link" in what and what != "hard link":
        path.symlink_to(kept)
    elif what == "hard link":
        os.link(kept, path)
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "full folder":
        (path / "inner").mkdir(parents=True)
    elif what == "read-only file":
        path.write_text("left by another user")
        path.chmod(0o444)

    def untouched() -> None:
        if what == "dangling link":
            assert not kept.exists()
        else:
            assert kept.read_text() == THESIS
        if what == "full folder":
            assert (path / "inner").is_dir()

    return untouched


PLANTS = ["link", "dangling link", "hard link", "pipe", "folder", "full folder", "read-only file"]


def refusing(number: int) -> Callable[..., Any]:
    """A call of the system that answers with an error."""

    def call(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


def as_user(user: int, act: Callable[[], None], group: int = 4242, umask: int = 0o002) -> None:
    """``act()`` in a process of another user; AssertionError where it fails. Skips where this is not root."""
    if os.geteuid() != 0:
        pytest.skip("another user needs root")
    if (child := os.fork()) == 0:
        status = 1
        try:
            os.umask(umask)
            os.setgroups([])
            os.setegid(group)
            os.seteuid(user)
            act()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


def of_a_dead_process() -> int:
    """The number of a process that has ended."""
    if (child := os.fork()) == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return child


def within_reach(folder: Path) -> None:
    """Let other users come to a temporary folder of the tests."""
    for place in (folder, *folder.parents):
        mode = place.stat().st_mode
        if mode & 0o011 != 0o011 and place.stat().st_uid == os.geteuid():
            place.chmod(mode | 0o011)
