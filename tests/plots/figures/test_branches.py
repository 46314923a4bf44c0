"""The picture of branches: every one is a line, dashed where it is unstable."""

from sgdode import load_spec
from sgdode.plots.figures.branches import branches_figure
from sgdode.runs.fixed_points import fixed_points

SPEC = {
    "dimension": 1000,
    "teacher": {"width": 2, "output_weights": "width"},
    "student": {"width": 2, "output_weights": "width"},
    "learning_rate": 1.0,
    "time": {"stop": 50},
}


def test_stable_parts_are_solid():
    found = fixed_points(load_spec(SPEC), along=("learning_rate.gamma", [1.0, 2.0, 3.0]), tries=0)
    figure = branches_figure(found)
    above, below = figure.axes
    lines = [line for line in above.lines if len(line.get_xdata())]
    styles = {tuple(line.get_xdata()): line.get_linestyle() for line in lines if max(line.get_ydata()) == 0.0}
    assert styles == {(1.0, 2.0): "-", (2.0, 3.0): "--"}
    assert len(lines) == 6
    assert below.get_ylabel().startswith("escape rate")
    assert [text.get_text() for text in figure.legends[0].texts] == [
        "perfect",
        "unspecialised",
        "collapsed",
        "unstable",
    ]
