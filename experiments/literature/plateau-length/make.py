"""The length of a plateau: r t = log(1/asymmetry) in the equations, ½ log N in SGD, whose noise is the asymmetry."""

import numpy as np
from gallery import COLOURS, crossing, slope

from sgdode.runs.fixed_points import fixed_points

PAPER = "Biehl, Riegler & Wöhler 1996"
TITLE = "The length of a plateau"
SOURCE = "preprint WUE-ITP-96-003, its abstract on the Connectionists list, 1 March 1996; law derived on the page"
#: The risk at which a run has left the plateau, 0.0207.
LEVEL = 0.01


def rate(page):
    """The escape rate r of the plateau, per unit of t."""
    points = fixed_points(page.spec({"time.stop": 20}), tries=0).points
    return next(one for one in points if one.name == "unspecialised").escape_rate


def length(page, asymmetry):
    """The time at which the equations leave the plateau, from M_11 and M_22 that much above M_12 and M_21."""
    spec = page.spec({"time.points": 1500, "time.stop": 250})
    M = np.array(spec.initial.M) + asymmetry * np.array([[0.5, -0.5], [-0.5, 0.5]])
    run = page.integrate(spec.replace({"initial.M": M.tolist()}))
    return crossing(run.time, run.risk, LEVEL)


def lengths(page, d, seeds):
    """The times at which runs of SGD leave it, in ``d`` dimensions."""
    run = page.simulate(page.spec({"dimension": d, "simulate.seeds": seeds}))
    return np.array([crossing(run.time, risk, LEVEL) for risk in run.risk])


def make(page):
    r = rate(page)
    starts = np.geomspace(1e-9, 1e-3, 4 if page.quick else 13)
    times = np.array([length(page, start) for start in starts])
    measured = slope(np.log(1 / starts), times)
    page.number("slope of the length against log(1/asymmetry), 1/r", 1 / r, measured, within=0.01, basis="derived")
    dims = np.array([100, 1000] if page.quick else [1000, 3000, 10000])
    runs = [lengths(page, int(d), 16 if page.quick else 64) for d in dims]
    mean = np.array([one.mean() for one in runs])
    spread = np.concatenate([one - one.mean() for one in runs]).std()
    error = spread / np.sqrt(len(runs[0]))
    tilt, tilt_error = slope(np.log(dims), mean), error / np.log(dims).std() / np.sqrt(len(dims))
    words = "slope of SGD's mean length against log N, 1/(2r)"
    page.number(words, 0.5 / r, tilt, error=tilt_error, within=0.05, basis="derived")
    words = "standard deviation of SGD's lengths, π/(2√2 r)"
    doubt = spread / np.sqrt(len(dims) * len(runs[0]))
    page.number(words, np.pi / np.sqrt(8) / r, spread, error=doubt, within=0.1, basis="derived")
    with page.figure() as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        left.semilogx(starts, times, "o", label="equations")
        left.semilogx(starts, times[0] - np.log(starts / starts[0]) / r, "--", color="0.4", label="slope −1/r")
        left.set(xlabel="asymmetry of M at the start", ylabel="t at which the plateau is left")
        left.legend()
        for d, one in zip(dims, runs, strict=True):
            right.semilogx(np.full(len(one), d), one, ".", color="0.8", markersize=3)
        right.errorbar(dims, mean, error, fmt="o", color=COLOURS[1], label="SGD from the plateau, mean")
        right.semilogx(
            dims, mean.mean() + 0.5 / r * (np.log(dims) - np.log(dims).mean()), "--", color="0.4", label="slope 1/(2r)"
        )
        right.set(xlabel="N")
        right.legend()
