"""Files without a checksum are read by a process apart, which a file may end."""

import os
import re
import signal
import subprocess
import sys
import time
import zlib

import h5py
import numpy as np
import pytest
from support.fuzz_files import ENDING, made_up

from sgdode.errors import FileError
from sgdode.results import apart, reader
from sgdode.results.hdf5 import header
from sgdode.results.reading import contents_of
from sgdode.results.trajectory import Trajectory


@pytest.fixture
def unsealed(tmp_path):
    path = made_up()["simulation"].save(tmp_path / "x.h5")
    path.write_bytes(ENDING.sub(b"", path.read_bytes()))
    return path


@pytest.mark.parametrize("kind", made_up())
def test_the_copy_is_what_the_file_is(kind, tmp_path):
    run = made_up()[kind]
    path = run.save(tmp_path / "x.h5")
    whole, told = Trajectory.load(path), header(path)
    assert not whole.unsealed
    path.write_bytes(ENDING.sub(b"", path.read_bytes()))
    again = Trajectory.load(path)
    assert again.unsealed
    assert header(path) == told
    for one, other in ((whole.curves, again.curves), (whole.state, again.state)):
        assert one.keys() == other.keys()
        for name, values in one.items():
            np.testing.assert_array_equal(other[name], values)
            assert other[name].dtype == values.dtype
    for name in ("kind", "status", "attributes", "provenance", "warnings", "diverged_at"):
        assert getattr(again, name) == getattr(whole, name)


def test_a_file_with_a_checksum_is_read_here(tmp_path, monkeypatch):
    monkeypatch.setattr(apart._reader, "ask", lambda order: None)
    path = made_up()["simulation"].save(tmp_path / "x.h5")
    Trajectory.load(path), header(path)
    text = path.read_bytes()
    path.write_bytes(re.sub(rb"\nsgdode header [^\n]*(?=\nsgdode crc32)", b"", text))
    with pytest.raises(FileError, match="checksum differs"):
        Trajectory.load(path)


def test_a_file_that_ends_the_process_is_refused_and_the_next_one_read(unsealed, monkeypatch):
    Trajectory.load(unsealed)
    process = apart._reader.process
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(FileError, match=r"x\.h5: not a readable sgdode file: HDF5 crashed on it"):
        Trajectory.load(unsealed)
    assert Trajectory.load(unsealed).unsealed
    assert apart._reader.process is not process


def test_a_file_that_takes_too_long_ends_the_process(unsealed):
    code = (
        "from sgdode.results import reader\n"
        "def forever(*_, **more):\n while True: pass\n"
        "reader._SECONDS, reader.contents_of = 0.2, forever\n"
        "reader.serve_files()"
    )
    order = f'{{"path": "{unsealed}", "folder": "/", "copy": "/nowhere"}}\n'
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], input=order, capture_output=True, text=True)
    assert done.returncode == -signal.SIGPROF
    assert done.stdout == ""
    assert time.monotonic() - began < 10


def test_no_chunk_unpacks_to_more_than_it_says(tmp_path, unsealed):
    """A chunk of 168 bytes of numbers that unpacks to two gibibytes."""
    packer = zlib.compressobj(9, wbits=-15)
    part = packer.compress(bytes(2**24)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = b"\x78\x01" + 2**7 * part + b"\x03\x00" + bytes(4)
    with h5py.File(unsealed, "r+") as file:
        shape = file["risk"].shape
        del file["risk"]
        risk = file.create_dataset("risk", shape, "f8", chunks=shape, compression="gzip")
        risk.id.write_direct_chunk((0, 0), packed)
    with pytest.raises(FileError, match=r"risk takes \d+ bytes, its numbers 168"):
        Trajectory.load(unsealed)


def test_an_answer_is_an_error_or_nothing(unsealed, tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "_limit_memory", lambda most: None)  # the limit would stay
    order = {"path": "x.h5", "folder": str(tmp_path), "copy": str(tmp_path / "copy.h5")}
    here = os.getcwd()
    try:
        assert reader._answer(order, 1 << 50) == {}
        assert contents_of(tmp_path / "copy.h5", ("risk",), sealed=True).curves.keys() == {"risk"}
        unsealed.write_bytes(b"nothing")
        assert reader._answer(order, 1 << 50)["error"].startswith("x.h5: not a readable sgdode file")
    finally:
        os.chdir(here)


def test_the_current_folder_is_no_place_to_import_from(unsealed, tmp_path, monkeypatch):
    (tmp_path / "h5py.py").write_text("open('run', 'w')")
    monkeypatch.chdir(tmp_path)
    apart._reader._end(apart._reader._at_work())
    assert Trajectory.load("x.h5").unsealed
    assert not (tmp_path / "run").exists()
