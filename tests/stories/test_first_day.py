"""A user's first day: the figures of papers, each by the commands alone."""

import csv
import io

import pytest
from PIL import Image
from typer.testing import CliRunner

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
