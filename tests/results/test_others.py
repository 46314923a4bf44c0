"""Files that are no results are told by what they are."""

from pathlib import Path

import pytest
from support.pictures import run

from sgdode import Trajectory, collect
from sgdode.errors import FileError, UsageError
from sgdode.results.others import refuse_other_ending, refuse_spec


def test_a_spec_is_no_result(tmp_path):
    (spec := tmp_path / "a.yaml").write_text("dimension: 3\n")
    for look in (Trajectory.load, collect):
        with pytest.raises(FileError, match=r"a\.yaml: is a spec, not a result; `sgdode run"):
            look(spec)
    (table := tmp_path / "a.csv").write_text("a,b\n")
    with pytest.raises(FileError, match="no HDF5 file"):
        Trajectory.load(table)
    refuse_spec(table)


def test_a_result_has_no_name_of_another_kind(tmp_path):
    for name in ("x.txt", "x.CSV", "x.png", "x.yaml"):
        with pytest.raises(UsageError, match=r"a result is HDF5, not \..*; give a name that ends in \.h5"):
            run().save(tmp_path / name)
    for name in ("x", "x.h5", "x.hdf5", "x.h5.ckpt", "a-1.5"):
        refuse_other_ending(Path(name))
