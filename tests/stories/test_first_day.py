"""A user's first day: the figures of papers, each by the commands alone."""

import csv
import io
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from sgdode import collect, load, plot
from sgdode.cli.app import app
from sgdode.plots.files import about_picture

SPEC = """
dimension: 60
teacher: {width: 2, noise: 0.01}
student: {width: 2}
learning_rate: 0.5
time: {stop: 3.0, points: 8}
simulate: {seeds: 3}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "c.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sgdode(*words):
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output + str(done.exception)
    return done.stdout.splitlines()


def test_saad_and_solla_on_linear_axes(folder):
    files = [sgdode("integrate", "c.yaml", "--set", f"learning_rate.gamma={gamma}", "-q")[0] for gamma in (0.2, 0.5)]
    (path,) = sgdode("plot", *files, "--xscale", "linear", "--yscale", "linear", "--label", "rate {gamma}")
    assert path == "c-risk.png"
    other = sgdode("plot", files[0])
    assert other[0] != path, "a picture of other files does not replace it"
    assert about_picture(folder / path)["command"].startswith("sgdode")
    assert sgdode("show", path)[2].startswith(files[0])


def test_a_sweep_with_error_bars_as_a_map_and_over_seeds(folder):
    for p in (2, 3):
        for gamma in (0.2, 0.5):
            sets = ["--set", f"student.width={p}", "--set", f"learning_rate.gamma={gamma}", "--out-dir", "goldt", "-q"]
            sgdode("simulate", "c.yaml", *sets)
    assert sgdode("plot", "goldt", "--figure", "sweep", "--x", "student.width") == ["goldt/c-sweep.png"]
    heat = ["--x", "gamma", "--y", "p", "--of", "time_below:0.05", "-o", "map.pdf"]
    assert sgdode("plot", "goldt/*.h5", "--figure", "sweep", *heat) == ["map.pdf"]
    rows = list(csv.DictReader(io.StringIO("\n".join(sgdode("collect", "goldt", "--per-seed", "--threshold", "0.05")))))
    assert len(rows) == 12
    assert all(float(row["time_below_0.05"]) > 0 for row in rows)
    assert len(sgdode("collect", "goldt", "--varying")[0].split(",")) < 25
    assert len(sgdode("ls", "goldt")) == 5


def test_labels_and_the_width_of_a_page(folder):
    files = [
        sgdode("integrate", "c.yaml", "--set", f"{side}.activation=relu", "-q")[0] for side in ("student", "teacher")
    ]
    labels = ["--label", r"relu learns erf", "--label", r"erf learns relu"]
    page = ["--style", "paper", "--size", "6.75x2.5", "--dpi", "200", "--no-title", "-o", "page.png"]
    sgdode("plot", *files, *labels, *page)
    assert Image.open("page.png").size == (1350, 500)


def test_relu_is_judged_where_it_can_be(folder):
    """A picture of SGD and theory, and whether they agree: at which times, within what is allowed."""
    relu = ["--set", "student.activation=relu", "--set", "teacher.activation=relu", "--set", "seeds=16", "-q"]
    files = [sgdode(command, "c.yaml", *relu)[0] for command in ("simulate", "integrate")]
    assert sgdode("plot", *files, "--figure", "compare", "-o", "judged.png") == ["judged.png"]
    told = " ".join(" ".join(sgdode("compare", *files)).split())
    assert "raw z allowed z finds" in told
    assert "simulation and equations agree" in told
    assert "would have been found" in told


def test_an_activation_of_ones_own_from_the_shell(folder):
    """A formula in sweeps and where a run goes on; a table; code where it is allowed; each repeated from its file."""
    swish = ["--set", "student.activation={formula: x/(1 + exp(-x))}", "-q"]
    (path,) = sgdode("simulate", "c.yaml", *swish)
    assert "reproduced" in sgdode("reproduce", path)[0]
    (folder / "xy.csv").write_text("".join(f"{x},{x / (1 + 2.718281828459045**-x)}\n" for x in range(-8, 9)))
    (folder / "my.py").write_text(
        "import numpy as np\ndef swish(x): return x / (1 + np.exp(-x))\n"
        "def d_swish(x): return (1 + np.exp(-x) * (1 + x)) / (1 + np.exp(-x)) ** 2\n"
    )
    kinds = ["formula: x/(1 + exp(-x))", "table: xy.csv", "python: my.py:swish"]
    grid = "student.activation=" + ",".join(f"{{{kind}}}" for kind in kinds)
    few = ["--command", "simulate", "--allow-code", "-q", "-j", "1"]
    assert len(sgdode("sweep", "c.yaml", "--grid", grid, *few)) == 3
    refused = CliRunner().invoke(app, ["check", "c.yaml", "--set", f"student.activation={{{kinds[2]}}}"])
    assert "--allow-code" in str(refused.exception)


def test_tables_and_arrays_for_python(folder):
    """pandas and xarray, with a file open in xarray while it is drawn."""
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("pandas")
    (path,) = sgdode("simulate", "c.yaml", "-q")
    table = collect(path, per_seed=True)
    assert len(table) == 3
    with xarray.open_dataset(path) as dataset:
        assert dataset["M"].dims == ("seed", "time", "student", "teacher")
        assert sgdode("plot", path, "-o", "open.png") == ["open.png"]
        assert plot(path).axes
    assert sgdode("export", path, "-o", "run.nc") == ["run.nc"]
    assert sgdode("collect", path, "-o", "table.nc") == ["table.nc"]


def test_a_longer_time(folder):
    """All seeds, the clock going on, and the old points kept."""
    short = load(sgdode("simulate", "c.yaml", "-q")[0])
    (path,) = sgdode("simulate", "c.yaml", "--set", "time.stop=6", "-q")
    longer = load(path)
    there = np.isin(longer.time, short.time)
    assert there.sum() == len(short.time)
    np.testing.assert_array_equal(longer.risk[:, there], short.risk)
    assert longer.attributes["extended_at"]
    assert "reproduced" in sgdode("reproduce", path)[0]


def test_many_points_are_killed_and_go_on(folder):
    """The second start does what is left, and the table has a row for each."""
    words = ["sweep", "c.yaml", "--grid", "seed=0:6", "--command", "simulate", "-j", "1", "--out-dir", "many"]
    sweep = [sys.executable, "-m", "sgdode", *words]
    first = subprocess.Popen(sweep, stdout=subprocess.PIPE, text=True, cwd=folder, start_new_session=True)
    assert first.stdout.readline().endswith(".h5\n")
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    there = len(list((folder / "many").glob("*.h5")))
    second = subprocess.run(sweep, capture_output=True, text=True, cwd=folder, check=True)
    assert len(second.stdout.splitlines()) == 6
    assert f"{there} there already" in second.stderr
    assert len(sgdode("collect", "many", "--varying")) == 7
    assert len(sgdode("ls", "many")) == 7
