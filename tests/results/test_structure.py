"""Files of others: what lies elsewhere, is no plain number, or unpacks to too much is refused before it is read."""

import os
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from support.fuzz_files import made_up

from sgdode.errors import FileError
from sgdode.results import structure
from sgdode.results.checkpoint import Keeper
from sgdode.results.hdf5 import header
from sgdode.results.trajectory import Trajectory

GIB = 2**27  # numbers


@pytest.fixture
def spoilt(tmp_path):
    """``spoilt(change, kind)``: the path of a file that ``change`` has been at."""

    def make(change, kind="simulation"):
        path = made_up()[kind].save(tmp_path / "x.h5")
        made_up()[kind].save(tmp_path / "other.h5")
        with h5py.File(path, "r+") as file:
            change(file)
        return path

    return make


def in_place_of(name, make):
    """A change: ``make(file, shape)`` in place of an object."""

    def change(file):
        shape = getattr(file.get(name), "shape", ())
        if name in file:
            del file[name]
        make(file, shape)

    return change


def virtual(file, shape):
    layout = h5py.VirtualLayout(shape, "f8")
    layout[...] = h5py.VirtualSource("other.h5", "risk", shape)
    file.create_virtual_dataset("risk", layout)


def external(file, shape):
    elsewhere = Path(file.filename).with_name("ones")
    elsewhere.write_bytes(np.ones(shape).tobytes())
    file.create_dataset("risk", shape, "f8", external=[(str(elsewhere), 0, h5py.h5f.UNLIMITED)])


def committed(file, shape):
    file["kind_of_number"] = np.dtype("f8")
    file.create_dataset("risk", shape, file["kind_of_number"])


def linked(link):
    return lambda file, _: file.__setitem__("risk", link)


def made(**how):
    return lambda file, shape: file.create_dataset("risk", how.pop("shape", shape), **how)


def in_state(link):
    return lambda file: file["state"].__setitem__("W", link)


ELSEWHERE = {
    "external storage": in_place_of("risk", external),
    "external link": in_place_of("risk", linked(h5py.ExternalLink("other.h5", "/risk"))),
    "soft link": in_place_of("risk", linked(h5py.SoftLink("/time"))),
    "dangling link": in_place_of("risk", linked(h5py.SoftLink("/nowhere"))),
    "virtual": in_place_of("risk", virtual),
    "link beside": lambda file: file.__setitem__("notes", h5py.ExternalLink("other.h5", "/")),
    "provenance": in_place_of("provenance", lambda file, _: file.__setitem__("provenance", h5py.SoftLink("/risk"))),
    "within provenance": lambda file: file["provenance"].__setitem__("x", h5py.SoftLink("/risk")),
    "named type": in_place_of("risk", committed),
    "group": in_place_of("risk", lambda file, _: file.create_group("risk")),
    "a type": in_place_of("risk", lambda file, _: file.__setitem__("risk", np.dtype("f8"))),
    "compound": in_place_of("risk", made(dtype=[("x", "f8")])),
    "complex": in_place_of("risk", made(dtype="c16")),
    "texts": in_place_of("risk", made(dtype="S8")),
    "variable length": in_place_of("risk", made(dtype=h5py.vlen_dtype(np.float64))),
    "references": in_place_of("risk", made(dtype=h5py.ref_dtype)),
    "empty": in_place_of("risk", lambda file, _: file.create_dataset("risk", data=h5py.Empty("f8"))),
    "many objects": lambda file: [file.create_group(f"more{number}") for number in range(300)],
}  # fmt: skip


@pytest.mark.parametrize("case", ELSEWHERE)
def test_what_is_not_plain_numbers_in_the_file_is_refused(case, spoilt):
    path = spoilt(ELSEWHERE[case])
    with pytest.raises(FileError, match=r"x\.h5: not a readable sgdode file \(.+\)"):
        Trajectory.load(path, ("risk",))


@pytest.mark.parametrize("link", [h5py.ExternalLink("other.h5", "/risk"), h5py.SoftLink("/")])
def test_links_in_a_state_are_refused(link, spoilt):
    def change(file):
        del file["state/W"]
        file["state/W"] = link

    path = spoilt(change, "partial")
    with pytest.raises(FileError, match="W is a link"):
        Trajectory.load(path)
    path.rename(path.with_name("run.h5.ckpt"))
    assert Keeper(path.with_name("run.h5"), "0123456789ab", lambda _: None).find(lambda state: (state, "")) is None


