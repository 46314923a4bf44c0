"""The table of many results for other tools."""

import sys

import pytest
from support.pictures import run, sgd

from sgdode.analysis.collect import collect, write_table
from sgdode.analysis.table import table_rows
from sgdode.errors import MissingExtra, UsageError


def test_files_for_other_tools(tmp_path):
    rows = table_rows([sgd(d=50), run(d=100)], [], print)
    for name, package in (("t.csv", None), ("t.nc", "h5netcdf"), ("t.parquet", "pyarrow")):
        if package:
            pytest.importorskip(package)
        write_table(rows, tmp_path / name, tmp_path / name, varying=True)
    pandas = pytest.importorskip("pandas")
    assert list(pandas.read_csv(tmp_path / "t.csv")["dimension"]) == [50, 100]
    xarray = pytest.importorskip("xarray")
    with xarray.open_dataset(tmp_path / "t.nc") as dataset:
        assert list(dataset["dimension"].values) == [50, 100]
        assert dataset["kind"].values[1] == "integration"
    with pytest.raises(UsageError, match=r"ends in \.csv"):
        write_table(rows, tmp_path / "t.xls", tmp_path / "t.xls")


def test_a_package_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"needs the package pandas: pip install 'sgdode\[tables\]'"):
        collect(run())
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(MissingExtra, match=r"sgdode\[xarray\]"):
        run().to_xarray()
