"""What runs go on from: the end of a shorter run, and nothing that is not one."""

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import Trajectory, load_spec, simulate
from sgdode.model.clock import Grid, joined
from sgdode.reporting import Reporter
from sgdode.results.checkpoint import Keeper
from sgdode.runs.file_size import saved_times
from sgdode.simulation.kept import end_state

LONGER = load_spec(merged(SMALL, {"time": {"stop": 2.0}}))


@pytest.fixture(scope="module")
def ended():
    return simulate(load_spec(SMALL))


def gone_on(earlier, tmp_path):
    told = []
    reporter = Reporter(quiet=True)
    reporter.note = told.append
    keeper = Keeper(tmp_path / "r.h5", "0123456789ab", lambda run: None, reporter, earlier=(tmp_path / "e.h5", earlier))
    times = joined(Grid(earlier.time, earlier.step), saved_times(LONGER))
    return simulate(LONGER, keeper=keeper, times=times), "".join(told)


def other(run, **changes):
    """A copy with another state."""
    return Trajectory(**{**vars(run), "state": {**run.state, **changes}})


def test_a_state_fits_the_curves_of_its_file(ended):
    assert (ended.step[-1] - ended.state["step"] < 16).all()
    assert not (ended.state["step"] % 16).any()


@pytest.mark.parametrize(
    "changes",
    [
        {"step": np.array([0, 0])},
        {"step": np.array([1e9, 1e9])},
        {"step": np.array([590, 590])},
        {"W": np.zeros((2, 1, 3))},
        {"m": np.array([99, 99])},
        {"rng": np.zeros((2, 4), int)},
    ],
)
def test_a_state_of_something_else_is_not_gone_on_from(changes, ended, tmp_path):
    whole, told = gone_on(other(ended, **changes), tmp_path)
    assert told == "starting from zero"
    good, told = gone_on(ended, tmp_path)
    assert told.startswith("going on from")
    for name, curve in whole.curves.items():
        np.testing.assert_array_equal(good.curves[name], curve)


def test_a_large_state_is_not_kept(ended):
    class Run:
        diverged = False

        class state:  # noqa: N801
            rng, step, m = np.random.Generator(np.random.SFC64(0)), 0, 0
            W, beside, a = np.zeros((400, 400)), np.zeros((0, 0)), np.zeros(400)

    assert end_state([Run], {"risk": np.zeros(100)}) == {}
    assert end_state([Run], {"risk": np.zeros(1_000_000)}) != {}
