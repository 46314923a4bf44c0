"""The end of a file: its settings are read from there, without its data, and what is damaged is found with the data."""

import random
import re
import zlib

import numpy as np
import pytest

from sgdode.errors import FileError
from sgdode.results import seal
from sgdode.results.hdf5 import header
from sgdode.results.trajectory import Trajectory

LINES = re.compile(rb"\nsgdode header [^\n]*\nsgdode crc32 [0-9a-f]{8}\n\Z")


@pytest.fixture
def path(tmp_path):
    attributes = {"name": "sealed, with Δ", "spec_hash": "0123456789ab", "dimension": float("inf"), "gamma": 0.5}
    curves = {"risk": np.random.default_rng(0).random((2, 500))}
    run = Trajectory("simulation", np.arange(500.0), np.eye(2), curves, attributes=attributes)
    return run.save(tmp_path / "run.h5")


def old(path):
    """Make of it a file of version 0.1.0: a checksum of the whole alone."""
    data = LINES.sub(b"", path.read_bytes())
    path.write_bytes(data + b"\nsgdode crc32 %08x\n" % zlib.crc32(data))


def test_the_header_has_what_the_file_has_and_reads_its_end_alone(path, monkeypatch):
    read = []

    class Counting(type(path)):
        def open(self, *arguments, **more):
            file = super().open(*arguments, **more)
            plain = file.read
            file.read = lambda size=-1: read.append(len(data := plain(size))) or data
            return file

    monkeypatch.setattr(seal, "_LONGEST", 1000)
    whole = Trajectory.load(path)
    found = header(Counting(path))
    assert whole.attributes.items() <= found.items()
    assert (found["kind"], found["status"]) == ("simulation", "complete")
    assert 0 < sum(read) <= 2 * 1000, "its kind, and then what it tells"


@pytest.mark.parametrize("make", [lambda path: None, old])
def test_a_flipped_bit_in_the_data_is_found_when_the_data_is_read(path, make):
    make(path)
    whole, chance = path.read_bytes(), random.Random(3)
    assert Trajectory.load(path).attributes["spec_hash"] == header(path)["spec_hash"] == "0123456789ab"
    for _ in range(100):
        data = bytearray(whole)
        data[chance.randrange(len(whole) - 30)] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        with pytest.raises(FileError, match="checksum differs"):
            Trajectory.load(path)


def test_a_damaged_header_is_not_believed(path):
    whole = path.read_bytes()
    at = whole.rindex(b"0123456789ab")
    path.write_bytes(whole[:at] + b"9" + whole[at + 1 :])
    assert seal.sealed_attributes(path) is None
    with pytest.raises(FileError, match="checksum differs"):
        header(path)
