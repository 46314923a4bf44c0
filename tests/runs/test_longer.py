"""Longer runs: they go on from finished, shorter ones, and are, bit by bit, what they are when asked for at once."""

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import Trajectory, integrate, load_spec, simulate
from sgdode.errors import UsageError
from sgdode.reporting import Reporter
from sgdode.runs.longer import earlier_run
from sgdode.runs.run import default_path, perform

CASES = {
    "loops": {"dimension": 200, "student": {"width": 4}},
    "blocks": {
        "dimension": 300,
        "student": {"width": 100},
        "learning_rate": 40.0,
        "integrate": {"equations": "mean-field"},
    },
    "explicit": {"simulate": {"method": "explicit"}},
    "float32, batches": {"batch_size": 3, "simulate": {"precision": "float32"}, "constraint": "spherical"},
    "trained, scheduled": {
        "student": {"train_output": 0.5},
        "learning_rate": {"gamma": 1.0, "schedule": {"power": 0.5, "time": 1.0}},
    },
    "leaps": {"dimension": 1e6, "simulate": {"method": "leap"}},
    "in samples": {
        "learning_rate": {"gamma": 1.0, "schedule": {"table": [[0, 0.5], [1, 1], [4, 0], [5, 0], [9, 1]]}},
        "time": {"unit": "samples"},
    },
    "rows": {"algorithm": {"momentum": {"rate": 2.0}, "average": {"from": 2.0}}, "time": {"unit": "samples"},
             "learning_rate": {"gamma": 1.0, "schedule": {"hold": 3.0, "power": 1.0}}},
    "dop853": {"integrate": {"solver": "dop853"}},
    "eigenvalues, trained": {"inputs": {"spectrum": {"power": 0.6}, "bins": 4}, "student": {"train_output": 0.5}},
    "eigenvalues, saved": {"inputs": {"spectrum": {"blocks": [[0.25, 2.5], [0.75, 0.5]]}},
                           "save": ["risk", "Q_block", "M_block"]},
    "tasks": {"teacher": {"tasks": [{"start": 0, "rows": [0]}, {"start": 2.03, "rows": [1]}, {"start": 7,
                                                                                             "rows": [0]}]}},
    "drift": {"teacher": {"drift": 0.2}, "simulate": {"method": "explicit", "seeds": 2}},
    "particles": {"student": {"width": "inf"}, "integrate": {"particles": 16}, "dimension": "inf",
                  "save": ["risk", "M", "q"], "initial": {"kind": "in-teacher-span"}},
}  # fmt: skip


def run(folder, command, changes, **how):
    told = []
    reporter = Reporter(quiet=True, told=told.append)
    reporter.note = told.append
    spec = load_spec(merged(merged(SMALL, {"time": {"stop": 6.0}}), changes))
    path = default_path(spec, command, folder)
    perform(spec, command, path, reporter, jobs=1, words=["sgdode"], **how)
    return Trajectory.load(path), "\n".join(told)


def assert_same_path(one, other):
    """At the times that both have saved, of which there are some."""
    assert one.curves.keys() == other.curves.keys()
    _, mine, its = np.intersect1d(one.time, other.time, return_indices=True)
    assert len(mine) > 1
    axis = int(one.kind == "simulation")
    for name in one.curves:
        np.testing.assert_array_equal(
            np.take(one.curves[name], mine, axis), np.take(other.curves[name], its, axis), err_msg=name
        )


