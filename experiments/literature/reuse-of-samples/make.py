"""Samples to an overlap of ½ with a target of information exponent 3, where each is used once and twice."""

import numpy as np
from gallery import COLOURS, crossing, slope
from matplotlib.ticker import NullFormatter

PAPER = "Dandi et al. 2024"
TITLE = "Samples used twice"
SOURCE = "arXiv:2402.03220 (abstract)"
DIMENSIONS = (250, 500, 1000, 2000, 4000, 8000)
LEVEL = 0.5


def passages(page, d, repeat, **more):
    """Samples per dimension (seeds,) until |m| is ½; inf for runs that have not got there by 120."""
    run = page.simulate(page.spec({"dimension": d, "algorithm.repeat": repeat} | more))
    return np.array([crossing(run.samples, np.abs(m[:, 0, 0]), LEVEL) for m in run.M])


def make(page):
    dims = np.array(DIMENSIONS[1:4] if page.quick else DIMENSIONS)
    twice, once = ([passages(page, int(d), repeat) for d in dims] for repeat in (2, 1))
    middle = np.array([np.median(one) for one in twice])
    spread = np.array([1.25 * one[np.isfinite(one)].std() / len(one) ** 0.5 for one in twice])
    tilt = slope(np.log(dims), np.log(middle * dims))
    error = float(np.mean(spread / middle) / np.std(np.log(dims)) / len(dims) ** 0.5)
    page.number(
        "exponent of the samples in d, ℓ = 3, each used twice", 1.0, tilt, error=error, within=0.1, basis="read"
    )
    large = [one for d, one in zip(dims, once, strict=True) if d >= 1000]
    left = sum(int(np.isfinite(one).sum()) for one in large)
    runs = sum(len(one) for one in large)
    told = f"{left} of {runs} runs at d ≥ 1000 get to an overlap of ½ by 120 samples per dimension"
    page.claim("each used once", "needs of order d^(ℓ−1) samples", told, left <= 0.1 * runs, basis="read")
    with page.figure() as figure:
        axes = figure.subplots()
        for d, one, other in zip(dims, twice, once, strict=True):
            axes.plot(
                np.full(len(one), d), one, "o", color=COLOURS[0], alpha=0.4, label="twice" if d == dims[0] else ""
            )
            axes.plot(np.full(len(other), d), other, "s", color=COLOURS[1], label="once" if d == dims[0] else "")
        axes.plot(dims, middle, "-", color=COLOURS[0], label="twice, median of the runs")
        axes.axhline(120, color="0.5", linewidth=0.8, linestyle=":", label="the runs end")
        axes.set(xscale="log", xlabel="d", ylabel="samples per dimension to |m| = ½", ylim=(0, 128))
        axes.set_xticks(dims, [str(d) for d in dims])
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
