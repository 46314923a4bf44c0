"""The curves for other tools."""

import numpy as np
import pytest
from support.pictures import run as made_up

from sgdode.errors import UsageError
from sgdode.results.export import export
from sgdode.results.trajectory import Trajectory

SPEC = """
dimension: 100
teacher: {width: 2, noise: 0.01}
student: {width: 3}
learning_rate: 0.5
time: {stop: 1.0, points: 6}
simulate: {seeds: 3}
"""


@pytest.fixture
def spec(tmp_path):
    (tmp_path / "config.yaml").write_text(SPEC)
    return tmp_path / "config.yaml"


def test_export(sgdode, spec, tmp_path):
    path = sgdode("simulate").stdout.strip()
    assert sgdode("export", path, "-o", "x.csv").stdout == "x.csv\n"
    header, *rows = (tmp_path / "x.csv").read_text().splitlines()
    assert header.startswith("seed,time,step,risk,M_0_0")
    run = Trajectory.load(tmp_path / path)
    assert len(rows) == 3 * len(run.time)
    assert float(rows[-1].split(",")[3]) == run.risk[-1, -1]
    sgdode("export", path, "-o", "x.npz")
    with np.load(tmp_path / "x.npz") as arrays:
        np.testing.assert_array_equal(arrays["M"], run.M)


def test_what_is_refused_leaves_nothing(tmp_path):
    run = made_up(p=200, k=2)
    run.curves["Q"] = np.zeros((len(run.time), 200, 200))
    with pytest.raises(UsageError, match=r"writes \.csv, \.npz, \.nc"):
        export(run, tmp_path / "x.xlsx")
    with pytest.raises(UsageError, match="too many for a table"):
        export(run, tmp_path / "x.csv")
    assert not list(tmp_path.iterdir())
    with np.load(export(run, tmp_path / "deep" / "x.npz")) as arrays:
        assert set(arrays) == {"time", "step", "P", *run.curves}
