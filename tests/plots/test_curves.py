"""One curve of one series."""

import numpy as np
import pytest
from support.pictures import run, sgd

from sgdode.errors import UsageError
from sgdode.plots.curves import curve, legend_entries, problem_colours, spread_phases
from sgdode.plots.groups import View, arrange, mean_and_error, moments, thinned


def test_the_mean_of_sgd_and_its_error():
    simulation, view = sgd(), View()
    (series,) = arrange([simulation], view)
    found = curve(series, view, "risk")
    np.testing.assert_array_equal(found.x, simulation.time[1:])
    np.testing.assert_allclose(found.mean, simulation.risk.mean(axis=0)[1:])
    np.testing.assert_allclose(found.error, simulation.risk.std(axis=0, ddof=1)[1:] / 8**0.5)
    assert found.runs is None
    single = curve(series, View(runs=(2, 5)), "risk")
    np.testing.assert_array_equal(single.runs, simulation.risk[[2, 5], 1:])
    with pytest.raises(UsageError, match="runs: got 8"):
        curve(series, View(runs=(8,)), "risk")


def test_the_predicted_deviation_is_the_error_of_the_equations():
    theory = run(band=True)
    (series,) = arrange([theory], View())
    np.testing.assert_allclose(curve(series, View(), "risk").error, theory.curves["risk_std"][1:])


def test_one_hue_and_one_phase_a_problem():
    series = arrange([make(d=d) for d in (5, 50) for make in (sgd, run)], View())
    assert [one.hue for one in series] == [0, 0, 1, 1]
    colours = problem_colours(series)
    assert len(set(colours)) == 2
    assert spread_phases(series) == {0: 0.0, 1: 0.5}
    assert list(legend_entries(series, View(), colours))[:2] == ["$d = 5$", "$d = 50$"]
    assert len(legend_entries(series, View(), None)) == 2


def test_thinned_points_are_even_on_a_logarithmic_axis():
    x = np.geomspace(1, 1e4, 1000)
    kept = thinned(x, 20)
    assert 15 <= len(kept) <= 20
    gaps = np.diff(np.log(x[kept]))
    assert gaps.max() / gaps.min() < 1.1
    np.testing.assert_array_equal(thinned(x[:5], 20), np.arange(5))


def test_means_and_moments():
    mean, error = mean_and_error(np.array([[1.0, 2.0], [3.0, 2.0]]))
    np.testing.assert_allclose((mean, error), [[2, 2], [1, 0]])
    assert mean_and_error(np.ones((1, 3)))[1] is None
    theory = run()
    assert moments(View(), [theory])[0] == 0.0
    assert moments(View(), [theory])[-1] == theory.time[-1]
    assert moments(View(moment=3.0), [theory]) == [3.0]
