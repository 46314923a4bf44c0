"""Pictures as a whole: what the legend says, what is refused, sizes, and the same bytes every time."""

import numpy as np
import pytest
from matplotlib.image import imread
from support.pictures import bars, cut, knots, legend, run, sgd, solid

from sgdode.errors import FileError, UsageError
from sgdode.plots.draw import FIGURES, draw
from sgdode.plots.files import save_figure
from sgdode.plots.style import covers


def test_legend_says_what_differs_and_the_head_what_is_common():
    figure = draw([make(d=d) for d in (5, 50) for make in (sgd, run)])
    assert legend(figure) == ["$d = 5$", "$d = 50$", "SGD, mean ± s.e. of 8 runs", "ODE (full)"]
    assert figure.get_suptitle() == r"$p = 4$, $k = 2$, $\gamma = 0.5$, $\Delta = 10^{-3}$, $B = 2$"
    figure = draw([sgd(), run(), run(equations="gradient-flow")], title="Mine")
    assert legend(figure) == ["SGD, mean ± s.e. of 8 runs", "ODE (full)", "ODE (gradient-flow)"]
    assert figure.get_suptitle().startswith("Mine\n$d = 100$")
    styles = {line.get_linestyle() for line in solid(figure.axes[0])}
    assert len(styles) == 2


#: Figures of inputs with blocks and of teachers that change, which have tests of their own.
OF_STRUCTURE = ("average", "tasks", "blocks", "spectrum", "exponent")


def test_runs_without_provenance_are_told_apart_by_their_hash():
    same = draw([sgd(stored=False), run(stored=False)])
    assert len({line.get_color() for line in same.axes[0].lines}) == 1
    other = draw([sgd(stored=False), run(stored=False, start=1)])
    assert len({line.get_color() for line in other.axes[0].lines}) == 2
    assert len(set(legend(other))) == 4
    bare = run(stored=False)
    bare.attributes = {}
    assert legend(draw([bare])) == ["ODE (equations)"]


@pytest.mark.parametrize(
    ("x", "factor"), [("t", 1.0), ("step", 4 * 100 / 0.5), ("samples", 2 * 800.0), ("samples/d", 16.0)]
)
def test_abscissae(x, factor):
    line = solid(draw([run()], x=x).axes[0])[0]
    np.testing.assert_allclose(knots(line.get_xdata(), 60), run().time[1:] * factor, atol=factor / 800)


def test_average_pools_the_starts_into_one_mean():
    simulations = [sgd(start=start) for start in range(5)]
    for start, simulation in enumerate(simulations):
        simulation.curves["risk"] *= 1 + 0.1 * start
    figure = draw([*simulations, *(run(start=start) for start in range(5))], average=True)
    assert legend(figure) == ["SGD, mean ± s.e. of 5 starts", "ODE (full), mean of 5 starts"]
    (container,) = bars(figure.axes[0])
    of_starts = np.array([simulation.risk.mean(axis=0) for simulation in simulations])
    place = np.searchsorted(simulations[0].time, container[0].get_xdata())
    np.testing.assert_allclose(container[0].get_ydata(), of_starts.mean(axis=0)[place])
    segment = container[2][0].get_segments()[7]
    np.testing.assert_allclose(np.ptp(segment[:, 1]), 2 * of_starts.std(axis=0, ddof=1)[place[7]] / np.sqrt(5))
    assert len(bars(draw(simulations).axes[0])) == 5
    simulations[1].time = simulations[1].time * 1.1
    with pytest.raises(UsageError, match="different times"):
        draw(simulations, average=True)


def test_runs_are_drawn_singly():
    simulation = sgd()
    figure = draw([simulation, run()], runs=[0, 7])
    assert not bars(figure.axes[0])
    drawn = sorted(solid(figure.axes[0]), key=lambda line: line.get_linewidth())
    assert len(drawn) == 3
    np.testing.assert_allclose(drawn[1].get_ydata(), simulation.risk[7, 1:])
    assert "SGD, runs 0, 7" in legend(figure)


def test_diverged_and_short_runs():
    figure = draw([cut(sgd(), 40, "diverged"), cut(run(d=5), 2)])
    assert "diverged" in legend(figure)
    assert np.isfinite([*figure.axes[0].get_xlim(), *figure.axes[0].get_ylim()]).all()
    for name in ("risk", "overlaps"):
        alone = draw([cut(run(), 2)], name)
        assert np.isfinite([*alone.axes[0].get_xlim(), *alone.axes[0].get_ylim()]).all()
        with pytest.raises(UsageError, match="nothing to draw"):
            draw([cut(run(), 1)], name)


