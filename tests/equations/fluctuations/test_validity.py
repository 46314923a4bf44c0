"""Where predicted error bars are told to hold, they are within 30% of the spread of SGD; where not, none is drawn."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from support.compare_settings import setting
from support.noisy import BASE
from support.specs import merged

from sgdode import integrate, load_spec, simulate
from sgdode.equations.fluctuations.validity import LinearNoise, holds, lengths, looked_at
from sgdode.plots.draw import draw

SQUARES = {
    "dimension": 100,
    "teacher": {"width": 1, "activation": "square", "noise": 0.01},
    "student": {"width": 3, "activation": "square"},
    "learning_rate": 0.03,
    "initial": {"seed": 1},
    "time": {"start": 0.1, "stop": 5.0, "points": 20},
}
#: Of 256 runs, those that leave a plateau far later than all others: no linear noise knows them.
STRAGGLERS = 3
#: Spec, and the share of the saved times at which linear noise holds.
CASES = {
    "flat manifold": (SQUARES, (0.2, 0.7)),
    "flat manifold, no noise": (merged(SQUARES, {"teacher": {"noise": 0.0}}), (0.2, 0.7)),
    "square, k = 2": (setting(5), (0.4, 0.6)),
    "late escape": (setting(24), (0.7, 0.95)),
    "regular": (merged(BASE, {"time": {"stop": 20.0, "points": 20}}), (1.0, 1.0)),
    "regular, relu": (setting(2), (1.0, 1.0)),
}


def both(spec):
    noisy = {"integrate": {"fluctuations": True}, "simulate": {"seeds": 256}, "save": ["risk", "M", "Q"]}
    loaded = load_spec(merged(spec, noisy))
    return integrate(loaded), simulate(loaded, jobs=2)


@pytest.mark.parametrize("case", CASES)
def test_what_holds_is_the_spread_of_sgd(case):
    spec, (fewest, most) = CASES[case]
    theory, runs = both(spec)
    valid = theory.curves["risk_std_valid"][1:] > 0
    ordered = np.sort(runs.risk[:, 1:], axis=0)[:-STRAGGLERS]
    ratio = theory.curves["risk_std"][1:] / ordered.std(axis=0, ddof=1)
    off = (ratio < 1 / 1.3) | (ratio > 1.3)
    assert not (valid & off).any(), (theory.time[1:][valid & off], ratio[valid & off])
    assert fewest <= valid.mean() <= most, valid
    assert (~valid).any() == any("linear noise does not hold" in told for told in theory.warnings)


def test_after_an_escape_the_error_bars_come_back_and_no_band_is_drawn_before():
    theory, _ = both(setting(24))
    valid = theory.curves["risk_std_valid"] > 0
    first, last = np.flatnonzero(~valid)[[0, -1]]
    assert valid[:first].all()
    assert valid[last + 1 :].all()
    assert last < len(valid) - 1
    assert np.isfinite(theory.curves["risk_std"]).all()
    figure = draw([theory], "risk")
    assert isinstance(figure, Figure)
    bands = [np.concatenate([path.vertices[:, 0] for path in band.get_paths()]) for band in figure.axes[0].collections]
    drawn = np.concatenate(bands)
    assert not np.isin(theory.time[~valid], drawn).any()
    assert np.isin(theory.time[valid][1:], drawn).all()


def test_other_times_are_looked_at_where_few_are_saved():
    few = np.array([0.0, 1.0, 2.0])
    assert set(few) <= set(looked_at(few))
    assert len(looked_at(few)) > 40
    assert np.diff(looked_at(few)).min() > 0
    many = np.linspace(0, 1, 60)
    assert looked_at(many) is many


def test_the_length_of_an_overlap_is_that_of_its_weights():
    states = np.array([[4.0, 0.1, 9.0, 0.2, 0.3, 7.0, 7.0]])  # Q_00 Q_01 Q_11 M_00 M_10, and a
    np.testing.assert_allclose(lengths(states, np.array([[16.0]]), 2), [[4.0, 6.0, 9.0, 8.0, 12.0]])


@pytest.mark.parametrize("what", ["deviations", "bent", "linear", "nothing", "nan"])
def test_each_sign_of_failure_closes(what):
    times = np.linspace(0, 1, 60)
    zero, one = np.zeros(60), np.ones(60)
    found = LinearNoise(np.full((60, 1), 0.01), np.zeros((60, 1)), 1e-4 * one, zero, zero, zero)
    late = times > 0.5
    values = {"deviations": 0.3, "bent": 0.2, "linear": 0.4**2, "nothing": 0.0, "nan": np.nan}
    name = {"nothing": "bent", "nan": "linear"}.get(what, what)
    curve = getattr(found, name).copy()
    curve[late] = values[what]
    valid = holds(times, one, np.ones((60, 1)), found._replace(**{name: curve}))
    np.testing.assert_array_equal(valid, ~late | (what == "nothing"))
