"""The late approach to perfect learning: exponential where K = M, a power law where K > M."""

import numpy as np
from gallery import slope

PAPER = "Richert, Worschech & Rosenow 2021"
TITLE = "A power law of over-realizable students"
SOURCE = "arXiv:2104.14546, abstract: power-law fashion rather than exponentially; exponent derived on the page"
EXPONENT = 2.0
STARTS = {
    1: ([[0.5]], [[0.2]]),
    2: ([[0.5, 0.1], [0.1, 0.3]], [[0.2], [0.1]]),
    3: ([[0.5, 0.1, 0.0], [0.1, 0.3, 0.05], [0.0, 0.05, 0.4]], [[0.2], [0.1], [0.05]]),
}


def curve(page, K, **changes):
    """The flow of K students."""
    Q, M = STARTS[K]
    start = {"kind": "overlaps", "Q": Q, "M": M}
    return page.integrate(page.spec({"student.width": K, "initial": start, **changes}))


def exponent(run, low, high):
    """−d log risk/d log t between two times."""
    part = (run.time > low) & (run.time < high)
    return -slope(np.log(run.time[part]), np.log(run.risk[part]))


def make(page):
    with page.figure() as figure:
        left, right = figure.subplots(1, 2)
        for K in STARTS:
            run = curve(page, K)
            late = run.risk > 1e-10  # below is rounding
            left.loglog(run.time[late][1:], run.risk[late][1:], label=f"K = {K}, M = 1")
            local = -np.gradient(np.log(run.risk[late][1:]), np.log(run.time[late][1:]))
            right.semilogx(run.time[late][1:], local, label=f"K = {K}")
            if K > 1:
                found = exponent(run, 1e3, 1e5)
                page.number(f"exponent of the risk in t, K = {K}", EXPONENT, found, within=0.05, basis="derived")
            else:
                words = f"−d log ε/d log t grows to {local.max():.0f}"
                page.claim("the approach at K = M", "exponential", words, local.max() > 10, basis="read")
        left.set(xlabel="t", ylabel="risk", ylim=(1e-11, 1))
        left.legend()
        right.axhline(EXPONENT, linestyle="--", color="0.4")
        right.set(xlabel="t", ylabel="−d log ε/d log t", ylim=(0, 8))
        right.legend()