def test_problems_stand_side_by_side():
    figure = draw([make(d=d) for d in (5, 50) for make in (sgd, run)], "overlaps")
    assert [axes.get_title() for axes in figure.axes] == ["$d = 5$", "$d = 50$", "", ""]
    with pytest.raises(UsageError, match="5 problems"):
        draw([run(d=d) for d in (5, 6, 7, 8, 9)], "overlaps")


@pytest.mark.parametrize(("options", "style"), [({}, "paper"), ({"p": 40, "k": 3}, "screen")])
@pytest.mark.parametrize("name", [name for name in FIGURES if name not in OF_STRUCTURE])
def test_nothing_is_clipped_and_no_legend_covers_data(name, options, style):
    dimensions = (5,) if name in ("compare", "trajectories") else (5, 50)
    makers = (sgd,) if name == "cost" else (sgd, run)
    key = {"x": "dimension"} if name == "sweep" else {}
    figure = draw([make(d=d, **options) for d in dimensions for make in makers], name, style=style, **key)
    width, height = figure.bbox.size
    for box in [axes.get_tightbbox() for axes in figure.axes] + [text.get_window_extent() for text in figure.texts]:
        assert box.x0 > -1
        assert box.y0 > -1
        assert box.x1 < width + 1
        assert box.y1 < height + 1
    for axes in figure.axes:
        assert axes.get_window_extent().height > 0.15 * height
        if inside := axes.get_legend():
            assert not covers(inside.get_window_extent(), axes)
        for outside in figure.legends:
            assert not axes.get_tightbbox().overlaps(outside.get_window_extent())


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_files_are_the_same_byte_for_byte(suffix, tmp_path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    written = [save_figure(draw([sgd(), run()], style="paper"), tmp_path / f"{n}.{suffix}") for n in "ab"]
    one, other = (path.read_bytes() for path in written)
    assert one == other
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    dated = save_figure(draw([sgd(), run()], style="paper"), tmp_path / f"c.{suffix}").read_bytes()
    assert (b"1970" in dated) == (suffix != "png")
    assert len(list(tmp_path.iterdir())) == 3, "no temporary file stays"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    if suffix != "png":
        with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
            save_figure(draw([run()]), tmp_path / f"d.{suffix}")


def test_settings_of_the_user_do_not_change_the_picture(tmp_path):
    import matplotlib

    before = save_figure(draw([run()]), tmp_path / "a.png").read_bytes()
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 7, "savefig.dpi": 30}):
        assert save_figure(draw([run()]), tmp_path / "b.png").read_bytes() == before
        assert matplotlib.rcParams["font.size"] == 20


def test_sizes(tmp_path):
    assert draw([run()], style="paper").get_size_inches()[0] == 3.4
    assert imread(save_figure(draw([run()]), tmp_path / "a.png")).shape[:2] == (675, 1050)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"figure": "risks"}, r"'risks'; allowed: risk, overlaps.*; did you mean risk\?"),
        ({"x": "steps"}, r"'steps'; allowed: t, step, samples, samples/d; did you mean step\?"),
        ({"style": "papre"}, r"did you mean paper\?"),
        ({"figure": "overlaps", "students": [4]}, "students: got 4; plateau has 4 neurons, allowed: 0 to 3"),
        ({"figure": "overlaps", "teachers": [-1]}, "teachers: got -1; plateau has 2 teachers, allowed: 0 to 1"),
        ({"runs": [8]}, "runs: got 8; plateau has 8 runs, allowed: 0 to 7"),
        ({"runs": [0], "average": True}, "average: excludes runs"),
        ({"xlim": (1.0, 0.1)}, "the smaller one first"),
        ({"ylim": (0.0, 1.0)}, "must be above 0"),
        ({"xlim": (1e7, 1e8)}, "nothing to draw"),
        ({"title": r"$\frac$"}, "not readable as mathematics"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(UsageError, match=message):
        draw([sgd()], **options)


def test_refused_files(tmp_path):
    with pytest.raises(UsageError, match="no file given"):
        draw([])
    bare = run()
    del bare.curves["M"]
    with pytest.raises(UsageError, match=r"M was not saved.*add it to `save`"):
        draw([bare], "overlaps")
    bare.step = None
    with pytest.raises(UsageError, match="no SGD steps"):
        draw([bare], x="samples")
    with pytest.raises(UsageError, match=r"'\.jpg'; allowed: \.png, \.pdf, \.svg"):
        save_figure(draw([bare]), tmp_path / "a.jpg")
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot be written"):
        save_figure(draw([bare]), tmp_path / "file" / "a.png")


def test_titles_and_limits():
    figure = draw([run()], title="", xlim=(0.1, 10.0), ylim=(1e-2, 1.0))
    assert figure.get_suptitle() == ""
    assert figure.axes[0].get_xlim() == (0.1, 10.0)
    assert figure.axes[0].get_ylim() == (1e-2, 1.0)
    assert draw([run()], title="costs 5$").get_suptitle().startswith("costs 5$")
