"""Inputs with blocks: what is learnt in each of them, and the spectrum itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, to_hex
from matplotlib.figure import Figure

from sgdode.errors import UsageError
from sgdode.plots.curves import curve_of, draw_curve, legend_entries, mark_end
from sgdode.plots.groups import arrange
from sgdode.plots.style import hues, log_axis, log_limits, place_legend
from sgdode.plots.view import ABSCISSAE, View
from sgdode.results.alignment import learnt_by_block
from sgdode.results.trajectory import Array, Trajectory

_COLOURS = "viridis_r"


def draw_blocks(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """The cosine of each teacher with the student nearest to it in every block, the mean over teachers, against t:
    coloured by eigenvalue, large ones first to turn."""
    series = arrange(trajectories, view)
    drawn = [(one, [curve_of(part, one, view) for part in _each(one.of(learnt_by_block))]) for one in series]
    x = np.concatenate([found.x for _, curves in drawn for found in curves])
    if not len(x):
        raise UsageError("nothing to draw: no time after 0 within the limits")
    axes, entries = figure.subplots(), dict(legend_entries(series, view, None))
    every = np.concatenate([one.first.by_block["eigenvalue"] for one in series])
    norm = LogNorm(every[every > 0].min(), max(every.max(), every[every > 0].min() * 1.01))
    for one, curves in drawn:
        for c, found in zip(one.first.by_block["eigenvalue"], curves, strict=True):
            if c > 0:
                draw_curve(axes, found, one, _hex(float(norm(c))), width=0.8)
        if cross := mark_end(axes, curves[0], one):
            entries["diverged"] = cross
    axes.set(xscale="log", xlim=view.xlim or log_limits(x), xlabel=ABSCISSAE[view.x])
    axes.set(ylabel=r"cosine in a block, $M_{b}/\sqrt{Q_{b} P_{b}}$", ylim=view.ylim or (-0.05, 1.05))
    log_axis(axes.xaxis)
    bar = figure.colorbar(_scale(norm), ax=axes)
    bar.set_label("eigenvalue $c_b$")
    place_legend(axes, list(entries.values()), list(entries), view)


def draw_spectrum(figure: Figure, trajectories: Sequence[Trajectory], view: View) -> None:
    """The eigenvalues of the inputs against their place j, and the share of the teachers' field variance that lies in
    each block: one hue for each spectrum."""
    found = {_spectrum_key(run): run for run in trajectories if run.by_block}
    if not found:
        raise UsageError("nothing to draw: no file has inputs with blocks (inputs.spectrum)")
    top, bottom = figure.subplots(2, 1, sharex=True)
    lengths = []
    for run, colour in zip(found.values(), hues(len(found)), strict=True):
        d = float(run.attributes.get("dimension", np.inf))
        order = np.argsort(-run.by_block["eigenvalue"], kind="stable")
        c, fraction = run.by_block["eigenvalue"][order], run.by_block["fraction"][order]
        end = np.cumsum(fraction) * (d if np.isfinite(d) else 1.0)
        begin = np.concatenate([[0.0], end[:-1]]) + (1.0 if np.isfinite(d) else 1e-4)
        variance = np.einsum("b,brr->b", c, run.by_block["P_block"][order])
        middle, label = np.sqrt(begin * np.maximum(end, begin)), str(run.attributes.get("name", ""))
        top.hlines(c[c > 0], begin[c > 0], np.maximum(end, 1.3 * begin)[c > 0], color=colour, lw=2.0, label=label)
        bottom.plot(middle, variance / variance.sum(), "o", color=colour, ms=4)
        lengths += [*begin, *end]
    for axes in (top, bottom):
        axes.set(xscale="log", yscale="log", xlim=view.xlim or log_limits(np.array(lengths)))
        log_axis(axes.yaxis)
    log_axis(bottom.xaxis)
    top.set_ylabel("eigenvalue $c_b$")
    bottom.set(ylabel="share of the teacher", xlabel="place $j$ of the eigenvalue")
    if len(found) > 1:
        top.legend(frameon=False)


def _each(samples: Array) -> list[Array]:
    """(N,T,B) as one (N,T) for each block."""
    return [samples[..., b] for b in range(samples.shape[-1])]


def _spectrum_key(run: Trajectory) -> bytes:
    return b"".join(np.ascontiguousarray(values).tobytes() for values in run.by_block.values())


def _hex(place: float) -> str:
    return to_hex(colormaps[_COLOURS](float(place)))


def _scale(norm: LogNorm) -> ScalarMappable:
    return ScalarMappable(norm, colormaps[_COLOURS])
