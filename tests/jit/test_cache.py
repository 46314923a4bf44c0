"""The cache of machine code."""

from __future__ import annotations

import os

from sgdode.jit.cache import forget_stale


def test_code_from_before_a_change_is_forgotten(tmp_path):
    (tmp_path / "__pycache__").mkdir()
    for name, when in (("new.nbi", 30), ("old.nbi", 10), ("old.1.nbc", 10), ("old.pyc", 10)):
        (tmp_path / "__pycache__" / name).touch()
        os.utime(tmp_path / "__pycache__" / name, (when, when))
    for name, when in (("one.py", 20), ("other.py", 5)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (when, when))
    assert len(forget_stale(tmp_path)) == 2
    assert {file.name for file in (tmp_path / "__pycache__").iterdir()} == {"new.nbi", "old.pyc"}
    assert forget_stale(tmp_path / "absent") == []
