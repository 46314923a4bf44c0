"""``sgdode exit`` as it is typed, and files of stationary points as starts, shown and listed."""

import json

import pytest
import yaml
from support.exits import phase_retrieval

from sgdode import load_spec
from sgdode.cli.exit_tables import exit_text
from sgdode.cli.finding_tables import finding_text
from sgdode.plots.figures.exit import exit_figure
from sgdode.results.findings import read_finding
from sgdode.runs.exit import exit_times
from sgdode.runs.fixed_points import fixed_points

SPEC = phase_retrieval(1, 1, 0.05, 1000, time={"stop": 2.0, "points": 5}, simulate={"seeds": 40})


@pytest.fixture(scope="module")
def spec():
    return load_spec(SPEC)


@pytest.fixture(scope="module")
def found(spec):
    return exit_times(spec, below=1.0)


def test_the_table(found):
    text = exit_text(found)
    assert max(map(len, text.splitlines())) <= 80
    words = " ".join(text.split())
    for part in ("median", "the start is on that point", "1 unstable direction, r = 2.8", "of 40 runs have not passed"):
        assert part in words
    assert "no mean of those that did" in words


def test_the_picture(found, tmp_path):
    figure = exit_figure(found)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()][:1] == ["predicted (closed form)"]
    assert len(axes.collections) == 1, "the band"


def test_the_command(sgdode, tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(SPEC))
    done = sgdode("exit", "--below", "1", "--json", "-o", "exit.h5", "-o", "exit.png")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["simulated"]["runs"] == 40
    assert (tmp_path / "exit.png").read_bytes().startswith(b"\x89PNG")
    shown = sgdode("show", "exit.h5")
    assert "exit times" in shown.stdout, shown.stderr
    wrong = sgdode("exit", "--below", "5")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "below the risk of the plateau" in wrong.stderr


def test_points_are_starts_and_are_shown_and_listed(spec, sgdode, tmp_path):
    points = fixed_points(spec, tries=0)
    path = points.save(tmp_path / "points.h5")
    names = [point.name for point in points.points]
    row = names.index("unspecialised")
    assert "point: ROW" in " ".join(finding_text(read_finding(path)).split())
    start = {"kind": "overlaps", "file": str(path), "point": row}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(SPEC | {"initial": start}))
    done = sgdode("integrate")
    assert done.returncode == 0, done.stderr
    assert "unspecialised" in sgdode("show", "points.h5").stdout
    assert json.loads(sgdode("show", "points.h5", "--json").stdout)["points"] == names
    listed = sgdode("ls", ".")
    assert "fixed-points" in listed.stdout, listed.stderr
    assert "ODE" in listed.stdout
    refused = sgdode("plot", "points.h5")
    assert "holds stationary points, not the curves of a run" in refused.stderr


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ({}, "initial.point: required"),
        ({"point": 99}, "got 99"),
        ({"point": 0, "run": 0}, "initial.run"),
        ({"point": 0, "at": 1.0}, "initial.at"),
    ],
)
def test_wrong_points_are_refused(start, told, spec, tmp_path):
    from sgdode import integrate
    from sgdode.errors import SpecError

    path = fixed_points(spec, tries=0).save(tmp_path / "points.h5")
    given = load_spec(SPEC | {"initial": {"kind": "overlaps", "file": str(path), **start}})
    with pytest.raises(SpecError, match=told):
        integrate(given)
