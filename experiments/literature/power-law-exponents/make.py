"""Exponents of the learning curves of linear features with power-law spectra, of the flow and of SGD."""

import numpy as np
from gallery import slope

PAPER = "Bordelon & Pehlevan 2022"
TITLE = "Exponents of power-law spectra"
SOURCE = "Learning curves for SGD on structured features, arXiv:2106.02713; min(a − 1, 2b − 1)/b derived on the page"
CASES = ((1.2, 1.9), (1.5, 2.0), (2.0, 2.5), (1.2, 3.2))


def law(b, a, sgd):
    """The exponent of the risk in t."""
    return min(a - 1, 2 * b - 1) / b if sgd else (a - 1) / b


def curve(page, b, a, equations, **changes):
    """The risk with eigenvalues j^(−b) and shares j^(−a)."""
    laws = {"inputs.spectrum.power": b, "teacher.placement.power": a - b, "integrate.equations": equations}
    return page.integrate(page.spec({**laws, **changes}))


def exponent(run, low, high):
    """−d log risk/d log t over a range of t c₁, c₁ the largest eigenvalue."""
    t = run.time * run.by_block["eigenvalue"].max()
    part = (t > low) & (t < high)
    return -slope(np.log(t[part]), np.log(run.risk[part]))


def make(page):
    changes = {"time.points": 100} if page.quick else {}
    with page.figure() as figure:
        axes = figure.subplots()
        for b, a in CASES:
            flow = curve(page, b, a, "gradient-flow", **changes)
            words = f"exponent of gradient flow, b = {b}, a = {a}: (a − 1)/b"
            page.number(words, law(b, a, False), exponent(flow, 10, 1000), within=0.01, basis="derived")
            t = flow.time[1:] * flow.by_block["eigenvalue"].max()
            (line,) = axes.loglog(t, flow.risk[1:] / flow.risk[0], label=f"b = {b}, a = {a}")
            guide = flow.risk[np.searchsorted(t, 30) + 1] / flow.risk[0] * (t / 30) ** -law(b, a, False)
            axes.loglog(t[t > 3], guide[t > 3], "--", color=line.get_color(), linewidth=0.8)
        b, a = CASES[-1]
        noisy = curve(page, b, a, "full", **changes, **{"learning_rate.gamma": 0.5})
        words = f"exponent of SGD, b = {b}, a = {a}: (2b − 1)/b"
        page.number(words, law(b, a, True), exponent(noisy, 300, 3000), within=0.05, basis="derived")
        t = noisy.time[1:] * noisy.by_block["eigenvalue"].max()
        axes.loglog(t, noisy.risk[1:] / noisy.risk[0], "k", label=f"b = {b}, a = {a}, with the noise of SGD")
        axes.set(xlabel="t times the largest eigenvalue", ylabel="risk / risk at 0", xlim=(0.1, 1e4), ylim=(1e-8, 2))
        axes.legend(fontsize=7)
