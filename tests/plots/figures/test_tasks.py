"""The risk on every task."""

import json

import numpy as np
import pytest
from matplotlib.figure import Figure
from support.pictures import legend, run, sgd

from sgdode.errors import UsageError
from sgdode.plots.draw import draw
from sgdode.plots.figures.tasks import draw_tasks
from sgdode.plots.view import View


def taught(made):
    """The same run with two tasks, the second from t = 10 on."""
    risk = made.curves["risk"]
    made.curves["task_risk"] = np.stack([risk, 2.0 * risk], axis=-1)
    tasks = [{"start": 0, "rows": [0]}, {"start": 10, "rows": [1]}]
    made.provenance["resolved"] = json.dumps({"teacher": {"width": 2, "tasks": tasks}})
    return made


def test_a_curve_for_every_task_and_a_line_at_every_switch():
    figure = draw([taught(sgd()), taught(run())], "tasks")
    (axes,) = figure.axes
    assert legend(figure)[:2] == ["task 0", "task 1"]
    switches = [line for line in axes.lines if list(line.get_xdata()) == [10.0, 10.0]]
    assert len(switches) == 1
    solid = [line for line in axes.lines if len(line.get_xdata()) > 30 and line.get_ls() == "-"]
    np.testing.assert_allclose(solid[1].get_ydata(), 2.0 * solid[0].get_ydata())
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")


def test_a_run_without_tasks_is_told_so():
    with pytest.raises(UsageError, match="no task_risk; it is saved where"):
        draw_tasks(Figure(), [run()], View())
