"""Files that a spec names, and what is wrong with them."""

import hashlib
import os

import pytest
from support.faulty import as_user
from support.specs import SMALL, merged

from sgdode import SpecError, load_spec
from sgdode.spec.paths import Unusable, content_hash, found_at
from sgdode.spec.provenance import spec_hash
from sgdode.spec.start_files import read_start

WRONG = {
    "300 characters": ("a" * 300 + ".h5", "File name too long"),
    "5000 characters": ("d/" * 2500, "File name too long"),
    "a NUL": ("a\0b.h5", "null"),
    "no such user": ("~nobody-at-all/x.h5", "home"),
    "a folder": (".", "is a folder"),
    "a device": ("/dev/zero", "a pipe or a device"),
    "a pipe": ("pipe", "a pipe or a device"),
    "a link to itself": ("round", "symbolic links"),
    "a file as a folder": ("here.npz/x.npz", "no such file"),
    "nothing": ("", "is a folder"),
    "missing": ("absent.npz", "no such file"),
}


@pytest.fixture
def folder(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "here.npz").write_bytes(b"weights")
    return tmp_path


def spec_of(name, kind):
    return merged(SMALL, {"initial": {"kind": kind, "file": name}})


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_file_is_told_without_opening_it(case, folder, monkeypatch):
    name, reason = WRONG[case]
    with pytest.raises(Unusable, match=reason):
        found_at(folder, name)
    monkeypatch.chdir(folder)
    for kind in ("overlaps", "weights"):
        with pytest.raises(SpecError, match=rf"initial\.file: got .*{reason}") as caught:
            load_spec(spec_of(name, kind))
        assert len(str(caught.value)) < 200


def test_a_file_is_found_and_counts_by_its_content(folder):
    path = found_at(folder, "here.npz")
    assert content_hash(path) == hashlib.sha256(b"weights").hexdigest()


def test_a_file_that_may_not_be_read_is_told(folder):
    for place in (folder, *folder.parents[:2]):
        place.chmod(0o755)
    (folder / "here.npz").chmod(0o600)

    def act():
        # os.access asks for the real user
        os.setresuid(5001, 5001, 5001)
        with pytest.raises(Unusable, match="Permission denied"):
            found_at(folder, "here.npz")
        with pytest.raises(Unusable, match="cannot be read: Permission denied"):
            content_hash(folder / "here.npz")

    as_user(0, act)


def test_a_file_that_goes_after_the_spec_was_read_is_told(folder, monkeypatch):
    monkeypatch.chdir(folder)
    spec = load_spec(spec_of("here.npz", "weights"))
    (folder / "here.npz").unlink()
    with pytest.raises(SpecError, match=r"initial\.file: got 'here.npz'; no such file"):
        spec_hash(spec, "simulate")
    with pytest.raises(SpecError, match=r"initial\.file: got 'here.npz'; no such file"):
        read_start(spec, [[1.0]], [1.0])
