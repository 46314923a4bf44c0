"""Phase retrieval from any start at a constant step: all runs converge, after d log d samples, at a linear rate."""

import numpy as np
from gallery import COLOURS, crossing

PAPER = "Tan & Vershynin 2019"
TITLE = "Phase retrieval from any start"
SOURCE = "arXiv:1910.12837 (abstract); rates derived on the page"
#: Growth of the overlap from zero, per sample and dimension, and decay of the risk at the end.
GROWTH, DECAY = 4 / np.pi - 1, 1.0
LEVEL = 0.1


def runs(page, d, starts, scale=1.0):
    """Runs of SGD, each from a random start of its own."""
    found = []
    for seed in range(starts):
        changes = {"dimension": d, "seed": seed, "initial.scale": scale}
        found.append(page.simulate(page.spec(changes)))
    return found


def make(page):
    dims, starts = ([100, 1000], 16) if page.quick else ([100, 300, 1000, 3000, 10000], 32)
    groups = [runs(page, d, starts) for d in dims]
    times = [np.array([crossing(one.time, one.risk[0], LEVEL) for one in group]) for group in groups]
    mean = np.array([one.mean() for one in times])
    error = np.array([one.std(ddof=1) / np.sqrt(starts) for one in times])
    (tilt, _), covariance = np.polyfit(np.log(dims), mean, 1, w=1 / error, cov="unscaled")
    wide = [runs(page, 1000, starts // 2, scale) for scale in (0.1, 3.0)]
    ended = [one.risk[0, -1] < 1e-3 for group in (*groups, *wide) for one in group]
    words = f"{sum(ended)} of {len(ended)} runs, at scales 0.1, 1 and 3"
    page.claim("runs that converge", "converges from arbitrary initializations", words, all(ended), basis="read")
    page.number(
        "samples to a risk of 0.1: slope of n/d against log d, 1/(2(4/π − 1))",
        0.5 / GROWTH,
        tilt,
        error=float(np.sqrt(covariance[0, 0])),
        within=0.05,
        basis="derived",
    )
    late = []
    for one in groups[-1]:
        t, risk = one.time, one.risk[0]
        part = (risk < 1e-3) & (risk > 1e-12)
        late.append(-np.polyfit(t[part], np.log(risk[part]), 1)[0] if part.sum() > 5 else np.nan)
    page.number(
        "late decay of the risk per d samples",
        DECAY,
        float(np.nanmean(late)),
        error=float(np.nanstd(late) / np.sqrt(starts)),
        within=0.05,
        basis="derived",
    )
    with page.figure() as figure:
        left, right = figure.subplots(1, 2)
        drawn = ((COLOURS[0], groups[dims.index(1000)], 1), (COLOURS[1], wide[0], 0.1), (COLOURS[6], wide[1], 3))
        for colour, group, scale in drawn:
            for i, one in enumerate(group[:8]):
                left.semilogy(
                    one.time, one.risk[0], color=colour, linewidth=0.8, label=None if i else f"|w|²/d = {scale**2:g}"
                )
        left.set(xlabel="samples / d", ylabel="risk, d = 1000", ylim=(1e-9, 20))
        left.legend()
        right.errorbar(dims, mean, error, fmt="o", color=COLOURS[1], label="SGD, mean over random starts")
        right.semilogx(
            dims,
            mean.mean() + 0.5 / GROWTH * (np.log(dims) - np.mean(np.log(dims))),
            "--",
            color="0.4",
            label="slope 1/(2(4/π − 1))",
        )
        right.set(xlabel="d", ylabel="samples / d to a risk of 0.1")
        right.legend()
