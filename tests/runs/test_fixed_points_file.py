"""A file of stationary points that cannot be written leaves nothing."""

import pytest

from sgdode import load_spec
from sgdode.errors import FileError
from sgdode.runs.fixed_points import fixed_points
from sgdode.runs.fixed_points_file import write_points


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    spec = {
        "dimension": 100,
        "teacher": {"width": 1},
        "student": {"width": 1},
        "learning_rate": 1,
        "time": {"stop": 10},
    }
    found = fixed_points(load_spec(spec), tries=0)
    (tmp_path / "in the way").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        write_points(found, tmp_path / "in the way" / "x.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["in the way"]
