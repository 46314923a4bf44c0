"""Kept machine code: a change anywhere is seen, damage does no harm, others cannot plant any, and old folders go."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sgdode.jit import cache

ROOM = Path(cache.__file__).parent
INNER = """
from sgdode.jit.compiling import compiled
SIZE = 1.25
@compiled()
def called():
    return SIZE
@compiled(forceinline=True)
def inlined():
    return SIZE
"""
OUTER = """
from sgdode.jit.compiling import compiled
from sgdode.jit.deferred import types
from sgdode.jit.inner import called, inlined
@compiled(types.float64(types.float64), error_model="numpy")
def size(x):
    return x * (called() + inlined())
if __name__ == "__main__":
    import sys
    print(size(1.0), int(size.was_kept), int("numba" in sys.modules))
"""
COMPILED, KEPT = 0, 1


def write(path, text):
    """A file with the date of the one that it replaces."""
    when = path.stat().st_mtime_ns if path.exists() else time.time_ns()
    path.write_text(text)
    os.utime(path, ns=(when, when))


@pytest.fixture
def package(tmp_path):
    """A package with a function that calls two of another module, and the cache of this one."""
    room = tmp_path / "sgdode" / "jit"
    room.mkdir(parents=True)
    modules = "__init__ scipy_linalg building cache compiled compiling deferred guard loading"
    for name in modules.split():
        shutil.copy(ROOM / f"{name}.py", room / f"{name}.py")
    for name in ("errors", "machine", "parts", "signals", "stand_in"):
        shutil.copy(ROOM.parent / f"{name}.py", tmp_path / "sgdode" / f"{name}.py")
    (tmp_path / "sgdode" / "__init__.py").touch()
    write(room / "inner.py", INNER)
    write(room / "outer.py", OUTER)
    return tmp_path


def size(package, **variables):
    """``size(1.0)`` in a process of its own, and whether its machine code was kept."""
    env = os.environ | {"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(package / "home")}
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        env.pop(name, None)
    command = [sys.executable, "-m", "sgdode.jit.outer"]
    done = subprocess.run(command, env=env | variables, cwd=package, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    number, kept, compiler = done.stdout.split()
    assert kept != compiler  # what is kept is loaded without the compiler
    return float(number), int(kept)


@pytest.mark.parametrize("given", [False, True], ids=["in the package", "NUMBA_CACHE_DIR"])
def test_a_change_in_a_called_module_is_seen(package, given):
    """Size and date of the changed file stay the same: numba's own cache goes on with the old number."""
    place = package / "given" if given else package / "sgdode" / "__pycache__"
    variables = {"NUMBA_CACHE_DIR": str(place)} if given else {}
    assert size(package, **variables) == (2.5, COMPILED)
    assert {file.parent.parent for file in package.rglob("*.nbc")} == {place}
    assert size(package, **variables) == (2.5, KEPT)
    inner = package / "sgdode" / "jit" / "inner.py"
    write(inner, inner.read_text().replace("1.25", "1.75"))
    assert size(package, **variables) == (3.5, COMPILED)
    assert size(package, **variables) == (3.5, KEPT)


def test_damaged_code_is_compiled_anew(package):
    size(package)
    (file,) = package.rglob("*outer.size*.nbc")
    whole = file.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], whole[:-1] + bytes([whole[-1] ^ 1])):
        file.write_bytes(damaged)
        assert size(package) == (2.5, COMPILED)
    assert size(package) == (2.5, KEPT)


def test_what_has_no_place_is_compiled_in_memory(package):
    given, own, home = package / "given", package / "sgdode" / "__pycache__", package / "home"
    for place in (given, own, home):  # a file is no folder
        place.touch()
    assert size(package, NUMBA_CACHE_DIR=str(given)) == (2.5, COMPILED)
    assert not list(package.rglob("*.nbc"))
    own.unlink()
    assert size(package, NUMBA_CACHE_DIR=str(given)) == (2.5, COMPILED)
    assert {file.parent.parent for file in package.rglob("*.nbc")} == {own}


def test_the_fingerprint_is_of_names_and_contents(tmp_path):
    assert cache.fingerprint(tmp_path / "absent") is None
    (tmp_path / "room").mkdir()
    found = set()
    for name, text in (("a.py", "1"), ("a.py", "2"), ("room/b.py", ""), ("room/c.py", "")):
        (tmp_path / name).write_text(text)
        found.add(cache.fingerprint(tmp_path))
    assert len(found) == 4
    (tmp_path / "notes.txt").write_text("no source")
    assert cache.fingerprint(tmp_path) in found


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners of files")
def test_a_folder_that_others_can_write_to_is_not_used(tmp_path):
    folder = Path(cache._opened(str(tmp_path / "new"), "f", True))
    assert folder == tmp_path / "new" / "sgdode-f"
    assert cache._opened(str(tmp_path / "new"), "f", True) == str(folder)
    for mode in (0o775, 0o757):
        folder.chmod(mode)
        assert cache._opened(str(tmp_path / "new"), "f", True) is None
    if os.getuid() == 0:
        folder.chmod(0o755)
        os.chown(folder, 12345, 12345)
        assert cache._opened(str(tmp_path / "new"), "f", True) is None


def test_folders_of_other_sources_go_when_they_are_not_used(tmp_path):
    day = 86400.0
    for name, days in [(f"sgdode-{n}", n) for n in range(12)] + [("sgdode-old", 30), ("other", 30)]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "code.nbc").touch()
        os.utime(tmp_path / name, (time.time() - days * day - 60,) * 2)
    cache._opened(str(tmp_path), "0", True)  # there already: nothing is removed
    assert len(list(tmp_path.iterdir())) == 14
    cache._opened(str(tmp_path), "new", False)
    assert len(list(tmp_path.iterdir())) == 15
    cache._opened(str(tmp_path), "newest", True)
    left = {"other", "sgdode-new", "sgdode-newest", *(f"sgdode-{n}" for n in range(7))}
    assert {folder.name for folder in tmp_path.iterdir()} == left


def test_a_folder_in_use_stays_young(tmp_path):
    (tmp_path / "sgdode-used").mkdir()
    os.utime(tmp_path / "sgdode-used", (1.0, 1.0))
    cache._opened(str(tmp_path), "used", True)
    assert time.time() - (tmp_path / "sgdode-used").stat().st_mtime < 3600.0
