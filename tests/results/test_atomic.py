"""Files are written whole or not at all, and nothing else is written to, whatever stands in the folder."""

import errno
import fcntl
import os
import stat

import pytest
from support.faulty import PLANTS, as_user, planted, refusing, within_reach

from sgdode.errors import FileError
from sgdode.results import atomic
from sgdode.results.atomic import aside, forget_parts, write_text
from sgdode.results.claims import claimed


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared"


def test_what_is_written_aside_is_whole_or_not_there(tmp_path):
    target = tmp_path / "deep" / "text"
    write_text(target, "one")

    def fail():
        with aside(target) as part:
            part.write_text("two")
            raise OSError(28, "No space left on device")

    with pytest.raises(FileError, match=r"deep/text: cannot be written: No space"):
        fail()
    assert target.read_text() == "one"
    assert names(target.parent) == ["text"]


@pytest.mark.parametrize("what", PLANTS)
@pytest.mark.parametrize("locks", [True, False])
def test_nothing_is_reached_through_what_is_planted(what, locks, folder, monkeypatch):
    if not locks:
        monkeypatch.setattr(fcntl, "flock", refusing(errno.ENOLCK))
    untouched = planted(folder / "text.part", what)
    write_text(folder / "text", "mine")
    assert (folder / "text").read_text() == "mine"
    assert not (folder / "text").is_symlink()
    untouched()
    judged = locks or what in ("link", "dangling link", "pipe", "folder")
    assert names(folder) == ["text"] if judged and what != "full folder" else ["text", "text.part"]


@pytest.mark.parametrize("by_descriptor", [True, False])
def test_a_name_that_is_taken_away_while_it_is_written_leads_nowhere(by_descriptor, folder, monkeypatch):
    if not by_descriptor:
        monkeypatch.setattr(atomic, "_by_descriptor", lambda part, descriptor: part)
    elif not os.path.isdir("/proc/self/fd"):
        pytest.skip("the system has no names of descriptors")
    write_text(folder / "text", "before")

    def write():
        with aside(folder / "text") as part:
            (folder / "text.part").unlink()
            checks.append(planted(folder / "text.part", "link"))
            if by_descriptor:
                part.write_text("mine")

    checks = []
    with pytest.raises(FileError, match="another process has removed"):
        write()
    checks[0]()
    assert (folder / "text").read_text() == "before"


def test_two_that_write_one_file_at_once_both_do(folder):
    with aside(folder / "text") as one:
        with aside(folder / "text") as other:
            one.write_text("one")
            other.write_text("other")
        assert (folder / "text").read_text() == "other"
    assert (folder / "text").read_text() == "one"
    assert names(folder) == ["text"]


def test_a_part_that_is_being_written_stays(folder):
    descriptor = claimed(folder / "text.part")
    forget_parts(folder / "text")
    write_text(folder / "text", "mine")
    assert names(folder) == ["text", "text.part"]
    os.close(descriptor)
    forget_parts(folder / "text")
    assert names(folder) == ["text"]


@pytest.mark.parametrize("umask", [0o077, 0o027, 0o002])
def test_files_have_the_rights_of_the_umask(umask, folder):
    before = os.umask(umask)
    try:
        write_text(folder / "text", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "text").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO, errno.EACCES])
def test_a_folder_that_refuses_to_be_synchronised_is_no_failure(number, folder, monkeypatch):
    real = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            refusing(number)()
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_text(folder / "text", "mine")
    assert (folder / "text").read_text() == "mine"


def test_a_file_that_does_not_come_to_the_disk_is(folder, monkeypatch):
    monkeypatch.setattr(os, "fsync", refusing(errno.EIO))
    with pytest.raises(FileError, match="Input/output error"):
        write_text(folder / "text", "mine")
    assert names(folder) == []
    monkeypatch.setattr(os, "fsync", refusing(errno.EINVAL))
    write_text(folder / "text", "mine")


def test_a_pipe_is_written_to_where_that_is_asked_for_alone(folder):
    os.mkfifo(folder / "pipe")
    reader = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_text(folder / "pipe", "through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    with aside(folder / "pipe") as part:
        part.write_text("a file")
    assert (folder / "pipe").read_text() == "a file"


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077])
def test_a_second_user_of_a_folder_goes_on_after_the_first(umask, tmp_path):
    shared = tmp_path / "group"
    shared.mkdir()
    os.chmod(shared, 0o2775)
    within_reach(tmp_path)
    if os.geteuid() == 0:
        os.chown(shared, 0, 4242)

    def first():
        write_text(shared / "text", "one")
        os.close(claimed(shared / "text.part"))

    def second():
        write_text(shared / "text", "two")

    as_user(5001, first, umask=umask)
    as_user(5002, second, umask=umask)
    assert (shared / "text").read_text() == "two"
    assert (shared / "text").stat().st_gid == 4242
    assert names(shared) == (["text"] if umask != 0o077 else ["text", "text.part"])
