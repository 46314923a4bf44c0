"""Exit times of a spec: predicted against simulated, told, saved, drawn and refused."""

import h5py
import numpy as np
import pytest
from scipy.stats import kstest
from support.exits import phase_retrieval

from sgdode import exit_times, load_spec
from sgdode.errors import RunError, SpecError, UsageError
from sgdode.results import seal
from sgdode.runs.analysis_file import write_analysis
from sgdode.runs.exit import cut_off
from sgdode.runs.exit_file import write_exit

SPEC = phase_retrieval(1, 1, 0.05, 1000, simulate={"seeds": 200}, time={"stop": 3.2})


@pytest.fixture(scope="module")
def found():
    return exit_times(load_spec(SPEC), below=1.0, jobs=2)


def test_runs_follow_the_law(found):
    """200 seeds: a law 10 % of a deviation off would fail by KS in most cases, the right one in 1e-4 of them."""
    assert found.simulated.censored == 0
    assert found.agreement > 1e-4
    assert kstest(found.simulated.times * 1.15, lambda t: 1 - found.law.survival(t)).pvalue < 1e-4
    assert found.law.mean == pytest.approx(1.6118, rel=3e-3)


def test_the_summary_is_what_json_takes(found):
    told = found.summary()
    assert set(told["predicted"]) >= {"mean", "std", "q10", "q50", "q90"}
    assert set(told["simulated"]) >= {"mean", "std", "q10", "q50", "q90", "runs", "censored", "mean_interval"}
    assert (told["observable"], told["level"], told["plateau"]) == ("risk", 1.0, "unspecialised")
    low, high = told["simulated"]["mean_interval"]
    assert low < told["simulated"]["mean"] < high
    assert told["growth_per_decade"] == pytest.approx(np.log(10) / 5.6, rel=1e-6)


def test_the_file(found, tmp_path):
    path = found.save(tmp_path / "exit.h5")
    assert write_exit(found, tmp_path / "same.h5").stat().st_size == path.stat().st_size
    with pytest.raises(ZeroDivisionError):
        write_analysis(tmp_path / "half.h5", lambda file: 1 / 0)
    assert not (tmp_path / "half.h5").exists()
    assert seal.is_whole(path)
    with h5py.File(path) as file:
        assert file.attrs["kind"] == "exit"
        assert file.attrs["runs"] == 200
        assert file["passage_time"].shape == (200,)
        assert file["passed"][...].all()
        assert np.isfinite(file["predicted_time"]).all()


def test_what_a_short_stop_cuts_off_is_censored():
    short = exit_times(load_spec(SPEC | {"time": {"stop": 1.5}}), below=1.0, runs=60, jobs=2)
    assert 15 < short.simulated.censored < 45
    assert short.simulated.mean is None
    assert short.agreement is None
    assert "before 5" in cut_off(short)
    assert "time.stop = 2.9" in cut_off(short)


def test_prediction_alone_and_the_default_level():
    alone = exit_times(load_spec(SPEC), runs=0)
    assert alone.simulated is None
    assert alone.observable.level == pytest.approx(1.0)
    assert alone.summary()["simulated"] is None


@pytest.mark.parametrize(
    ("changes", "options", "error", "told"),
    [
        ({}, {"below": 3.0}, UsageError, "below the risk of the plateau, 2"),
        ({}, {"below": 1.0, "specialisation": 0.5}, UsageError, "give one of them"),
        ({}, {"specialisation": 1.5}, UsageError, "between 0 and 1"),
        ({}, {"runs": -1}, UsageError, "0 or more"),
        ({"learning_rate": 0.2}, {}, RunError, "not a plateau.*stable"),
        ({"dimension": "inf"}, {}, SpecError, "grows by log d"),
        ({"student": {"width": 1, "activation": "square", "train_output": 1.0}}, {}, SpecError, "train_output"),
        ({"teacher": {"width": 1, "activation": "square", "noise": 0.1}}, {"below": 1e-4}, UsageError, "not passed"),
    ],
)
def test_what_has_no_exit_is_refused(changes, options, error, told):
    with pytest.raises(error, match=told):
        exit_times(load_spec(SPEC | changes), **{"runs": 0, **options})
