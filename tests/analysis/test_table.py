"""The table of many files."""

import csv
import io
import json
import shutil
import subprocess

import numpy as np
import pytest
from support.pictures import run as made_up

from sgdode import Trajectory
from sgdode.analysis.first_passage import passage
from sgdode.analysis.table import table_rows, varying_settings, write_csv

SPEC = """
dimension: 60
teacher: {width: 2, noise: 0.01}
student: {width: 3}
learning_rate: 0.5
time: {stop: 10.0, points: 12}
simulate: {seeds: 3}
"""


@pytest.fixture(scope="module")
def swept(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    (folder / "c.yaml").write_text(SPEC)
    options = ["--grid", "initial.seed=0:2", "--set", "integrate.fluctuations=true"]
    done = subprocess.run([program, "sweep", "c.yaml", *options], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout.split()


@pytest.fixture
def files(swept, tmp_path):
    folder, names = swept
    for name in ("c.yaml", *names):
        shutil.copy(folder / name, tmp_path)
    return names


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_a_file(sgdode, files, tmp_path):
    levels = ["--threshold", "0.05", "--threshold", "1e-9"]
    done = sgdode("collect", *files, "-o", "deep/table.csv", *levels)
    assert (done.returncode, done.stdout, done.stderr) == (0, "deep/table.csv\n", "")
    rows = rows_of(tmp_path / "deep" / "table.csv")
    assert [row["file"] for row in rows] == files
    assert list(rows[0])[:4] == ["file", "kind", "status", "spec_hash"]
    for row in rows:
        run = Trajectory.load(tmp_path / row["file"])
        risk = np.atleast_2d(run.risk)
        assert (row["kind"], row["status"]) == (run.kind, "complete")
        assert row["spec_hash"] == run.attributes["spec_hash"]
        assert row["learning_rate.gamma"] == "0.5"
        assert row["initial.seed"] == row["file"].split("initial.seed=")[1][0]
        assert float(row["final_risk"]) == pytest.approx(risk[:, -1].mean(), rel=1e-12)
        spread = run.curves["risk_std"][-1] if run.kind == "integration" else risk[:, -1].std(ddof=1)
        assert float(row["final_risk_std"]) == pytest.approx(spread, rel=1e-12)
        passed = passage(run, 0.05)
        assert float(row["time_below_0.05"]) == passed.mean
        assert float(row["time_below_0.05_std"]) == passed.std
        assert int(row["time_below_0.05_reached"]) == len(risk)
        assert (row["time_below_1e-09"], row["time_below_1e-09_reached"]) == ("", "0")


def test_broken_files_are_named_and_left_out(sgdode, files, tmp_path):
    (tmp_path / "broken.h5").write_bytes((tmp_path / files[0]).read_bytes()[:2000])
    names = "\n".join([files[0], "broken.h5", "absent.h5", *files[1:]])
    done = sgdode("collect", "-", "-o", "t.csv", input=names)
    assert (done.returncode, done.stdout) == (1, "t.csv\n")
    assert "error: broken.h5: not a readable sgdode file" in done.stderr
    assert "error: absent.h5: no such file" in done.stderr
    assert [row["file"] for row in rows_of(tmp_path / "t.csv")] == files
    nothing = sgdode("collect", "broken.h5", "-o", "u.csv")
    assert nothing.returncode == 1
    assert not (tmp_path / "u.csv").exists()


def test_a_run_without_a_risk_has_empty_figures(sgdode, files):
    path = sgdode("integrate", "c.yaml", "--set", "save=[M]", "-q").stdout.strip()
    header, one, other = sgdode("collect", path, files[1]).stdout.splitlines()
    assert header.split(",")[-6:-3] == ["final_time", "final_risk", "final_risk_std"] or "final_risk" in header
    assert one.endswith(",,,,,")
    assert other.count("complete") == 1


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["x.h5", "-o", "t.xlsx"], "ends in .csv"),
        (["x.h5", "--threshold", "0"], "above 0"),
        ([], "FILE"),
    ],
)
def test_wrong_uses(arguments, answer, sgdode):
    done = sgdode("collect", *arguments)
    assert done.returncode == 2
    assert answer in done.stderr
    assert done.stdout == ""


def test_the_settings_of_all_files_make_the_columns(tmp_path):
    """Without the command line; a file that a setting is not in leaves it empty, and a list is written as JSON."""
    one, other = made_up(d=100), made_up(d=200)
    other.provenance["resolved"] = json.dumps({"dimension": 200, "student": {"output_weights": [1.0, 2.0]}})
    paths = [run.save(tmp_path / name) for name, run in (("a.h5", one), ("b.h5", other))]
    told, text = [], io.StringIO()
    write_csv(table_rows([*paths, tmp_path / "c.h5"], [0.1], told.append), text)
    assert len(told) == 1
    assert "c.h5: no such file" in told[0]
    first, second = csv.DictReader(io.StringIO(text.getvalue()))
    assert [row["dimension"] for row in (first, second)] == ["100", "200"]
    assert [row["student.output_weights"] for row in (first, second)] == ["", "[1.0, 2.0]"]
    assert float(first["final_risk"]) == one.risk[-1]
    assert float(first["time_below_0.1"]) == passage(one, 0.1).mean


def test_a_folder_stands_for_its_files(sgdode, tmp_path):
    for name in ("b.h5", "a.h5", "a.h5.ckpt"):
        made_up(p=2, k=2).save(tmp_path / "runs" / name)
    (tmp_path / "runs" / "notes.txt").write_bytes((tmp_path / "runs" / "a.h5").read_bytes())
    done = sgdode("collect", "runs")
    assert done.returncode == 0, done.stderr
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == ["file", "runs/a.h5", "runs/b.h5"]
    assert sgdode("collect", "-", input="runs\n").stdout == done.stdout
    (tmp_path / "empty").mkdir()
    nothing = sgdode("collect", "empty", "-o", "t.csv")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "empty: holds no .h5 file" in nothing.stderr
    assert not (tmp_path / "t.csv").exists()


def test_settings_are_compared_between_runs_alone():
    def row(**settings):
        return {"run": {}, "settings": settings, "figures": {}}

    assert varying_settings([row(seed=1, gamma=1.0), row(seed=2, gamma=1.0), row()]) == ["seed"]
