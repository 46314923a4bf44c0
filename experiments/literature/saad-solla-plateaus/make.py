"""The symmetric plateau of the soft committee: overlaps and risk at K = M = 2, 3, 4."""

import numpy as np

from sgdode.runs.fixed_points import fixed_points

PAPER = "Saad & Solla 1995"
TITLE = "The symmetric plateau"
SOURCE = "Phys. Rev. Lett. 74:4337, Phys. Rev. E 52:4225; derived on the page"


def law(K):
    """R*, Q* and ε* of the plateau."""
    risk = K / np.pi * (np.pi / 6 - K * np.arcsin(1 / (2 * K)))
    return 1 / np.sqrt(K * (2 * K - 1)), 1 / (2 * K - 1), risk


def width(page, K):
    """The spec with K students and teachers."""
    return page.spec({"student.width": K, "teacher.width": K})


def plateau(page, K):
    """R, Q and ε of the stationary point that is symmetric."""
    points = fixed_points(width(page, K), tries=0).points
    (point,) = [one for one in points if one.name in ("unspecialised", "collapsed") and np.ptp(one.M) < 1e-6]
    return float(point.M.mean()), float(point.Q.mean()), point.risk


def make(page):
    with page.figure() as figure:
        axes = figure.subplots()
        for K in (2, 3, 4):
            R, Q, risk = plateau(page, K)
            for what, published, measured in zip(("R*", "Q*", "ε*"), law(K), (R, Q, risk), strict=True):
                words = f"{what} of the plateau, K = {K}"
                page.number(words, published, measured, within=1e-6, basis="derived")
            run = page.integrate(width(page, K))
            (line,) = axes.loglog(run.time[1:], run.risk[1:], label=f"K = M = {K}")
            axes.axhline(law(K)[2], color=line.get_color(), linestyle="--", linewidth=0.9)
            waiting = run.risk > 0.95 * law(K)[2]
            speed = np.abs(np.gradient(np.log(run.risk[waiting]), run.time[waiting]))
            flat = int(np.argmin(speed))
            words = f"risk of the path where it is flattest, K = {K}"
            page.number(words, law(K)[2], run.risk[flat], within=0.01, basis="derived")
        axes.set(xlabel="t = αη/K", ylabel="risk", ylim=(1e-3, 0.3))
        axes.plot([], [], "--", color="0.3", linewidth=0.9, label="ε* of the paper")
        axes.legend()