BOMBS = {
    "gzip": in_place_of("P", lambda f, _: f.create_dataset("P", (2**14, 2**14), "f8", chunks=True, compression="gzip")),
    "fill values": in_place_of("risk", lambda file, shape: file.create_dataset("risk", (*shape[:1], GIB), "f8")),
    "a chunk": in_place_of("risk", lambda file, shape: file.create_dataset(
        "risk", shape, "f8", maxshape=(None, None), chunks=(1, GIB), compression="gzip")),
    "unwritten": in_place_of("state/W", lambda file, _: file.create_dataset("state/W", (2, 2**14, 2**14), "f8")),
    "endless": in_place_of("state/W", lambda file, _: file.create_dataset(
        "state/W", (2, 2**40, 3), "f8", chunks=(2, 2**16, 3), compression="gzip")),
}  # fmt: skip


@pytest.mark.parametrize("case", BOMBS)
def test_what_unpacks_to_too_much_is_refused_at_once(case, spoilt):
    path = spoilt(BOMBS[case], "partial")
    began = time.monotonic()
    with pytest.raises(FileError, match=r"x\.h5: not a readable sgdode file \(.*( unpack to |, others )"):
        Trajectory.load(path)
    assert time.monotonic() - began < 5


def test_a_state_of_another_run_is_refused(spoilt):
    assert Trajectory.load(spoilt(lambda file: None, "partial")).state.keys() >= {"W", "record_risk"}
    with pytest.raises(FileError, match="its state holds"):
        Trajectory.load(
            spoilt(lambda file: file["state"].create_dataset("more", (2**40,), "f8", chunks=True), "partial")
        )
    with pytest.raises(FileError, match="its state holds W"):
        Trajectory.load(spoilt(lambda file: file.create_dataset("state/W", data=np.zeros((3, 9, 3)))))


def test_a_repacked_file_is_read_and_its_packed_numbers_may_not_be_more_than_they_say(spoilt, tmp_path):
    def repack(file):
        for name in ("risk", "M", "Q"):
            values = file[name][...]
            del file[name]
            file.create_dataset(name, data=values, chunks=True, compression="gzip", shuffle=True)

    again = Trajectory.load(spoilt(repack))
    np.testing.assert_array_equal(again.risk, made_up()["simulation"].risk)
    assert again.unsealed


def test_the_room_is_what_is_free(spoilt, monkeypatch):
    path = made_up()["simulation"].save(spoilt(lambda file: None))
    Trajectory.load(path)
    monkeypatch.setattr(structure, "free_memory", lambda: 1e3)
    with pytest.raises(FileError, match="more than the 900 that they may"):
        Trajectory.load(path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_only_a_regular_file_is_opened(make, tmp_path):
    make(tmp_path / "odd")
    (tmp_path / "x.h5").symlink_to(tmp_path / "odd")
    for reader in (Trajectory.load, header):
        with pytest.raises(FileError, match=r"x\.h5: is a (pipe|folder|device), not a file of results"):
            reader(tmp_path / "x.h5")


def test_a_name_that_no_file_can_have_is_none(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        Trajectory.load("a\0b.h5")
    with pytest.raises(FileError, match="no such file"):
        Trajectory.load(tmp_path / "x" / "y.h5")


TEXTS = np.array(["a", "b"], dtype=h5py.string_dtype())
STRANGE = {"texts": TEXTS, "long": "x" * 100_000, "empty": h5py.Empty("f8"), "no text": np.bytes_(b"\xff"),
           "compound": np.zeros(2, [("x", "f8")])}  # fmt: skip


@pytest.mark.parametrize("case", STRANGE)
def test_strange_attributes_are_refused(case, spoilt):
    path = spoilt(lambda file: file.attrs.__setitem__("more", STRANGE[case]))
    for reader in (Trajectory.load, header):
        with pytest.raises(FileError, match=r"x\.h5: not a readable sgdode file"):
            reader(path)


def test_large_attributes_are_refused_unread(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w", libver="latest") as file:
        file.attrs.update({"format": "sgdode", "format_version": 1, "more": np.zeros(2**22)})
    for reader in (Trajectory.load, header):
        with pytest.raises(FileError, match="the attribute more is empty, or holds 33554432 bytes"):
            reader(tmp_path / "x.h5")


def test_many_attributes_are_refused_and_some_are_not(spoilt):
    def more(count):
        return lambda file: [file.attrs.__setitem__(f"more{number}", number) for number in range(count)]

    assert Trajectory.load(spoilt(more(20))).attributes["more7"] == 7
    with pytest.raises(FileError, match="attributes"):
        Trajectory.load(spoilt(more(300)))