@pytest.mark.parametrize("command", ["simulate", "integrate"])
@pytest.mark.parametrize("case", CASES)
def test_a_longer_run_is_what_it_is_when_asked_for_at_once(case, command, tmp_path):
    if case in ("dop853", "particles") and command == "simulate":
        pytest.skip("of integrate")
    if case == "rows" and command == "integrate":
        pytest.skip("with rows beside W the equations start from zero")
    short, _ = run(tmp_path, command, CASES[case])
    longer = merged(CASES[case], {"time": {"stop": 13.3, "points": 17}})
    extended, told = run(tmp_path, command, longer)
    once, _ = run(tmp_path / "once", command, longer)
    assert "going on from" in told
    assert extended.attributes["extended_at"] == f"{short.time[-1]:.9g}"
    assert (extended.attributes["spec_hash"], extended.time[-1]) == (once.attributes["spec_hash"], once.time[-1])
    assert_same_path(extended, once)
    for name, curve in short.curves.items():  # what was there stays, and no time is lost
        first = extended.curves[name].take(range(len(short.time)), int(command == "simulate"))
        np.testing.assert_array_equal(first, curve, err_msg=name)
    np.testing.assert_array_equal(extended.time[len(short.time) :], once.time[once.time > short.time[-1]])
    for name in once.state.keys() - {"states"}:  # those at the saved times of each
        array = once.state[name]
        np.testing.assert_array_equal(extended.state[name], array, err_msg=name)


@pytest.mark.parametrize("command", ["simulate", "integrate"])
@pytest.mark.parametrize("case", ["loops", "blocks"])
def test_more_saved_times_show_the_same_path(case, command, tmp_path):
    few, _ = run(tmp_path, command, merged(CASES[case], {"time": {"points": 5}}))
    many, _ = run(tmp_path, command, merged(CASES[case], {"time": {"points": 65, "start": 0.05}}))
    assert_same_path(few, many)


def test_a_run_is_extended_again_and_again(tmp_path):
    for stop in (6.0, 7.0, 9.0):
        found, _ = run(tmp_path, "simulate", {"time": {"stop": stop}})
    once, _ = run(tmp_path / "once", "simulate", {"time": {"stop": 9.0}})
    assert_same_path(found, once)
    assert found.attributes["extended_at"] == "6, 7"


@pytest.mark.parametrize(
    "changes", [{"seed": 1}, {"learning_rate": 0.4}, {"simulate": {"seeds": 3}}, {"name": "other"}]
)
def test_another_run_is_not_gone_on_from(changes, tmp_path):
    run(tmp_path, "simulate", {})
    _, told = run(tmp_path, "simulate", merged(changes, {"time": {"stop": 9.0}}))
    assert "going on" not in told


def test_what_cannot_be_gone_on_from_is_computed_from_zero(tmp_path):
    short, _ = run(tmp_path, "integrate", {"save": ["risk"]})
    longer, told = run(tmp_path, "integrate", {"time": {"stop": 9.0}})
    assert "starting from zero" in told
    once, _ = run(tmp_path / "once", "integrate", {"time": {"stop": 9.0}})
    assert_same_path(longer, once)
    assert set(short.curves) == {"risk"}


def test_restart_starts_over(tmp_path):
    run(tmp_path, "simulate", {})
    longer, told = run(tmp_path, "simulate", {"time": {"stop": 9.0}}, restart=True)
    assert told == ""
    assert "extended_at" not in longer.attributes


def test_the_longest_of_the_shorter_is_taken(tmp_path):
    for stop in (7.0, 6.0, 12.0):
        run(tmp_path, "simulate", {"time": {"stop": stop}}, restart=True)
    spec = load_spec(merged(SMALL, {"time": {"stop": 9.0}}))
    found = earlier_run(spec, "simulate", tmp_path / "any.h5")
    assert found is not None
    assert found.run.time[-1] == pytest.approx(7.0)
    assert found.times.time[-1] == pytest.approx(9.0)


@pytest.mark.parametrize("command", ["simulate", "integrate"])
def test_a_trajectory_is_extended_in_python(command, tmp_path):
    engine = {"simulate": simulate, "integrate": integrate}[command]
    short = engine(load_spec(SMALL, {"time.stop": 1.0}))
    saved = Trajectory.load(short.save(tmp_path / "a.h5"))
    for one in (short, saved):
        longer = one.extend(2.0)
        assert longer.time[-1] > 1.9
        assert longer.spec.time.stop == 2.0
        assert longer.attributes["extended_at"]
        assert_same_path(longer, engine(load_spec(SMALL, {"time.stop": 2.0})))
    with pytest.raises(UsageError, match="give a later stop"):
        short.extend(0.5)
