"""A sweep against its keys."""

import json

import numpy as np
import pytest
from support.pictures import bars, legend, run, sgd, solid

from sgdode.errors import UsageError
from sgdode.plots.draw import draw
from sgdode.plots.figures.sweep import draw_sweep, key_label, measure_of


def swept(make, p, gamma=0.5, start=0, **options):
    """A run of a sweep over p and γ; the risk ends at γ/p."""
    made = make(p=p, start=start, **options)
    settings = json.loads(made.provenance["resolved"]) | {"learning_rate": {"gamma": gamma}}
    made.provenance["resolved"] = json.dumps(settings)
    made.attributes["gamma"] = gamma
    made.curves["risk"] = made.risk * gamma / p / 0.0013
    return made


def test_lines_with_error_bars_over_seeds_and_starts():
    runs = [swept(make, p, start=start) for make in (sgd, run) for p in (2, 4, 8) for start in (0, 1, 2)]
    figure = draw(runs, "sweep", x="p")
    (axes,) = figure.axes
    assert legend(figure) == ["ODE (full), mean of 3 starts", "SGD, mean ± s.e. of 3"]
    assert axes.get_xlabel() == "student.width $p$"
    (container,) = bars(axes)
    of_starts = np.array([made.risk[:, -1].mean() for made in runs[:3]])
    x, y = (values[0] for values in (container[0].get_xdata(), container[0].get_ydata()))
    assert (x, y) == (2, pytest.approx(of_starts.mean()))
    half = np.ptp(container[2][0].get_segments()[0][:, 1]) / 2
    assert half == pytest.approx(of_starts.std(ddof=1) / 3**0.5)
    (line,) = solid(axes)
    np.testing.assert_allclose(line.get_xdata(), [2, 4, 8])
    np.testing.assert_allclose(line.get_ydata(), 0.5 / np.array([2, 4, 8]) * line.get_ydata()[0] * 4)


def test_other_keys_have_a_colour_each():
    runs = [swept(run, p, gamma) for p in (2, 4, 8) for gamma in (0.1, 0.4)]
    figure = draw(runs, "sweep", x="student.width")
    assert legend(figure) == [r"$\gamma = 0.1$, ODE (full)", r"$\gamma = 0.4$, ODE (full)"]
    own = draw(runs, "sweep", x="student.width", label="rate {gamma:.1f}")
    assert legend(own)[0] == "rate 0.1, ODE (full)"


def test_a_map_over_two_keys():
    runs = [swept(run, p, gamma) for p in (2, 4, 8) for gamma in (0.1, 0.4) if (p, gamma) != (8, 0.4)]
    figure = draw(runs, "sweep", x="p", y="gamma")
    axes, bar = figure.axes
    values = axes.collections[0].get_array().reshape(2, 3)
    assert np.ma.getmaskarray(values)[1, 2], "no file tells of it"
    assert values[0, 0] == pytest.approx(runs[0].risk[-1])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("student.width $p$", r"learning_rate.gamma $\gamma$")
    assert bar.get_ylabel().startswith("final excess risk")
    assert key_label("weight_decay") == "weight_decay"
    assert draw_sweep.__module__ == "sgdode.plots.figures.sweep"


def test_other_measures():
    made = run()
    assert measure_of("time_below:0.1").of(made.time, np.atleast_2d(made.risk))[0] == made.time_below(0.1)
    assert np.isnan(measure_of("plateau").of(made.time, np.atleast_2d(made.risk))).all()
    assert measure_of("floor").of(made.time, 0.02 + 0.5 * np.exp(-made.time[None]))[0] == pytest.approx(0.02, rel=0.01)
    many = [swept(sgd, p, seeds=12) for p in (2, 4)]
    faint = [line for line in draw(many, "sweep", x="p", of="time_below:0.5").axes[0].lines if line.get_marker() == "."]
    assert [len(line.get_xdata()) for line in faint] == [12, 12], "each of many runs is a point"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "x: the figure sweep is drawn against a key of the spec; these differ: .*student.width"),
        ({"x": "student.widht"}, r"did you mean student\.width\?"),
        ({"x": "initial.kind"}, "'gaussian' in a file, and no number"),
        ({"x": "p", "of": "final_rsk"}, r"did you mean final_risk\?"),
        ({"x": "p", "of": "time_below:0"}, "allowed: final_risk, plateau"),
        ({"x": "p", "of": "time_below:1e-9"}, "nothing to draw"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(UsageError, match=message):
        draw([swept(run, p) for p in (2, 4)], "sweep", **options)
