"""In a notebook: shown inline, on axes of one's own, in one's own settings; curves have labels."""

import inspect
import subprocess
import sys

import matplotlib
import pytest
from matplotlib.figure import Figure
from support.pictures import bars, legend, run, sgd, solid

from sgdode.errors import OptionError
from sgdode.plots.draw import draw, plot
from sgdode.plots.picture import Picture, new_picture


def test_a_cell_shows_it():
    picture = plot([sgd(), run()])
    assert isinstance(picture, Picture)
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert new_picture((3.0, 2.0), 100, True, False).bbox.size.tolist() == [300, 200]


def test_axes_of_ones_own():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot(sgd(), run(), ax=left) is left
    handles, labels = left.get_legend_handles_labels()
    assert labels == ["ODE (full)", "SGD"]
    assert len(handles) == 2
    plot([run(d=5), run(d=50)], figure="share", ax=right, title="mine", legend="none")
    assert right.get_title() == "mine"
    assert right.get_legend() is None
    assert tuple(figure.get_size_inches()) == tuple(matplotlib.rcParams["figure.figsize"])
    with pytest.raises(OptionError, match=r"ax: overlaps has several axes; allowed for risk, share"):
        plot(run(), figure="overlaps", ax=left)
    with pytest.raises(OptionError, match="size: is that of a picture of its own"):
        plot(run(), ax=left, size=(1, 1))


def test_settings_of_the_user_hold_in_python(tmp_path):
    with matplotlib.rc_context({"font.size": 20, "axes.prop_cycle": matplotlib.cycler(color=["#ff0000", "#00ff00"])}):
        picture = plot(run())
        assert draw([run()]).axes[0].xaxis.label.get_fontsize() == 10, "not in those of the command line"
    assert picture.axes[0].xaxis.label.get_fontsize() == 20
    assert solid(picture.axes[0])[0].get_color() == "#ff0000"
    (tmp_path / "my.mplstyle").write_text("font.size: 5\nfigure.figsize: 6.75, 2.5\nlines.linewidth: 3\n")
    mine = draw([run()], style=tmp_path / "my.mplstyle")
    assert mine.axes[0].xaxis.label.get_fontsize() == 5
    assert tuple(mine.get_size_inches()) == (6.75, 2.5)
    assert solid(mine.axes[0])[0].get_linewidth() == 3
    (tmp_path / "none.mplstyle").write_text("\0 hello")
    for style, message in (("papre", r"did you mean paper\?"), (tmp_path / "none.mplstyle", "no style sheet")):
        with pytest.raises(OptionError, match=message):
            draw([run()], style=style)


def test_every_curve_has_a_label():
    axes = draw([make(d=d) for d in (5, 50) for make in (sgd, run)]).axes[0]
    labels = axes.get_legend_handles_labels()[1]
    assert set(labels) == {"$d = 5$, SGD", "$d = 50$, SGD", "$d = 5$, ODE (full)", "$d = 50$, ODE (full)"}
    overlaps = draw([run()], "overlaps").axes[0]
    assert "$M_{3,1}$, ODE (full)" in overlaps.get_legend_handles_labels()[1]


def test_labels_of_ones_own():
    runs = [make(p=p) for p in (3, 5) for make in (sgd, run)]
    assert legend(draw(runs, label="{p} neurons"))[:2] == ["3 neurons", "5 neurons"]
    own = draw([sgd(), run()], label=["mine", "theory $t^2$"])
    assert legend(own) == ["mine", "theory $t^2$"]
    assert bars(own.axes[0])[0].get_label() == "mine"
    for label, message in (
        (["a", "b"], "got 2 labels for 4 files"),
        ("{student.widht}", r"did you mean student\.width\?"),
        ("{p:zz}", "has no such format"),
        ("$\\frac$", "not readable as mathematics"),
    ):
        with pytest.raises(OptionError, match=message):
            draw(runs, label=label)


def test_a_size_is_the_size(tmp_path):
    for options in ({}, {"legend": "below"}, {"style": "paper"}):
        picture = draw([make(d=d) for d in (5, 50) for make in (sgd, run)], size=(6.75, 2.5), dpi=200, **options)
        assert tuple(picture.get_size_inches()) == (6.75, 2.5)
        assert picture.dpi == 200
    for options, message in (
        ({"size": (0, 1)}, "size: got 0"),
        ({"dpi": 1e6}, "dpi: got"),
        ({"legend": "top"}, "legend"),
    ):
        with pytest.raises(OptionError, match=message):
            draw([run()], **options)


def test_help_lists_the_options():
    names = inspect.signature(plot).parameters
    assert {"figure", "ax", "xscale", "label", "size", "xlim"} < set(names)
    assert all(names[name].annotation is not inspect.Parameter.empty for name in names)


def test_pyplot_shows_what_a_kernel_draws():
    """In a process of its own: pyplot, once imported, knows the picture; shown by a cell, it is shown once."""
    code = (
        "import sys, types; from support.pictures import run; from sgdode.plots.draw import plot\n"
        "shown = []; display = types.SimpleNamespace(display=lambda *a, **k: shown.append(a))\n"
        "shell = types.SimpleNamespace(kernel=1, events=types.SimpleNamespace(register=lambda *a: None))\n"
        "sys.modules['IPython'] = types.SimpleNamespace(get_ipython=lambda: shell, version_info=(9, 0))\n"
        "sys.modules['IPython.display'] = display\n"
        "one, other = plot(run()), plot(run())\n"
        "from matplotlib import pyplot\n"
        "assert len(pyplot.get_fignums()) == 2\n"
        "one._ipython_display_()\n"
        "assert len(pyplot.get_fignums()) == 1 and shown[0][0]['image/png'][:4] == b'\\x89PNG'\n"
    )
    there = {"PYTHONPATH": ":".join(sys.path), "MPLBACKEND": "agg"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=there)
    assert done.returncode == 0, done.stderr
