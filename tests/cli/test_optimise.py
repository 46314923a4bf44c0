"""``sgdode optimise`` as it is typed."""

import json

import pytest

from sgdode.cli.optimise import optimum_text
from sgdode.runs.optimise import Candidate, Optimum, Simulated
from sgdode.spec.load import load_spec

SPEC = """dimension: 200
teacher: {width: 1, noise: 0.1}
student: {width: 1}
learning_rate: 1.0
initial: {kind: overlaps, Q: [[1.0]], M: [[0.3]]}
time: {stop: 5, unit: samples, points: 4}
"""


def test_it_writes_a_spec_that_runs_and_prints_what_it_found(sgdode, tmp_path):
    (tmp_path / "small.yaml").write_text(SPEC)
    done = sgdode("optimise", "small.yaml", "--nodes", "4", "--verify", "8", "--json")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one.get("name") for one in told] == ["constant", "hold-power", "optimum", None]
    assert told[0]["risk"] >= told[2]["risk"] * 0.999
    assert told[2]["simulated"]["runs"] == 8
    assert sgdode("check", "small-optimum.yaml").returncode == 0
    again = sgdode("optimise", "small.yaml", "--nodes", "4")
    assert again.returncode == 2
    assert "small-optimum.yaml: is there already; --force replaces it" in again.stderr


def test_one_run_has_no_error_bar(sgdode, tmp_path):
    (tmp_path / "small.yaml").write_text(SPEC)
    done = sgdode("optimise", "small.yaml", "--verify", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--verify 1: error bars need 2 seeds or more" in done.stderr


@pytest.mark.parametrize("simulated", [False, True])
def test_the_table_fits_a_terminal(simulated):
    spec = load_spec(
        {"dimension": 100, "teacher": {"width": 1}, "student": {"width": 1}, "learning_rate": 1.0, "time": {"stop": 1}}
    )
    runs = [Simulated((0.2, 0.21, 0.22)), Simulated((0.1, 0.12, 0.11))] if simulated else [None, None]
    schedule = {"table": [[0, 1.0], [5, 0.1]]}
    best = spec.replace({"learning_rate.schedule": schedule, "time.unit": "samples"})
    candidates = (
        Candidate("constant", spec, 0.2, (), runs[0]),
        Candidate("hold-power", spec.replace({"learning_rate.schedule": {"hold": 2, "power": 1}}), 0.15, (), runs[0]),
        Candidate("optimum", best, 0.1, (), runs[1]),
    )
    text = optimum_text(Optimum(candidates, 5.0, 1e-6, 1.0))
    assert max(map(len, text.splitlines())) <= 80
    assert "optimum, gamma at samples/d: 0: 1, 5: 0.1" in text
    assert "known to 1e-06" in text
    assert ("+0.1" in text) == simulated
