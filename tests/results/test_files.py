"""Files, folders and patterns."""

from pathlib import Path

import pytest
from support.pictures import run

from sgdode.errors import FileError
from sgdode.results.files import given_results, result_files


def test_what_a_user_may_mean(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.h5", "a.h5", "[c].h5", "n.txt"):
        Path(name).touch()
    assert [path.name for path in result_files(tmp_path)] == ["[c].h5", "a.h5", "b.h5"]
    assert result_files("?.h5") == [Path("a.h5"), Path("b.h5")]
    assert result_files("[c].h5") == [Path("[c].h5")], "a file of that name is no pattern"
    assert result_files("none.h5") == [Path("none.h5")]
    with pytest.raises(FileError, match=r"x\*: no \.h5 file has such a name"):
        result_files("x*")
    mine = run()
    assert list(given_results(["a.h5", [mine, Path("b.h5")], "?.h5"]))[:3] == [Path("a.h5"), mine, Path("b.h5")]
    with pytest.raises(FileError, match="not a float"):
        list(given_results([1.0]))
