"""``sgdode fixed-points`` as it is typed."""

import json

import pytest

from sgdode.cli.plateau_tables import points_text
from sgdode.cli.plateaus import fixed_points_command

SPEC = """
dimension: 1000
teacher: {width: 2, output_weights: width}
student: {width: 2, output_weights: width}
learning_rate: 1.0
time: {stop: 50}
"""
ALONG = "learning_rate.gamma=2,2.5"


@pytest.fixture
def told(sgdode, tmp_path):
    (tmp_path / "config.yaml").write_text(SPEC)
    return lambda *words: sgdode("fixed-points", "--tries", "0", *words)


def test_a_table_a_file_and_a_picture(told, tmp_path):
    done = told("--along", ALONG, "-o", "points.h5", "-o", "branches.png")
    assert done.returncode == 0, done.stderr
    for text in ("unspecialised", "0.0206565", "+0.118281", "largest stable gamma of perfect learning: 2.30683"):
        assert text in done.stdout
    assert "stability changes at 2.3068" in " ".join(done.stdout.split())
    assert (tmp_path / "points.h5").exists()
    assert (tmp_path / "branches.png").read_bytes().startswith(b"\x89PNG")
    assert done.stderr.splitlines() == ["written: points.h5", "written: branches.png"]


def test_json(told):
    *points, gamma = map(json.loads, told("--json").stdout.splitlines())
    assert [point["name"] for point in points] == ["perfect", "unspecialised", "collapsed"]
    assert gamma["largest_stable_gamma"] == pytest.approx(2.3068276960833)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("-o", "x.txt"), "-o takes a .h5 file, or a picture"),
        (("-o", "x.png"), "give --along KEY=RANGE too"),
        (("--along", "learning_rate.gamma=1"), "two numbers or more"),
        (("--along", "learning_rate.gamma=a,b"), "two numbers or more"),
        (("--along", "learning_rate.gamma=log:0:1:3"), "--along learning_rate.gamma=log:0:1:3"),
        (("--along", "constraint=1,2"), "a key of one real number"),
    ],
)
def test_wrong_uses_are_answered(words, answer, told):
    done = told(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert answer in done.stderr
    assert "--grid" not in done.stderr


def test_the_command_in_this_process(capsys, tmp_path):
    """What it prints is the table."""
    from sgdode import load_spec
    from sgdode.runs.fixed_points import fixed_points

    (tmp_path / "config.yaml").write_text(SPEC)
    fixed_points_command(str(tmp_path / "config.yaml"), tries=0)
    found = fixed_points(load_spec(tmp_path / "config.yaml"), tries=0)
    assert capsys.readouterr().out == points_text(found) + "\n"
    assert max(map(len, points_text(found).splitlines())) <= 80
