"""Files that one process has for itself."""

import errno
import fcntl
import os
import socket
import threading

import pytest
from support.faulty import PLANTS, of_a_dead_process, planted, refusing

from sgdode.results import claims
from sgdode.results.claims import NoLocks, claimed, create, forget_dead, holder, make_way, own_name, release, signed

LOCKLESS = [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared"


@pytest.mark.parametrize("what", [what for what in PLANTS if what != "full folder"])
def test_what_is_planted_is_removed_and_not_reached(what, folder):
    untouched = planted(folder / "x.lock", what)
    descriptor = claimed(folder / "x.lock")
    os.write(descriptor, b"mine")
    assert (folder / "x.lock").read_text() == "mine"
    assert not (folder / "x.lock").is_symlink()
    untouched()
    release(folder / "x.lock", descriptor)
    untouched()
    assert not list(folder.iterdir())


def test_a_folder_with_something_in_it_stays(folder):
    untouched = planted(folder / "x.lock", "full folder")
    with pytest.raises(OSError, match="not empty"):
        claimed(folder / "x.lock")
    untouched()


def test_what_is_taken_is_waited_for_or_told(folder):
    path = folder / "x.lock"
    first = signed(path)
    assert holder(path) == f"process {os.getpid()} on {socket.gethostname()[:24]}"
    with pytest.raises(BlockingIOError):
        claimed(path)
    threading.Timer(0.1, release, (path, first)).start()
    second = signed(path, wait=True)
    release(path, second)
    assert not list(folder.iterdir())


def test_a_file_that_was_replaced_is_not_removed(folder):
    first = claimed(folder / "x")
    (folder / "x").unlink()
    (folder / "x").write_text("another's")
    release(folder / "x", first)
    assert (folder / "x").read_text() == "another's"


def test_a_name_that_never_stands_still_is_given_up(folder, monkeypatch):
    """As on file systems whose files have another number at every look."""
    monkeypatch.setattr(claims, "stands", lambda *_: False)
    monkeypatch.setattr(claims, "_TRIES", 5)
    with pytest.raises(OSError, match="busy"):
        claimed(folder / "x")


@pytest.mark.parametrize("number", LOCKLESS)
def test_without_locks_a_file_tells_its_process(number, folder, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", refusing(number))
    path = folder / "x.lock"
    with pytest.raises(NoLocks):
        claimed(path)
    assert not path.exists()
    with pytest.raises(NoLocks):
        planted(path, "hard link") and make_way(path)
    path.unlink()
    held = signed(path)
    with pytest.raises(BlockingIOError):
        signed(path)
    release(path, held)
    assert not path.exists()


def test_another_error_of_locks_is_one(folder, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", refusing(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        signed(folder / "x.lock")
    assert not list(folder.iterdir())


HERE = socket.gethostname()[:24]


def test_without_locks_the_file_of_a_dead_process_is_taken_over(folder, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", refusing(errno.ENOLCK))
    path = folder / "x.lock"
    begun = claims._begun(os.getpid())
    dead = [f"process {of_a_dead_process()} on {HERE}", f"process {'9' * 30} on {HERE}"]
    if begun:
        dead.append(f"process {os.getpid()} on {HERE}, begun {int(begun) - 1}")  # its number is another's now
    for text in dead:
        path.write_text(text)
        release(path, signed(path))
    path.write_text(f"process {os.getpid()} on {HERE}, begun {begun}")
    with pytest.raises(BlockingIOError):
        signed(path)
    path.write_text(f"process {of_a_dead_process()} on another-machine")
    with pytest.raises(OSError, match="another-machine, and nothing tells here"):
        signed(path)


def test_without_locks_an_unsigned_file_is_anothers_for_a_moment(folder, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", refusing(errno.ENOLCK))
    path = folder / "x.lock"
    path.write_text("")
    with pytest.raises(BlockingIOError):
        signed(path)
    os.utime(path, (1, 1))
    release(path, signed(path))


def test_a_signature_is_one_line_of_plain_words(folder):
    for text in ("\x1b[31mprocess 1 on x", "process 1 on x\x1b[0m", "", "x" * 10**6):
        (folder / "x.lock").write_text(text)
        assert holder(folder / "x.lock") == "another process"
    os.mkfifo(folder / "pipe")
    assert holder(folder / "pipe") == "another process"


def test_names_of_dead_processes_are_forgotten_and_others_not(folder):
    path = folder / "x.h5"
    mine = own_name(path, ".part")
    names = {
        f"x.h5.{of_a_dead_process()}@{HERE}.00aa00aa.part": False,
        f"x.h5.{of_a_dead_process()}@elsewhere.00aa00aa.part": True,
        f"y.h5.{of_a_dead_process()}@{HERE}.00aa00aa.part": True,
        "x.h5.me@home.part": True,
        mine.name: True,
    }
    for name in names:
        os.close(create(folder / name))
    forget_dead(path, ".part")
    assert {name: (folder / name).exists() for name in names} == names
    assert len(own_name(folder / ("x" * 180), ".part").name) < 255
