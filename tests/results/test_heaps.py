"""Heaps of texts that HDF5 would lose its way in are found before it does."""

import contextlib
import random
import struct

import pytest
from support.fuzz_files import ENDING, made_up

from sgdode.errors import FileError
from sgdode.results import seal
from sgdode.results.hdf5 import header
from sgdode.results.heaps import refuse_damaged_heaps
from sgdode.results.trajectory import Trajectory


@pytest.fixture
def path(tmp_path):
    return made_up()["simulation"].save(tmp_path / "x.h5")


def heaps(data):
    """Where the heaps of a file begin, and where their objects do."""
    at = data.find(b"GCOL")
    while at >= 0:
        size, place, objects = struct.unpack_from("<Q", data, at + 8)[0], at + 16, []
        while place + 16 <= at + size:
            objects.append(place)
            number, length = struct.unpack_from("<H6xQ", data, place)
            place += length if number == 0 else 16 + -(-length // 8) * 8
        yield at, objects
        at = data.find(b"GCOL", at + 1)


def test_whole_heaps_are_let_through(path):
    refuse_damaged_heaps(path)
    assert sum(len(objects) for _, objects in heaps(path.read_bytes())) > 20


def test_a_number_is_not_taken_for_a_heap(tmp_path):
    """One of 2^40 has the five bytes in it that a heap begins with."""
    run = made_up()["simulation"]
    (number,) = struct.unpack("<d", b"GCOL\x01\x23\xd5\x3f")
    run.curves["risk"][:] = number
    path = run.save(tmp_path / "x.h5")
    assert b"GCOL\x01\x23" in path.read_bytes()
    assert (Trajectory.load(path).risk == number).all()


@pytest.mark.parametrize("length", [0, 8, 2**20, 2**63])
def test_free_space_or_an_object_of_a_wrong_size_is_found(length, path):
    whole = path.read_bytes()
    at, objects = next(heaps(whole))
    places = {"free space": objects[-1], "object": objects[0]} if length not in (0, 8) else {"free space": objects[-1]}
    for place in places.values():
        path.write_bytes(whole[: place + 8] + struct.pack("<Q", length) + whole[place + 16 :])
        with pytest.raises(ValueError, match="heap of texts is damaged"):
            refuse_damaged_heaps(path)
    path.write_bytes(whole[: at + 8] + struct.pack("<Q", 2**40) + whole[at + 16 :])
    with pytest.raises(ValueError, match="heap of texts is damaged"):
        refuse_damaged_heaps(path)


def test_a_free_space_of_no_size_does_not_hang_even_in_a_file_that_is_sealed_anew(path):
    """HDF5 goes round in such a one for ever."""
    attributes, data = seal.sealed_attributes(path), bytearray(ENDING.sub(b"", path.read_bytes()))
    for _, objects in list(heaps(bytes(data))):
        data[objects[-1] + 8 : objects[-1] + 16] = bytes(8)
    path.write_bytes(data)
    seal.append(path, attributes)
    with pytest.raises(FileError, match="heap of texts is damaged"):
        Trajectory.load(path)
    path.write_bytes(ENDING.sub(b"", path.read_bytes()))
    with pytest.raises(FileError, match="heap of texts is damaged"):
        header(path)


def test_other_bytes_are_let_through_or_refused(path):
    whole, chance = path.read_bytes(), random.Random(1)
    for _ in range(200):
        data = bytearray(whole)
        data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.randrange(1, len(data))])
        with contextlib.suppress(ValueError):
            refuse_damaged_heaps(path)
